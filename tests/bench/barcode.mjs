// The bar code of a time that rig-painter draws (tests/rig/picture.c): 48 cells, 40 bits of 1/10 ms of the wall clock and a
// checksum of 8. Pure; the page and the bench both use it.
export const CELLS = 48, ROW = 16;
const WRAP = 2 ** 40;

// The columns of a picture of this width where the middles of the cells are.
export function columns(width) {
  const cell = Math.floor(width / CELLS);
  return Array.from({ length: CELLS }, (_, i) => i * cell + (cell >> 1));
}

// The time from the brightness (0 to 255) of the 48 cells, or null when it can't be read.
export function decode(levels) {
  const bytes = [];
  for (let i = 0; i < CELLS; i += 8) {
    let byte = 0;
    for (let k = i; k < i + 8; k++) byte = byte * 2 + (levels[k] > 127 ? 1 : 0);
    bytes.push(byte);
  }
  const check = bytes.pop();
  bytes.reverse(); // the checksum goes from the lowest byte on
  const sum = bytes.reduce((total, byte) => (total * 31 + byte) >>> 0, 0) & 255;
  return sum === check ? bytes.reduceRight((value, byte) => value * 256 + byte, 0) : null;
}

// The 48 bits of a time, as the painter draws them; for the reader's check of itself.
export function encode(code) {
  const bytes = Array.from({ length: 5 }, (_, i) => Math.floor(code / 256 ** i) % 256);
  const sum = bytes.reduce((total, byte) => (total * 31 + byte) >>> 0, 0) & 255;
  return [...bytes.reverse(), sum].flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => byte >> bit & 1));
}

export const codeOf = (wall) => Math.round(wall * 10) % WRAP;
// How long before the wall clock's `now` (ms) the code was; one "from the future" (clocks have steps) is a little negative.
export function age(now, code) {
  const tenths = ((now * 10 - code) % WRAP + WRAP) % WRAP;
  return (tenths > WRAP / 2 ? tenths - WRAP : tenths) / 10;
}
