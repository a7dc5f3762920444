/* Packed images of tiles (PROTOCOL.md, Exact layer): what a binary range coder has made of them, decoded at once. Pure. */

const MIX = 0x9e3779b1 | 0;
const BLACK = 0xff000000;
const PLACES = 4096;
const COLOURS = 256;
const LINES = 16;
const [LEARN, LEARN_SLOWLY] = [4, 6];
// Where the chances begin.
const ROW = 0;
const FOLLOWED = ROW + 2;
const LEFT = FOLLOWED + 4 * 64;
const ABOVE = LEFT + 64;
const KNOWN = ABOVE + 64;
const WHICH = KNOWN + 4;
const ON_LINE = WHICH + 32 * 256;
const LINE = ON_LINE + 1;
const GREEN = LINE + LINES;
const OFF = GREEN + 256;
const FRESH = OFF + 2 * 256;
const CHANCES = FRESH + 3 * 256;

export const PACKED_MAX = 256 * 256; // pixels
export const isPacked = (bytes) => bytes[0] === 0;

/* A difference of either sign as a number from 0 on. */
const unfold = (number) => (number & 1 ? -(number + 1) / 2 : number / 2);

/* On the line of two colours, where green is that. To the nearest, from 0 on away from it. */
function between(line, i, green) {
    const a = (line[i + 3] - line[i]) * (green - line[1]);
    const b = line[4] - line[1];
    if (!b) return 0;
    const [up, down] = b < 0 ? [-a, -b] : [a, b];
    return line[i] + (up < 0 ? -(((down - 2 * up) / (2 * down)) | 0) : ((2 * up + down) / (2 * down)) | 0);
}

/* Rows of 24-bit pixels, red highest. All is in one function, of local variables: it runs for each pixel. */
function unpack(bytes, width, height) {
    const chances = new Uint16Array(CHANCES).fill(1 << 15);
    const seen = new Uint8Array(CHANCES);
    const followed = new Int32Array(PLACES);
    const sureness = new Uint8Array(PLACES);
    const colours = new Int32Array(COLOURS);
    const lines = Array.from({ length: LINES }, () => [0, 0, 0, 0, 0, 0]);
    const all = new Int32Array(width * height);
    const coder = new Uint32Array([0, 0xffffffff]); // code and range: as variables they would be boxed
    let [at, count, lineCount] = [1, 0, 0];
    const next = () => (at < bytes.length ? bytes[at++] : 0);
    for (let i = 0; i < 4; i++) coder[0] = (coder[0] << 8) | next();

    const fill = () => {
        for (; coder[1] < 0x1000000; coder[1] <<= 8) coder[0] = (coder[0] << 8) | next();
    };
    const bit = (chance, slowest) => {
        const zero = chances[chance];
        const range = coder[1];
        const bound = (range >>> 12) * (zero >> 4);
        let learned = seen[chance];
        if (learned < slowest) seen[chance] = ++learned;
        const one = coder[0] >= bound ? 1 : 0;
        if (one) {
            coder[0] -= bound;
            coder[1] = range - bound;
            chances[chance] = zero - ((zero - 31) >> learned);
        } else {
            coder[1] = bound;
            chances[chance] = zero + ((65520 - zero) >> learned);
        }
        if (coder[1] < 0x1000000) fill();
        return one;
    };
    const bits = (tree, size, slowest) => {
        let node = 1;
        for (let i = 0; i < size; i++) node = node * 2 + bit(tree + node, slowest);
        return node - (1 << size);
    };
    const byte = (tree) => bits(tree, 8, LEARN);
    const toFront = (from, line) => {
        lines.splice(from, 1);
        lines.unshift(line);
    };
    const onLine = () => {
        const which = bits(LINE, 4, LEARN);
        const line = [...lines[which]];
        let green = bits(GREEN, 4, LEARN_SLOWLY);
        for (let i = 0; i < 4; i++) {
            coder[1] >>>= 1;
            const one = coder[0] >= coder[1] ? 1 : 0;
            if (one) coder[0] -= coder[1];
            green = green * 2 + one;
            fill();
        }
        const red = (between(line, 0, green) + unfold(byte(OFF))) & 255;
        const blue = (between(line, 2, green) + unfold(byte(OFF + 256))) & 255;
        const [length, here] = [line[4] - line[1], green - line[1]];
        if (Math.abs(here) > Math.abs(length) && here > 0 === length > 0) line.splice(3, 3, red, green, blue);
        toFront(which, line);
        return (red << 16) | (green << 8) | blue;
    };
    const fresh = (left, ground) => {
        const green = byte(FRESH);
        const by = green - ((left >> 8) & 255);
        const red = (byte(FRESH + 256) + (left >> 16) + by) & 255;
        const blue = (byte(FRESH + 512) + (left & 255) + by) & 255;
        lineCount = Math.min(lineCount + 1, LINES);
        toFront(lineCount - 1, [ground >> 16, (ground >> 8) & 255, ground & 255, red, green, blue]);
        return (red << 16) | (green << 8) | blue;
    };
    const colour = (left, above, ground, sure) => {
        if (!bit(KNOWN + (left === above ? 1 : 0) + (sure ? 2 : 0), LEARN)) return colours[byte(WHICH + (Math.imul(left, MIX) >>> 27) * 256)];
        const pixel = bit(ON_LINE, LEARN) ? fresh(left, ground) : onLine();
        if (count < COLOURS) colours[count++] = pixel;
        return pixel;
    };

    for (let y = 0, to = 0, again = 0; y < height; y++) {
        again = y && !bit(ROW + again, LEARN) ? 1 : 0;
        if (again) {
            all.copyWithin(to, to - width, to);
            to += width;
            continue;
        }
        let left = y ? all[to - width] : 0;
        let leftLeft = left;
        let aboveLeft = left;
        for (let x = 0; x < width; x++, to++) {
            const above = y ? all[to - width] : left;
            if (!y || !x) aboveLeft = above;
            const aboveRight = y && x + 1 < width ? all[to - width + 1] : above;
            const aboveAbove = y > 1 ? all[to - 2 * width] : above;
            let place = (Math.imul(aboveAbove, MIX) + leftLeft) | 0;
            place = (Math.imul(place, MIX) + aboveRight) | 0;
            place = (Math.imul(place, MIX) + aboveLeft) | 0;
            place = (Math.imul(place, MIX) + above) | 0;
            place = (Math.imul(place, MIX) + left) | 0;
            place = Math.imul(place ^ (place >>> 15), MIX) >>> 20;
            const sure = sureness[place];
            const likely = sure ? followed[place] : left;
            const like =
                (left === above ? 1 : 0) | (above === aboveRight ? 2 : 0) | (left === aboveLeft ? 4 : 0) | (leftLeft === left ? 8 : 0) | (above === aboveAbove ? 16 : 0) | (likely === left ? 32 : 0);
            let pixel = likely;
            if (!bit(FOLLOWED + sure * 64 + like, LEARN)) sureness[place] = sure < 3 ? sure + 1 : 3;
            else {
                if (likely !== left && !bit(LEFT + like, LEARN)) pixel = left;
                else if (above !== left && above !== likely && !bit(ABOVE + like, LEARN)) pixel = above;
                else pixel = colour(left, above, leftLeft === left ? left : aboveAbove === above ? above : aboveRight, sure);
                sureness[place] = 1;
            }
            followed[place] = all[to] = pixel;
            leftLeft = x ? left : pixel;
            left = pixel;
            aboveLeft = above;
        }
    }
    return all;
}

/* Uint8Array -> Uint8ClampedArray of RGBA; an Error: it is no such image. */
export function readPacked(bytes, width, height) {
    if (!isPacked(bytes) || width * height > PACKED_MAX) throw new Error('not packed');
    const pixels = new Uint32Array(unpack(bytes, width, height).buffer); // little-endian, as every browser's machine is
    for (let i = 0; i < pixels.length; i++) {
        const pixel = pixels[i];
        pixels[i] = BLACK | ((pixel & 255) << 16) | (pixel & 0xff00) | (pixel >>> 16);
    }
    return new Uint8ClampedArray(pixels.buffer);
}
