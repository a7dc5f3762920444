// TigerVNC's x0vncserver, which sends the screen of another X server; with noVNC in the receiver.
import { Process } from '../../rig/process.mjs';
import { freePort, viewed } from '../novnc.mjs';

export default {
  name: 'x0vncserver', delays: true, title: 'x0vncserver + noVNC', from: 'starting the server',
  note: 'x0tigervncserver with its defaults; without the WebSocket proxy',

  async start(stage, { delay } = {}) {
    const { rig, screen, topology } = stage, port = await freePort(), address = topology?.device.address;
    const started = performance.timeOrigin + performance.now();
    const process = rig.own(new Process('x0tigervncserver', 'x0tigervncserver', ['-display', screen.display, '-rfbport', port, ...(address ? ['-interface', address] : ['-interface', '127.0.0.1', '-localhost']), '-SecurityTypes', 'None', '-AlwaysShared'], { env: screen.env, wrap: topology?.device.wrap, log: rig.path('x0vncserver.log') }));
    return viewed(stage, { port, address, process, started, delay });
  },
};
