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
