// TigerVNC's Xtigervnc, with noVNC in the receiver. It is an X server itself: it draws and sends in one process, and what
// others leave to Xvfb is in its figures.
import { Screen } from '../../rig/xscreen.mjs';
import { freePort, viewed } from '../novnc.mjs';

class VncScreen extends Screen {
  static async start(directory, { width, height, topology }) {
    const screen = new VncScreen(), address = topology?.device.address;
    Object.assign(screen, { port: await freePort(), address, wrap: topology?.device.wrap });
    await screen.launch(directory, 'Xtigervnc', ['-geometry', `${width}x${height}`, '-depth', '24', '-rfbport', screen.port, ...(address ? ['-interface', address] : ['-interface', '127.0.0.1', '-localhost']), '-SecurityTypes', 'None', '-AlwaysShared']);
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
    const { port, address, process } = stage.screen;
    return viewed(stage, { port, address, process, started: performance.timeOrigin + performance.now(), delay });
  },
};
