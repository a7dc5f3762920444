// The same senders over an emulated link (rig/link): what its qualities are, and what is measured of each. `up` is what leaves the
// sender. Delays are those of one direction, and the other has the same.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { clock, sleep } from '../rig/process.mjs';
import { ADDRESS } from '../rig/topology.mjs';
import { clockContent, draw, flipContent } from './contents.mjs';
import { Stage } from './stage.mjs';
import { capacity, dip, quantile, use } from './stats.mjs';

const wall = () => performance.timeOrigin + performance.now();
const toClock = (ms) => ms - wall() + clock();
// A router's queue is so many bytes, whatever the rate is now: 200 ms of the rate that the link is known for.
const link = (rate, delay, { queue = 200, down = {}, ...more } = {}) => ({ up: { rate, delay, bytes: Math.max(15000, Math.round(rate * queue / 8000)), ...more }, down: { delay, ...down } });

// What the link itself says of that time: its use in percent (of the bits that it could carry), the longest wait in its queue, and by how much it
// gave on a packet later than it should have (ms), because the machine was busy.
async function ofLink(where, { from, to, bits }) {
  const steps = await where.history('up', toClock(from), toClock(to));
  return { ...(bits ? { use: use(steps, bits) } : {}), queue: steps.reduce((most, { waited }) => Math.max(most, waited), 0), late: quantile(steps.map((step) => step.late), 0.95) };
}

// Something that moves, while the link stays as it is.
const steady = (kind, options) => async (stage, where, { up: { rate } }, times) => {
  const { from, to, ...figures } = await clockContent(kind, options)(stage, times);
  return { ...figures, ...await ofLink(where, { from, to, bits: rate * (to - from) / 1000 }) };
};

// ... while it has an eighth of its rate for ten seconds.
const dips = (kind) => async (stage, where, { up: { rate } }, { settle, before, after }) => {
  await stage.painter.command(`clock ${kind}`);
  await sleep(settle * 1000);
  await stage.take();
  const from = wall();
  await sleep(before * 1000);
  const at = wall();
  await where.set({ up: { rate: rate / 8 } });
  await sleep(10000);
  await where.set({ up: { rate } });
  const back = wall();
  await sleep(after * 1000);
  const to = wall();
  return { ...dip(await stage.take(), { from, at, back, to }), looked: after, ...await ofLink(where, { from: at, to: back }) };
};

const FLIPS = [500, 2500], SLOW_FLIPS = [500, 1000, 1500, 2000, 3000, 4000, 6000, 8000, 12000, 20000];
const flips = ({ after = FLIPS, ...options } = {}) => async (stage, where, settings, { flips: count, settle }) => {
  await stage.painter.command(`picture 1 ${join(stage.directory, 'rest.ppm')}`);
  await sleep(settle * 1000);
  const from = wall(), figures = await flipContent({ after, ...options })(stage, { flips: count });
  return { ...figures, ...await ofLink(where, { from, to: wall() }) };
};

const narrow = link(1e5, 120, { loss: 0.01, queue: 1000, down: { loss: 0.01 } });

// The measured rows. `fresh`: with a session of its own in any case, since a sender remembers for long what a link was; others may go on with the
// session of the row before, which was on no worse link.
export const ROWS = [
  { name: 'dip-scroll', title: '4 → 0.5 Mbit/s for 10 s, 20 ms: scrolling text', kind: 'dip', link: link(4e6, 20), run: dips('scroll') },
  { name: 'dip-video', title: '4 → 0.5 Mbit/s for 10 s, 20 ms: video', kind: 'dip', fresh: true, link: link(4e6, 20), run: dips('video') },
  { name: '3M-loss', title: '3 Mbit/s, 40 ms, 5 % loss: scrolling text', kind: 'steady', fresh: true, link: link(3e6, 40, { loss: 0.05, down: { loss: 0.05 } }), run: steady('scroll') },
  { name: '2M-scroll', title: '2 Mbit/s, 20 ms: scrolling text', kind: 'steady', fresh: true, link: link(2e6, 20), run: steady('scroll') },
  { name: '2M-video', title: '2 Mbit/s, 20 ms: video', kind: 'steady', link: link(2e6, 20), run: steady('video') },
  { name: '1M-flip', title: '1 Mbit/s, 20 ms: text page flips', kind: 'flip', link: link(1e6, 20), run: flips() },
  { name: '1M-seen', title: '1 Mbit/s, 20 ms: flips to pages seen before', kind: 'flip', link: link(1e6, 20), run: flips({ seen: true }) },
  { name: '300k', title: '300 kbit/s, 100 ms, 2 % loss: scrolling text', kind: 'steady', fresh: true, link: link(3e5, 100, { loss: 0.02, down: { loss: 0.02 } }), run: steady('scroll') },
  { name: '100k-video', title: '100 kbit/s, 120 ms, 1 % loss: video', kind: 'steady', fresh: true, link: narrow, run: steady('video') },
  { name: '100k-flip', title: '100 kbit/s, 120 ms, 1 % loss: text page flips', kind: 'slow-flip', fresh: true, link: narrow, run: flips({ after: SLOW_FLIPS }) },
  { name: '100k-still', title: '100 kbit/s, 120 ms, 1 % loss: a picture of text, gauges and a gradient that stands', kind: 'slow-flip', link: narrow, run: flips({ after: SLOW_FLIPS, to: draw.picture }) },
];

// Again and again while it is looked at: [[ms, change] …] every so many ms.
const every = (ms, changes) => (seconds) => Array.from({ length: Math.ceil(seconds * 1000 / ms) }, (_, i) => changes.map(([at, change]) => [i * ms + at, change])).flat();
const held = (ms) => [[0, { both: { hold: true } }], [ms, { both: { hold: false } }]];
const rates = (...list) => list.map((rate, i) => [i * 1000, { up: { rate } }]);

// The most that Oriel sends as it is configured ([media] bitrate), which is a faster link than most: more is not asked of any.
const ENOUGH = 4e6;

// Links as they are met; under scrolling text, and under what fills any link. The worst come last.
export const PROFILES = [
  { name: 'fibre', title: 'Fibre: 50 Mbit/s, 5 ms', link: link(50e6, 5) },
  { name: 'office', title: 'Office Wi-Fi: 20 Mbit/s, 6 ms ± 6', link: link(20e6, 3, { jitter: 6 }) },
  { name: 'interference', title: 'Wi-Fi with interference: 10 Mbit/s, bursts of 8 lost, 1 %', link: link(10e6, 8, { jitter: 15, burst: { share: 0.01, length: 8 } }) },
  { name: 'corner', title: 'Wi-Fi in a far corner: 3 Mbit/s, 2 % and bursts of 10, 3 %', link: link(3e6, 12, { jitter: 30, loss: 0.02, burst: { share: 0.03, length: 10 }, down: { loss: 0.02 } }) },
  { name: 'scans', title: 'Wi-Fi that scans: held 120 ms each second', link: link(10e6, 8), script: every(1000, held(120)) },
  { name: 'roaming', title: 'Wi-Fi roaming: held 400 ms every 2.5 s', link: link(10e6, 8, { loss: 0.005 }), script: every(2500, held(400)) },
  { name: 'cable', title: 'Cable: 8 Mbit/s, 12 ms, queue of 500 ms', link: link(8e6, 12, { queue: 500 }) },
  { name: 'dsl', title: 'DSL upstream: 5 Mbit/s, 15 ms', link: link(5e6, 15) },
  { name: 'lte', title: 'LTE: 10 Mbit/s, 35 ms ± 15', link: link(10e6, 35, { jitter: 15 }) },
  { name: 'weak-lte', title: 'Weak LTE: 2 Mbit/s, 50 ms ± 40, 0.5 %', link: link(2e6, 50, { jitter: 40, loss: 0.005 }) },
  { name: 'handover', title: 'LTE handover: held 300 ms, then a third of the rate', link: link(9e6, 40), script: every(3000, [...held(300), [300, { up: { rate: 3e6 } }], [1800, { up: { rate: 9e6 } }]]) },
  { name: 'low-satellites', title: 'Low satellites: 15 Mbit/s, 25 ms, held 60 ms every 2 s', link: link(15e6, 25, { loss: 0.003 }), script: every(2000, [...held(60), [60, { both: { delay: 35 } }], [1000, { both: { delay: 25 } }]]) },
  { name: 'several', title: 'Several ways: 5 Mbit/s, 30 ms, 3 % come 15 ms late', link: link(5e6, 30, { reorder: 0.03, late: 15 }) },
  { fresh: true, name: 'edge-of-cell', title: 'LTE at the edge of a cell: 3, 1, 0.6, 2 Mbit/s by turns', link: link(3e6, 50, { jitter: 20 }), script: every(4000, rates(1e6, 6e5, 2e6, 3e6)) },
  { fresh: true, name: 'continent', title: 'Another continent: 10 Mbit/s, 120 ms, 1 %', link: link(10e6, 120, { loss: 0.01 }) },
  { fresh: true, name: 'satellite', title: 'Geostationary satellite: 4 Mbit/s, 300 ms, 0.5 %', link: link(4e6, 300, { loss: 0.005 }) },
  { fresh: true, name: 'old-dsl', title: 'Old DSL upstream: 1 Mbit/s, 25 ms, queue of 1 s', link: link(1e6, 25, { queue: 1000 }) },
  { fresh: true, name: '3g', title: '3G: 700 kbit/s, 120 ms ± 60, queue of 1.5 s', link: link(7e5, 120, { jitter: 60, queue: 1500 }) },
  { fresh: true, name: 'crowded', title: 'A crowded cell: 150 kbit/s, 120 ms ± 40, 1 %', link: link(1.5e5, 120, { jitter: 40, loss: 0.01, queue: 1000 }) },
  { fresh: true, name: 'used-up', title: 'Mobile data used up: 64 kbit/s, 100 ms, 1 %', link: link(6.4e4, 100, { loss: 0.01, queue: 1500 }) },
  { fresh: true, name: 'edge', title: 'EDGE: 180 kbit/s, 300 ms', link: link(1.8e5, 300, { queue: 1000 }) },
  { fresh: true, name: 'loose', title: 'Loose contact: 8 Mbit/s, cut 300 ms every 3 s', link: link(8e6, 15), script: every(3000, [[500, { both: { cut: true } }], [800, { both: { cut: false } }]]) },
];

// One row of one sender: the link as the row wants it.
export async function measureRow(stage, where, row, times) {
  await where.reset(row.link);
  return stage.measure({ run: (of) => row.run(of, where, row.link, times) }, times);
}

// One content over one profile, with what the link itself says.
async function over(stage, where, { link: settings, script }, kind, { settle, seconds }) {
  await where.reset(settings);
  await stage.painter.command(`clock ${kind}`);
  await sleep(settle * 1000);
  const changes = script?.(seconds) ?? [], began = wall();
  if (script) await where.script(changes);
  const { from, to, ...figures } = await clockContent(kind, { look: false })(stage, { seconds, settle: 0 });
  return { ...figures, ...await ofLink(where, { from, to, bits: capacity(settings.up, changes, from - began, to - began, ENOUGH) }) };
}

// {p50, fps, gap, … of scrolling text; use, fullFps, fullQueue: where there was more to send than the link takes} over one profile.
export async function measureProfile(stage, where, profile, times) {
  return stage.measure({ run: async (of) => {
    const figures = await over(of, where, profile, 'scroll', times), full = await over(of, where, profile, 'noise', times);
    return { ...figures, use: full.use, fullFps: full.fps, fullGap: full.gap, fullQueue: full.queue, late: Math.max(figures.late, full.late) };
  } });
}

// ---- more than one on a link ----

// Two sessions of one sender, the second later than the first: {first, second (kbit/s), share (the smaller of the larger, %), use}.
export async function measureTwo(sender, options, where, times) {
  const settings = link(3e6, 20), stages = [];
  await where.reset(settings);
  try {
    for (const nth of [0, 1]) {
      stages.push(await Stage.open(sender, { ...options, width: 640, height: 400, nth }));
      await stages[nth].painter.command('clock noise'); // each alone would fill the link
      await sleep(times.settle * 1000);
    }
    const from = wall(), both = await Promise.all(stages.map((stage) => stage.over(() => sleep(times.seconds * 2000)))), to = wall();
    const [first, second] = both.map(({ kbit }) => kbit);
    return { first, second, share: Math.min(first, second) / Math.max(first, second) * 100, ...await ofLink(where, { from, to, bits: settings.up.rate * (to - from) / 1000 }) };
  } catch (error) {
    return { why: error.message.split('\n')[0] };
  } finally {
    for (const stage of stages.reverse()) await stage.close();
  }
}

// A TCP connection that sends all it can the same way: {tcp (kbit/s), and all of a steady row}.
export async function measureBeside(sender, options, where, times) {
  const settings = link(4e6, 20);
  await where.reset(settings);
  let stage, download;
  try {
    stage = await Stage.open(sender, { ...options, width: 1280, height: 720 });
    download = await Download.start(stage.topology);
    const beside = { run: async (of) => {
      await stage.painter.command('clock video');
      await sleep(times.settle * 1000);
      const before = download.bytes, began = wall();
      const figures = await steady('video')(of, where, settings, { ...times, settle: 0, seconds: times.seconds * 2 });
      return { ...figures, tcp: (download.bytes - before) * 8 / (wall() - began) };
    } };
    return await stage.measure(beside);
  } catch (error) {
    return { why: error.message.split('\n')[0] };
  } finally {
    await download?.stop();
    await stage?.close();
  }
}

class Download {
  static async start(topology) {
    const download = new Download();
    download.bytes = 0;
    download.server = createServer((socket) => socket.on('data', (data) => { download.bytes += data.length; }).on('error', () => {})).listen(0, ADDRESS.agent);
    await once(download.server, 'listening');
    download.sender = topology.device.start('bulk', process.execPath, [join(fileURLToPath(import.meta.url), '../bulk.mjs'), ADDRESS.agent, download.server.address().port]);
    return download;
  }
  async stop() {
    await this.sender.stop({ signal: 'SIGKILL' });
    this.server.close();
  }
}
