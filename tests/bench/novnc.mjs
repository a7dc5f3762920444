// A VNC server of any kind, seen by noVNC with its defaults: the WebSocket proxy between the two (bridge.mjs), a process of
// its own that is counted apart, because it may run anywhere.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Process, freePort, listens, until } from '../rig/process.mjs';

const here = dirname(fileURLToPath(import.meta.url));
export { freePort };

// Options: port (of the server), address (where it is, if not on loopback), process (the server: its pids are the sender's), started, delay (ms that the bridge adds).
export async function viewed({ rig, receiver }, { port, address = '127.0.0.1', process, started, delay = 0 }) {
  await until(() => `${process.name} on port ${port}; it said:\n${process.tail()}`, () => {
    if (process.ended) throw new Error(`${process.name} ended (${process.how()}): ${process.tail(1).trim()}`);
    return listens(port, address);
  });
  const bridge = rig.own(new Process('bridge', globalThis.process.execPath, [join(here, 'bridge.mjs'), port, delay, address], { log: rig.path('bridge.log') }));
  const { text } = await bridge.line(/^ws:/);
  await receiver.page.evaluate((url) => window.bench.novnc(url), text);
  return {
    started,
    pids: () => [process.pid],
    proxy: () => [bridge.pid],
    stop: () => receiver.page.evaluate(() => { window.bench.rfb.disconnect(); }),
  };
}
