// What is on the screen while a sender is measured, one entry a content, in this order. Each is measured by `run`, which is
// given a stage (stage.mjs) and gives back figures; who sends makes no difference to it.
import { join } from 'node:path';
import { psnr as compare, readPpm, ssim } from '../rig/image.mjs';
import { program } from '../rig/paths.mjs';
import { Process, sleep, until } from '../rig/process.mjs';
import { columns, decode, ROW } from './barcode.mjs';
import { CORNER, hash } from './pixels.mjs';
import { exactAfter, median, motion } from './stats.mjs';

export const AFTER_FLIP = [250, 500, 1000, 2500]; // ms
export const EXACT = 99; // dB, in place of infinity: the same pixels
const GLIMPSES = 3;

// dB, without the corner where the pointer stands.
export function psnr(truth, picture) {
  const { width, height } = truth, rgb = Buffer.from(picture.rgb);
  for (let y = height - CORNER; y < height; y++) truth.rgb.copy(rgb, (y * width + width - CORNER) * 3, (y * width + width - CORNER) * 3, (y + 1) * width * 3);
  return Math.min(EXACT, compare(truth, { width, height, rgb }));
}

// What the page shows of something that moves, beside the picture whose time is in it: dB, the median.
async function moving(stage) {
  await stage.glimpse(GLIMPSES, 230);
  const file = join(stage.directory, 'moving.ppm'), all = [];
  for (const picture of await stage.pictures()) {
    const code = decode(columns(picture.width).map((x) => picture.rgb[(ROW * picture.width + x) * 3]));
    if (code !== null && await stage.painter.command(`again ${code} ${file}`) !== 'gone') all.push(psnr(readPpm(file), picture));
  }
  return median(all);
}

// A clock of the painter, over `seconds`, after `settle`; `look`: afterwards, how true the picture is.
export const clockContent = (kind, { look = kind !== 'once' } = {}) => async (stage, { seconds, settle }) => {
  await stage.painter.command(`clock ${kind}`);
  await sleep(settle * 1000);
  await stage.take();
  let before, after;
  const { from, to, ...sums } = await stage.over(async () => {
    before = await stage.painter.command('painted');
    await sleep(seconds * 1000);
    after = await stage.painter.command('painted');
  });
  const figures = { ...motion(await stage.take(), from, to), ...sums, from, to, painted: (after - before) / (to - from) * 1000 };
  return look ? { ...figures, moving: await moving(stage) } : figures;
};

async function rest(stage, { seconds, settle }) {
  await stage.painter.command(`picture 1 ${join(stage.directory, 'rest.ppm')}`);
  await sleep(Math.max(settle, 4) * 1000); // until a picture has become as sharp as it will
  const { from, to, ...sums } = await stage.over(() => sleep(seconds * 1000));
  return sums;
}

// A page of dense text; or the known picture, of text, gauges and a gradient. The code that is shown with it.
export const draw = {
  text: async ({ painter }, page) => Number(await painter.command(`flip ${page}`)),
  picture: async ({ painter, directory }, page) => {
    await painter.command(`picture ${page} ${join(directory, 'flip.ppm')}`);
    return Number(await painter.command('stamp'));
  },
};

// Each flip is looked at for a little more than the last picture takes; comparing is in none of the figures. `seen`: two pages by turns,
// each of which was shown before.
export const flipContent = ({ seen = false, after = AFTER_FLIP, to: show = draw.text } = {}) => async (stage, { flips: count }) => {
  const all = [], page = (i) => stage.round * 100 + (seen ? 50 + i % 2 : i);
  for (let i = seen ? -2 : 0; i < count; i++) {
    await sleep(500);
    if (i < 0) {
      await show(stage, page(i + 2));
      await sleep(after.at(-1));
      continue;
    }
    await stage.take();
    await stage.sums(true);
    let code;
    const { from, to, ...sums } = await stage.over(async () => {
      code = await show(stage, page(i));
      await stage.sample(code, after);
    }, i === 0 ? 'fresh' : 'more');
    const changes = await stage.sums(false), [latency] = motion((await stage.take()).filter((frame) => frame.code === code), from, to).latencies;
    const file = join(stage.directory, 'flip.ppm');
    await stage.painter.command(`rest ${file}`);
    const truth = readPpm(file);
    const pictures = (await stage.pictures()).map((picture, k) => ({ after: after[k], psnr: psnr(truth, picture), ssim: ssim(truth, picture) }));
    all.push({ latency, pictures, sums, exact: exactAfter(changes, hash(truth.rgb, truth.width, truth.height, 3), code) });
  }
  const latencies = all.map(({ latency }) => latency).filter((value) => value !== undefined);
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    // The meter added up over all flips, so the last sums hold them all.
    ...all.at(-1).sums, latencies,
    // Where one flip never became exact there is no median.
    ...(all.every(({ exact }) => exact !== undefined) ? { exact: median(all.map(({ exact }) => exact)) } : {}),
    pictures: after.map((after, k) => ({ after, psnr: mean(all.map(({ pictures }) => pictures[k].psnr)), ssim: mean(all.map(({ pictures }) => pictures[k].ssim)) })),
  };
};

// The demo panel with the line running, and a finger that looks at one page after the other. The bar code is written as
// each tap is done, so the latency is that of a small change while the panel moves.
const TAPS = ['alarms', 'trend', 'recipe', 'service', 'overview'].map((page) => `tab-${page}`);
async function panel(stage, { taps, settle }) {
  const { screen } = stage, places = new Map();
  const window = ['--windowed', '--width', screen.width, '--height', screen.height];
  const process = stage.rig.own(new Process('oriel-panel', program('oriel-panel'), ['--socket', join(stage.directory, 'nobody.sock'), '--print-geometry', ...window], { env: screen.env, log: stage.rig.path('panel.log') }));
  process.onLine = (line) => {
    const [, name, x, y, width, height] = /^geometry (\S+) (-?\d+) (-?\d+) (\d+) (\d+)$/.exec(line) ?? [];
    if (name) places.set(name, [Number(x) + width / 2, Number(y) + height / 2]);
  };
  try {
    await stage.painter.command('strip');
    await until(() => `the panel's tabs; it said:\n${process.tail()}`, () => TAPS.every((name) => places.has(name)));
    await stage.painter.command('strip'); // its window came up over ours
    await sleep(settle * 1000);
    await stage.take();
    const { from, to, ...sums } = await stage.over(async () => {
      for (let i = 0; i < taps; i++) {
        await screen.click(...places.get(TAPS[i % TAPS.length]));
        await stage.painter.command('stamp');
        await sleep(700);
      }
    });
    const { latencies, p50, p95, unreadable, shown } = motion(await stage.take(), from, to);
    return { latencies, p50, p95, unreadable, shown, ...sums };
  } finally {
    await process.stop();
  }
}

export const CONTENTS = [
  { name: 'rest', title: 'Screen at rest', about: 'a known picture that does not change', run: rest },
  { name: 'once', title: 'One small change a second', about: 'the bar code alone, 1 Hz', run: clockContent('once') },
  { name: 'small', title: 'Small change at 30 Hz', about: 'the bar code alone: the first 32 rows', run: clockContent('small'), fps: true },
  { name: 'flip', title: 'Text page flips', about: 'a page of dense text is replaced by another; the picture is compared afterwards', run: flipContent() },
  { name: 'seen', title: 'Text page flips to pages seen before', about: 'two pages by turns; only the bar code is new', run: flipContent({ seen: true }) },
  { name: 'scroll', title: 'Scrolling text', about: 'dense text by 4 pixels a frame, 30 Hz', run: clockContent('scroll'), fps: true },
  { name: 'video', title: 'Video', about: 'full-frame plasma with grain, 30 Hz', run: clockContent('video'), fps: true },
  { name: 'panel', title: 'Use of the demo panel', about: 'the line runs, a finger changes the page every 0.7 s', run: panel },
];
