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

// Peak signal to noise ratio over all three channels, dB; Infinity for equal pictures.
export function psnr(a, b) {
  if (a.width !== b.width || a.height !== b.height) throw new Error(`pictures of ${a.width}x${a.height} and ${b.width}x${b.height} can't be compared`);
  let sum = 0;
  for (let i = 0; i < a.rgb.length; i++) { const d = a.rgb[i] - b.rgb[i]; sum += d * d; }
  return sum === 0 ? Infinity : 10 * Math.log10((255 * 255 * a.rgb.length) / sum);
}
