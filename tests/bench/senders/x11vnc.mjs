// x11vnc on the screen, with noVNC in the receiver.
import { Process } from '../../rig/process.mjs';
import { freePort, viewed } from '../novnc.mjs';

export default {
  name: 'x11vnc', delays: true, title: 'x11vnc + noVNC', from: 'starting the server',
  note: 'x11vnc looking every 10 ms; without the WebSocket proxy',

  async start(stage, { delay } = {}) {
    const { rig, screen, topology } = stage, port = await freePort(), address = topology?.device.address;
    const started = performance.timeOrigin + performance.now();
    const process = rig.own(new Process('x11vnc', 'x11vnc', ['-display', screen.display, '-auth', screen.authority, '-rfbport', port, ...(address ? ['-listen', address] : ['-localhost']), '-no6', '-noipv6',
      '-nopw', '-forever', '-shared', '-norc', '-quiet', '-wait', '10', '-defer', '10'], { env: screen.env, wrap: topology?.device.wrap, log: rig.path('x11vnc.log') }));
    return viewed(stage, { port, address, process, started, delay });
  },
};
