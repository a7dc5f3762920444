// Pictures as bytes: reading PPM, comparing.
import { readFileSync } from 'node:fs';

// A binary PPM (P6, 8 bits): {width, height, rgb}.
export function readPpm(file) {
  const bytes = readFileSync(file);
  const head = /^P6\s+(?:#.*\s+)*(\d+)\s+(\d+)\s+255\s/.exec(bytes.subarray(0, 200).toString('latin1'));
  if (!head) throw new Error(`${file} is not a binary PPM with 8 bits`);
  const [width, height] = [Number(head[1]), Number(head[2])];
  const rgb = bytes.subarray(head[0].length, head[0].length + width * height * 3);
  if (rgb.length !== width * height * 3) throw new Error(`${file} is cut off`);
  return { width, height, rgb };
}

// RGBA, as a canvas gives it, without its alpha.
export function fromRgba(width, height, rgba) {
  const rgb = Buffer.alloc(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) { rgb[to] = rgba[from]; rgb[to + 1] = rgba[from + 1]; rgb[to + 2] = rgba[from + 2]; }
  return { width, height, rgb };
}

// Where two pictures differ, at most ten pixels; not in the last corner, where the pointer stands.
export function different(a, b) {
  if (a.width !== b.width || a.height !== b.height) return [`${a.width}x${a.height} and ${b.width}x${b.height}`];
  const places = [];
  for (let i = 0; i < a.rgb.length && places.length < 10; i++) {
    const x = Math.floor(i / 3) % a.width, y = Math.floor(i / 3 / a.width);
    if (a.rgb[i] !== b.rgb[i] && (x < a.width - 16 || y < a.height - 16)) places.push(`${x},${y}: ${a.rgb[i]} ${b.rgb[i]}`);
  }
  return places;
}

// Peak signal to noise ratio over all three channels, dB; Infinity for equal pictures.
export function psnr(a, b) {
  if (a.width !== b.width || a.height !== b.height) throw new Error(`pictures of ${a.width}x${a.height} and ${b.width}x${b.height} can't be compared`);
  let sum = 0;
  for (let i = 0; i < a.rgb.length; i++) { const d = a.rgb[i] - b.rgb[i]; sum += d * d; }
  return sum === 0 ? Infinity : 10 * Math.log10((255 * 255 * a.rgb.length) / sum);
}

// Structural similarity of the brightness: the mean over windows of 8×8, every 4 pixels; 1 for equal pictures.
export function ssim(a, b) {
  if (a.width !== b.width || a.height !== b.height) throw new Error(`pictures of ${a.width}x${a.height} and ${b.width}x${b.height} can't be compared`);
  const { width, height } = a, [p, q] = [luma(a), luma(b)];
  const c1 = (0.01 * 255) ** 2, c2 = (0.03 * 255) ** 2;
  let total = 0, windows = 0;
  for (let y = 0; y + 8 <= height; y += 4)
    for (let x = 0; x + 8 <= width; x += 4) {
      let sp = 0, sq = 0, spp = 0, sqq = 0, spq = 0;
      for (let row = y; row < y + 8; row++)
        for (let i = row * width + x, end = i + 8; i < end; i++) { const u = p[i], v = q[i]; sp += u; sq += v; spp += u * u; sqq += v * v; spq += u * v; }
      const mp = sp / 64, mq = sq / 64, vp = spp / 64 - mp * mp, vq = sqq / 64 - mq * mq, cov = spq / 64 - mp * mq;
      total += ((2 * mp * mq + c1) * (2 * cov + c2)) / ((mp * mp + mq * mq + c1) * (vp + vq + c2));
      windows++;
    }
  return total / windows;
}

function luma({ rgb }) {
  const out = new Float32Array(rgb.length / 3);
  for (let i = 0, from = 0; i < out.length; i++, from += 3) out[i] = 0.299 * rgb[from] + 0.587 * rgb[from + 1] + 0.114 * rgb[from + 2];
  return out;
}
