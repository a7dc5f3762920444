// `./run bench --trace`: what ten minutes of ordinary use of a panel cost in bytes (trace.txt), sender by sender, and how true the picture
// was meanwhile. The same taps at the same times for all; the panel's simulation has the same seed.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPpm } from '../rig/image.mjs';
import { program } from '../rig/paths.mjs';
import { Process, clock, sleep } from '../rig/process.mjs';
import { psnr } from './contents.mjs';
import { Stage } from './stage.mjs';
import { known, median, quantile } from './stats.mjs';

const SIZE = { width: 1280, height: 720 }, SEED = 7, TRIES = 5;
const number = (value, digits = 0) => (typeof value === 'number' ? value.toFixed(digits) : '-');

// {places: {name: [x, y]}, steps: [{at (s), what}]}, the steps of the first minutes. Pure.
export function readTrace(text, minutes = 10) {
  const places = {}, steps = [];
  for (const line of text.split('\n').filter((one) => one && !one.startsWith('#'))) {
    const [first, name, x, y] = line.split(/\s+/);
    if (first === 'place') places[name] = [Number(x), Number(y)];
    else if (Number(first) < minutes * 60) steps.push({ at: Number(first), what: name });
  }
  const lost = steps.find(({ what }, i) => (what !== 'look' && !places[what]) || (i && steps[i].at < steps[i - 1].at));
  if (lost) throw new Error(`trace: ${lost.at} ${lost.what} is at no known place, or out of order`);
  return { places, steps };
}
export const recorded = (minutes) => readTrace(readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'trace.txt'), 'utf8'), minutes);

// What the page shows against what is on the screen, dB: at a moment before and after which the screen is the same.
async function look(stage) {
  const { screen, directory } = stage, shot = async (name) => readPpm(await screen.shot(join(directory, name)));
  await screen.move(SIZE.width - 1, SIZE.height - 1); // the pointer is in no screenshot,
  await sleep(1000); // and where it was is shown late while nothing else changes
  for (let tries = 0; tries < TRIES; tries++) {
    const before = await shot('before.ppm');
    await sleep(300);
    await stage.glimpse(1);
    const after = await shot('after.ppm'), [picture] = await stage.pictures();
    if (before.rgb.equals(after.rgb)) return psnr(after, picture);
  }
  return undefined;
}

async function play(stage, { places, steps }, minutes) {
  await stage.painter.stop(); // its window lies over all
  const window = ['--windowed', '--width', SIZE.width, '--height', SIZE.height, '--seed', SEED], found = [];
  const measured = await stage.over(async () => {
    const began = clock(), panel = stage.rig.own(new Process('oriel-panel', program('oriel-panel'), ['--socket', join(stage.directory, 'nobody.sock'), ...window], { env: stage.screen.env, log: stage.rig.path('panel.log') }));
    const until = (seconds) => sleep(Math.max(0, began + seconds * 1000 - clock()));
    for (const { at, what } of steps) {
      await until(at);
      if (panel.ended) throw new Error(`the panel ended (${panel.how()})`);
      if (what === 'look') found.push(await look(stage));
      else await stage.screen.click(...places[what]);
    }
    await until(minutes * 60);
    await panel.stop();
  });
  return { ...measured, looked: known(found).length, psnr: median(found), least: quantile(found, 0) };
}

// [{name, title, note, …figures or why}].
export async function measureTrace({ senders, minutes }, { browser, server }) {
  const trace = recorded(minutes), results = [];
  for (const name of senders) {
    const { default: sender } = await import(`./senders/${name}.mjs`), row = { name, title: sender.title, note: sender.note };
    process.stderr.write(`${name}: ${minutes} minutes\n`);
    let stage;
    try {
      stage = await Stage.open(sender, { browser, server, ...SIZE });
      Object.assign(row, await stage.measure({ run: (of) => play(of, trace, minutes) }));
    } catch (error) { row.why = error.message.split('\n')[0]; }
    for (const problem of await stage?.close() ?? []) process.stderr.write(`  ${problem}\n`);
    results.push(row);
  }
  return { minutes, taps: trace.steps.filter(({ what }) => what !== 'look').length, senders: results };
}

// The table, as report.mjs prints them. Pure.
export function traceTables({ minutes, taps, senders }) {
  const alone = senders.find(({ name }) => name === 'oriel-vp8')?.bytes;
  return [{
    title: `${minutes} minutes of use of the demo panel`, about: `${taps} taps${minutes < 10 ? `; the whole trace has ten minutes, these are the first ${minutes}` : ''}`,
    head: ['', 'MB', 'video', 'repeats', 'tiles', 'of VP8 alone', 'kbit/s', 'dB', 'least dB', 'CPU of a core'],
    rows: senders.map(({ title, why, bytes, parts = {}, kbit, psnr: db, least, cpu }) => [title, ...(why ? [{ why }] : [
      number(bytes / 1e6, 2), ...['video', 'repeats', 'tiles'].map((part) => (part in parts ? number(parts[part] / 1e6, 2) : '-')), alone ? `${number(bytes / alone * 100)} %` : '-', number(kbit, 1), number(db, 1), number(least, 1), `${number(cpu, 1)} %`,
    ])]),
  }];
}
export const TRACE_EXPLAINED = [
  ['video, repeats, tiles', 'MB of them: RTP packets of the video, those that were sent again (also as a probe\'s padding), the exact layer\'s channel; the rest is heads, encryption, feedback'],
  ['dB', 'what the page shows against what is on the screen, at moments at which nothing had changed for 0.3 s or more; 99 dB is exact'],
];
