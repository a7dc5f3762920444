// What was said compared with what was heard: how late, how alike, how clear. Pure.
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { RATE } from './sound.mjs';

const THIRD = 3; // 16 kHz is enough to compare speech
const SLACK = 4; // frames of 16 ms

const slower = (samples) => Float64Array.from({ length: Math.floor(samples.length / THIRD) }, (_, i) => (samples[3 * i] + samples[3 * i + 1] + samples[3 * i + 2]) / 3);
export const power = (samples) => samples.reduce((sum, x) => sum + x * x, 0) / Math.max(1, samples.length);
export const decibels = (ratio) => 10 * Math.log10(Math.max(ratio, 1e-12));

// In place, of 2^n complex numbers.
function fft(re, im, inverse = false) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) { [re[i], re[j]] = [re[j], re[i]]; [im[i], im[j]] = [im[j], im[i]]; }
  }
  for (let size = 2; size <= n; size *= 2) {
    const angle = (inverse ? 2 : -2) * Math.PI / size, half = size / 2;
    const cos = Float64Array.from({ length: half }, (_, k) => Math.cos(angle * k)), sin = Float64Array.from({ length: half }, (_, k) => Math.sin(angle * k));
    for (let start = 0; start < n; start += size)
      for (let k = 0; k < half; k++) {
        const a = start + k, b = a + half, x = re[b] * cos[k] - im[b] * sin[k], y = re[b] * sin[k] + im[b] * cos[k];
        re[b] = re[a] - x; im[b] = im[a] - y; re[a] += x; im[a] += y;
      }
  }
}

// By how many samples `heard` comes after `said`, where they are most alike.
function lag(said, heard) {
  const n = 2 ** Math.ceil(Math.log2(said.length + heard.length));
  const [a, b, c, d] = [said, new Float64Array(0), heard, new Float64Array(0)].map((from) => { const to = new Float64Array(n); to.set(from); return to; });
  fft(a, b); fft(c, d);
  const re = new Float64Array(n), im = new Float64Array(n);
  for (let i = 0; i < n; i++) { re[i] = a[i] * c[i] + b[i] * d[i]; im[i] = a[i] * d[i] - b[i] * c[i]; }
  fft(re, im, true);
  let best = 0;
  for (let i = 0; i < heard.length; i++) if (Math.abs(re[i]) > Math.abs(re[best])) best = i;
  return best;
}

// The loudness over time of 15 bands of a third of an octave from 150 Hz: what makes speech understood (as STOI looks at it).
function bands(samples) {
  const size = 512, step = 256, frames = [];
  for (let at = 0; at + size <= samples.length; at += step) {
    const re = Float64Array.from({ length: size }, (_, i) => samples[at + i] * (0.5 - 0.5 * Math.cos(2 * Math.PI * i / size))), im = new Float64Array(size);
    fft(re, im);
    frames.push(Array.from({ length: 15 }, (_, band) => {
      const low = 150 * 2 ** ((band - 0.5) / 3), high = 150 * 2 ** ((band + 0.5) / 3);
      let sum = 0;
      for (let i = Math.ceil(low * size / 16000); i <= high * size / 16000; i++) sum += re[i] ** 2 + im[i] ** 2;
      return Math.sqrt(sum);
    }));
  }
  return frames;
}

function correlation(a, b) {
  const mean = (list) => list.reduce((sum, x) => sum + x, 0) / list.length, ma = mean(a), mb = mean(b);
  let ab = 0, aa = 0, bb = 0;
  a.forEach((x, i) => { ab += (x - ma) * (b[i] - mb); aa += (x - ma) ** 2; bb += (b[i] - mb) ** 2; });
  return ab / Math.sqrt(aa * bb || 1);
}

// {delay (ms from the first sample of `heard`), alike (of the wave, 0 to 1), snr (dB of it), clear (of the bands' loudness, 0 to 1; speech
// is well understood from 0.75 on)}
export function compare(said, heard) {
  const [x, y] = [slower(said), slower(heard)], at = lag(x, y), part = y.subarray(at, at + x.length);
  let xy = 0, xx = 0, yy = 0;
  part.forEach((sample, i) => { xy += sample * x[i]; xx += x[i] ** 2; yy += sample ** 2; });
  const gain = xy / (xx || 1);
  let noise = 0;
  part.forEach((sample, i) => { noise += (sample - gain * x[i]) ** 2; });
  // Half a second at a time, each where it fits best within 64 ms: a jitter buffer plays a little faster or slower, which nobody minds.
  const early = Math.min(SLACK, at >> 8), a = bands(x), b = bands(y.subarray(at - early * 256, at + x.length + SLACK * 256)), span = 30, scores = [];
  for (let from = 0; from + span <= a.length; from += span / 2) {
    const loud = a[0].map((_, band) => a.slice(from, from + span).map((frame) => frame[band])).map((p, band) => [p, band]).filter(([p]) => Math.max(...p) > 0.02);
    const places = Array.from({ length: early + SLACK + 1 }, (_, i) => b.slice(from + i, from + i + span)).filter(({ length }) => length === span);
    if (loud.length) scores.push({ weight: loud.length, score: Math.max(0, ...places.map((place) => loud.reduce((sum, [p, band]) => sum + correlation(p, place.map((frame) => frame[band])), 0) / loud.length)) });
  }
  const weight = scores.reduce((sum, one) => sum + one.weight, 0);
  return { delay: at * THIRD * 1000 / RATE, alike: Math.abs(xy) / Math.sqrt(xx * yy || 1), snr: decibels(gain ** 2 * xx / (noise || 1e-9)), clear: scores.reduce((sum, one) => sum + one.score * one.weight, 0) / Math.max(1, weight) };
}

// The same on a thread of its own: it takes a second or two on a busy machine, in which a consent provider would miss its beats and
// the device, rightly, pause the session.
export const compareAside = (said, heard) => new Promise((resolve, reject) => {
  new Worker(new URL(import.meta.url), { workerData: { alike: { said, heard } } }).once('message', resolve).once('error', reject);
});
if (!isMainThread && workerData?.alike) parentPort.postMessage(compare(workerData.alike.said, workerData.alike.heard));
