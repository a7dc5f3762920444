// The arithmetic of the bench: quantiles, what a list of frames says, medians over rounds. Pure.
import { age } from './barcode.mjs';

const ascending = (values) => [...values].sort((a, b) => a - b);
export const known = (values) => values.filter((value) => typeof value === 'number' && !Number.isNaN(value));

// Between the two nearest values; undefined of none.
export function quantile(values, q) {
  const sorted = ascending(known(values));
  if (!sorted.length) return undefined;
  const at = (sorted.length - 1) * q, low = Math.floor(at), high = Math.ceil(at);
  return low === high || sorted[low] === sorted[high] ? sorted[low] : sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}
export const median = (values) => quantile(values, 0.5);

// A code that is older than this was misread (one of 256 broken ones has a good checksum).
const OLDEST = 60000;

// From the frames that the page was given, [{at (wall ms), code or null}], what came for the first time from `from` to `to`:
// how long it took (ms) and how many pictures of their own there were a second. The same code again is no new picture.
export function motion(frames, from, to) {
  const seen = new Set(), times = [], latencies = [];
  let unreadable = 0, shown = 0;
  for (const { at, code } of frames) {
    const inside = at >= from && at < to;
    if (inside) shown++;
    const old = code === null ? undefined : age(at, code);
    if (old === undefined || old < -1000 || old > OLDEST) { if (inside) unreadable++; continue; }
    if (seen.has(code)) continue;
    seen.add(code);
    if (!inside) continue;
    times.push(at);
    latencies.push(old);
  }
  const marks = [from, ...times, to];
  return {
    shown, unreadable, latencies, distinct: times.length, fps: times.length / (to - from) * 1000,
    p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95),
    gap: Math.max(...marks.slice(1).map((mark, i) => mark - marks[i])),
  };
}

// The median of each figure over the rounds; of lists of the same length, element by element; texts from the first.
export function merge(rounds) {
  const [first] = rounds;
  if (Array.isArray(first)) return first.map((_, i) => merge(rounds.map((round) => round[i]).filter((value) => value !== undefined)));
  if (first && typeof first === 'object') {
    const keys = new Set(rounds.flatMap((round) => Object.keys(round)));
    return Object.fromEntries([...keys].map((key) => [key, merge(rounds.map((round) => round[key]).filter((value) => value !== undefined && value !== null))]));
  }
  return typeof first === 'number' ? median(rounds) : first;
}

// When the picture was exactly that one and stayed so, as the age of its code (ms); undefined: never. `sums`: [{at, sum}] at each change.
export function exactAfter(sums, truth, code) {
  const wrong = sums.findLastIndex(({ sum }) => sum !== truth), first = sums[wrong + 1];
  return first && age(first.at, code);
}

const STEADY = 1000; // ms that it must have been normal again
const SANE = 500; // ms; where pictures took longer before, there is nothing normal to come back to

// A link that was worse from `at` to `back` (wall ms), looked at from `from` to `to`. {before: p50 and fps; worst: the longest that a picture
// took that came after `at`; gap: without a new one; fps: while it was worse, in the second half; normal: ms after `back` from which on it was as before for a
// second (no picture takes 30 ms more than 95 % took before, four fifths of the pictures come), undefined: not by the end,
// or it was bad before}.
export function dip(frames, { from, at, back, to }) {
  const before = motion(frames, from, at), during = motion(frames, at, back), low = motion(frames, (at + back) / 2, back), after = motion(frames, at, to);
  const good = (start) => {
    const { latencies, fps } = motion(frames, start, start + STEADY);
    return before.p95 <= SANE && fps >= before.fps * 0.8 && latencies.every((ms) => ms <= before.p95 + 30);
  };
  const starts = [back, ...frames.map((frame) => frame.at).filter((time) => time > back)];
  const normal = starts.find((start) => start + STEADY <= to && good(start));
  return {
    before: before.p50, bad: !(before.p95 <= SANE), beforeFps: before.fps, latencies: during.latencies, fps: low.fps, worst: after.latencies.length ? Math.max(...after.latencies) : undefined, gap: after.gap,
    ...(normal === undefined ? {} : { normal: normal - back }),
  };
}

// The bits that a link could carry from one time to another (ms of its script, [[ms, {up, both}] …]); nothing while it is held or cut. Where
// nobody sends more than `most` (bit/s) that is all that it could.
export function capacity(up, changes, from, to, most = Infinity) {
  let at = from, bits = 0, now = { ...up };
  const pass = (until) => {
    if (until <= at) return;
    if (!now.hold && !now.cut) bits += Math.min(now.rate, most) * (until - at) / 1000;
    at = until;
  };
  for (const [ms, change] of [...changes].sort(([a], [b]) => a - b)) {
    pass(Math.min(ms, to));
    now = { ...now, ...change.both, ...change.up };
  }
  pass(to);
  return bits;
}

// How much of a link was used: what all steps (rig/link's history) sent against the bits that it could carry.
export const use = (steps, bits) => steps.reduce((sum, { sent }) => sum + sent * 8, 0) / bits * 100;

// What a person would call a picture of something that moves, over a way of `delay` ms.
export function judge({ p50, fps, gap }, delay) {
  if (typeof p50 !== 'number' || fps < 1 || gap > 3000) return 'stuck';
  if (fps >= 24 && gap <= 250 && p50 - delay <= 150) return 'smooth';
  return fps >= 8 && gap <= 1000 && p50 - delay <= 500 ? 'good' : 'slow';
}
