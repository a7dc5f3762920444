// TigerVNC's Xtigervnc, with noVNC in the receiver. It is an X server itself: it draws and sends in one process, and what
// others leave to Xvfb is in its figures.
import { Screen } from '../../rig/xscreen.mjs';
import { freePort, viewed } from '../novnc.mjs';

class VncScreen extends Screen {
  static async start(directory, { width, height }) {
    const screen = new VncScreen();
    screen.port = await freePort();
    await screen.launch(directory, 'Xtigervnc', ['-geometry', `${width}x${height}`, '-depth', '24', '-rfbport', screen.port, '-interface', '127.0.0.1', '-localhost', '-SecurityTypes', 'None', '-AlwaysShared']);
    Object.assign(screen, { width, height });
    await screen.pointer();
    return screen;
  }
}

export default {
  name: 'tigervnc', delays: true, title: 'TigerVNC + noVNC', from: 'connecting (the server was up)',
  note: 'Xtigervnc, which is the X server as well; without the WebSocket proxy',

  screen: async (rig, size) => rig.own(await VncScreen.start(rig.folder('screen'), size)),

  async start(stage, { delay } = {}) {
    const { port, process } = stage.screen;
    return viewed(stage, { port, process, started: performance.timeOrigin + performance.now(), delay });
  },
};
