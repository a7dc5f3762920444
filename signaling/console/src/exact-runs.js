/* Images of small tiles (PROTOCOL.md, Exact layer): a stream of tokens, decoded at once, where an image format would be decoded some
 * time later. Pure. */

const [ABOVE, BEFORE, LATELY] = [0, 1, 2]; // else a new colour
const LENGTH_MAX = 63;
const BLACK = 0xff000000;

const swap = (pixel) => (BLACK | ((pixel & 255) << 16) | (pixel & 0xff00) | (pixel >>> 16)) >>> 0;

/* Uint8Array -> Uint8ClampedArray of RGBA; an Error: it is no such image. */
export function readRuns(bytes, width, height) {
    const pixels = new Uint32Array(width * height); // little-endian, as every browser's machine is
    const lately = new Uint32Array(64).fill(BLACK);
    let [at, to, before] = [0, 0, BLACK];
    const length = (number) => {
        if (number < LENGTH_MAX) return number + 1;
        for (let shift = 0; ; shift += 7) {
            const byte = bytes[at++];
            if (byte === undefined || shift > 28) throw new Error('a run without an end');
            number += (byte & 127) * 2 ** shift;
            if (byte < 128) return number + 1;
        }
    };
    while (at < bytes.length) {
        const token = bytes[at++];
        const [kind, number] = [token >> 6, token & 63];
        if (kind === ABOVE || kind === BEFORE) {
            const end = to + length(number);
            if (end > pixels.length || (kind === ABOVE && to < width)) throw new Error('a run beyond the image');
            if (kind === BEFORE) pixels.fill(before, to, end);
            else for (let i = to; i < end; i++) pixels[i] = pixels[i - width];
            to = end;
        } else {
            if (to === pixels.length || (kind !== LATELY && at + 3 > bytes.length)) throw new Error('a pixel beyond the image');
            if (kind !== LATELY) {
                const pixel = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
                at += 3;
                lately[Math.imul(pixel, 0x9e3779b1) >>> 26] = swap(pixel);
                pixels[to++] = swap(pixel);
            } else pixels[to++] = lately[number];
        }
        before = pixels[to - 1];
    }
    if (to !== pixels.length) throw new Error('pixels are missing');
    return new Uint8ClampedArray(pixels.buffer);
}
