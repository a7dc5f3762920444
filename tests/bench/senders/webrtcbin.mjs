// What one writes with GStreamer's webrtcbin in an afternoon: webrtcbin.c.
import { program } from '../../rig/paths.mjs';
import { Process } from '../../rig/process.mjs';

// A program without rate control has to be given its rate: enough for text at this size.
const kbits = ({ width, height }) => Math.round(4000 * Math.sqrt(width * height / (1280 * 720)));

export default {
  name: 'webrtcbin', title: 'plain webrtcbin', from: 'starting the program',
  note: 'ximagesrc, vp8enc (realtime, CBR of 4 Mbit/s at 720p), webrtcbin',

  async start({ rig, screen, receiver, topology }) {
    const started = performance.timeOrigin + performance.now();
    const process = rig.own(new Process('webrtcbin', program('tests/bench/senders/bench-webrtcbin'), [kbits(screen)], { env: screen.env, wrap: topology?.device.wrap, stdin: true, log: rig.path('webrtcbin.log') }));
    const { text } = await process.line(/^offer /);
    await receiver.page.evaluate(() => window.bench.video());
    await receiver.certificate();
    const answer = await receiver.answer(Buffer.from(text.slice(6), 'base64').toString());
    process.write(`answer ${Buffer.from(answer).toString('base64')}`);
    let next = 0;
    receiver.pump = setInterval(async () => {
      try {
        for (; next < process.lines.length; next++) {
          const [, mline, candidate] = /^candidate (\d+) (.*)$/.exec(process.lines[next].text) ?? [];
          if (candidate) receiver.add(candidate, Number(mline));
        }
        for (const { candidate, mline } of await receiver.page.evaluate(() => window.rig.take())) if (candidate) process.write(`candidate ${mline} ${candidate}`);
      } catch { /* the page is gone: the bench says so */ }
    }, 20);
    return { started, pids: () => [process.pid], stop: () => receiver.close() };
  },
};
