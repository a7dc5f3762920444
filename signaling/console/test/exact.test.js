/* The exact layer without a browser: its messages, its rectangles, and the rule by which tiles hold, on a canvas of numbers. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { readExact, writeAck, writeMiss } from '../src/exact-wire.js';
import { area, coarse, follow, join, without } from '../src/exact-rects.js';
import { PACKED_MAX, isPacked, readPacked } from '../src/exact-pack.js';
import { readRuns } from '../src/exact-runs.js';

const bytes = (...values) => Uint8Array.from(values).buffer;
const hex = (buffer) => Buffer.from(buffer).toString('hex');
const u16 = (n) => [n & 255, (n >> 8) & 255];
const u32 = (n) => [...u16(n & 65535), ...u16(n >>> 16)];
const rect = ({ x, y, width, height }) => [x, y, width, height].flatMap(u16);

const records = (epoch, list, { width = 8, height = 8, state = 1 } = {}) =>
    bytes(2, 1, ...u16(epoch), ...u16(width), ...u16(height), state, list.length, ...u32(list[0]?.number ?? 0), ...list.flatMap(({ rtp, frame = true, rects, moves = [] }) => [...u32(rtp), frame ? 1 : 0, moves.length, rects.length, ...moves.flatMap(({ from, x, y }) => [...rect(from), ...u16(x), ...u16(y)]), ...rects.flatMap(rect)]));
const small = ({ epoch = 1, tile: id = 0, rtp = 0, at = WHOLE, body }) => bytes(2, 4, ...u16(epoch), ...u32(id), ...u32(rtp), ...rect(at), ...body);
const bundle = (epoch, ...messages) => bytes(2, 5, ...u16(epoch), ...messages.flatMap((message) => [...u16(message.byteLength), ...new Uint8Array(message)]));
// A small tile of one colour, of 8x8 pixels.
const flat = (value) => [0xc0, value, value, value, 0x40 | 62];
const tile = (type, { epoch = 1, tile: id = 0, rtp = 0, at = { x: 0, y: 0, width: 8, height: 8 }, index = 0, count = 1, slot = 0xffff, name = 7, body = [] }) =>
    bytes(2, type, ...u16(epoch), ...u32(id), ...u32(rtp), ...rect(at), ...u16(index), ...u16(count), ...u16(slot), ...Array(16).fill(name), ...body);

test('exact: records, as the device writes them', () => {
    const data = Buffer.from('020134120005d0020202 04030201 feffffff000001 0100020003000401 07000000010100 0100020003000400 05000600'.replaceAll(' ', ''), 'hex');
    const message = readExact(data.buffer.slice(data.byteOffset, data.byteOffset + data.length));
    assert.deepEqual(message, {
        t: 'records', epoch: 0x1234, width: 1280, height: 720, state: 'motion',
        records: [
            { number: 0x01020304, rtp: 0xfffffffe, frame: false, moves: [], rects: [{ x: 1, y: 2, width: 3, height: 260 }] },
            { number: 0x01020305, rtp: 7, frame: true, moves: [{ from: { x: 1, y: 2, width: 3, height: 4 }, x: 5, y: 6 }], rects: [] },
        ],
    });
});

test('exact: what is cut off, too long, or of another version is no message', () => {
    const good = records(1, [{ number: 0, rtp: 1, rects: [{ x: 0, y: 0, width: 1, height: 1 }] }]);
    assert.ok(readExact(good));
    for (let n = 0; n < good.byteLength; n++) assert.equal(readExact(good.slice(0, n)), null);
    assert.equal(readExact(bytes(...new Uint8Array(good), 0)), null);
    assert.equal(readExact(records(1, [], { state: 3 })), null);
    assert.equal(readExact(bytes(1, ...new Uint8Array(good).subarray(1))), null);
    assert.ok(readExact(tile(2, { body: [1] })));
    assert.equal(readExact(tile(2, {})), null);
    assert.equal(readExact(tile(2, { index: 1, body: [1] })), null);
    assert.equal(readExact(tile(2, { body: [1], at: { x: 0, y: 0, width: 0, height: 1 } })), null);
    assert.ok(readExact(tile(3, {})));
    assert.equal(readExact(tile(3, { body: [1] })), null);
    assert.equal(readExact(tile(6, {})), null);
    assert.ok(readExact(small({ body: [0xc0, 1, 2, 3] })));
    assert.equal(readExact(small({ body: [] })), null);
    const both = bundle(1, small({ body: flat(9) }), good);
    assert.deepEqual(readExact(both).messages.map(({ t }) => t), ['small', 'records']);
    const first = both.byteLength - good.byteLength - 2; // the first message alone is a bundle, too
    for (let n = 0; n < both.byteLength; n++) assert.equal(readExact(both.slice(0, n)) !== null, n === first, String(n));
    assert.equal(readExact(bundle(1, bundle(1, good))), null);
    assert.equal(readExact(bundle(1)), null);
    assert.equal(readExact('text'), null);
});

test('exact: what the page says', () => {
    assert.equal(hex(writeAck(0x102, 3, 25.6, [{ tile: 4, first: 5, count: 6, at: 20 }])), '0281020103000000' + '00010000' + '01' + '04000000' + '05000600' + '3800');
    assert.equal(hex(writeMiss(1, 9)), '0282010009000000');
});

test('exact: images of small tiles, token by token', () => {
    // A new colour, twice more, black (which is there from the beginning), the first again; then the row above; then its first two.
    const image = readRuns(Uint8Array.of(0xc0, 1, 2, 3, 0x41, 0x80, 0x80 | (Math.imul(0x010203, 0x9e3779b1) >>> 26), 0x04, 0x01, 0xc0, 9, 9, 9, 0x41), 5, 3);
    const [a, k, n] = [[1, 2, 3, 255], [0, 0, 0, 255], [9, 9, 9, 255]];
    assert.deepEqual([...image], [a, a, a, k, a, a, a, a, k, a, a, a, n, n, n].flat());
    const long = readRuns(Uint8Array.of(0x7f, 0xc1, 0x01), 257, 1); // 63 + 65 + 128 + 1 pixels as before, which is black
    assert.equal(long.length, 257 * 4);
    for (const [why, bad] of Object.entries({ 'too few': [0xc0, 1, 2, 3], 'no row above': [0xc0, 1, 2, 3, 0x00, 0x42], 'too many': [0x45], 'half a colour': [0x43, 0xc0, 1], 'a run without an end': [0x7f, 0x81] }))
        assert.throws(() => readRuns(Uint8Array.from(bad), 5, 1), Error, why);
});

test('exact: packed images, as the device makes them', () => {
    // By the same rule as test_exact_wire.c's, whose bytes these are.
    const packed = Buffer.from(
        '00fd7fb8474d8aa7c4013fe19173cbb17c00130da64584ada3be594b2ee87d3967d624b4b36f635fc43f3aa8103f9fa58ca89650295369e458d8b0c0e0ea07b6' +
        '78bf2619f6ac69f6b728a3b087867e46ae50d5acbebfd45dd771bde7f7930768970e00d41c3a80ffa07f0d7e3ea3ccf0d3d2d66d43e8232e1e53c45958112ce8' +
        'b1627865744aa065d26391d0fa356080be7b9be19393c10b34160cb09cbae77e98041e19ca7fc78f827e796ad5d80f35295fba2d61827d4c616da4627e174d62' +
        '8d6cad4575ac24a3a543431965598656eb9367',
        'hex',
    );
    const [width, height] = [32, 20];
    const wanted = [];
    for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
            const row = y % 5 === 4 ? y - 1 : y;
            const kind = (x * 7 + row * row) % 16;
            const soft = ((x * 37 + row * 11) % 8) * 32;
            const ink = (part) => 255 - (((255 - part) * soft) >> 8);
            wanted.push(...(kind < 10 ? [0xe9, 0xeb, 0xed] : kind < 12 ? [(row * 0x010f07) >> 16, ((row * 0x010f07) >> 8) & 255, (row * 0x010f07) & 255] : [ink(0xb4), ink(0x55), ink(0x10)]), 255);
        }
    assert.ok(isPacked(packed));
    assert.deepEqual([...readPacked(packed, width, height)], wanted);
    assert.throws(() => readPacked(Uint8Array.of(82, 73), 1, 1));
    assert.throws(() => readPacked(new Uint8Array(0), 1, 1));
    assert.throws(() => readPacked(packed, PACKED_MAX, 2));
    // Whatever comes, it is some picture of that size: nothing is read or written beyond it, and it ends.
    let seed = 1;
    const random = (below) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below;
    for (let round = 0; round < 200; round++) {
        const bad = Uint8Array.from(packed).subarray(0, 1 + random(packed.length));
        for (let i = 0; i < 4 && bad.length > 1; i++) bad[1 + random(bad.length - 1)] = random(256);
        const image = readPacked(bad, 1 + random(64), 20);
        for (let i = 3; i < image.length; i += 4) assert.equal(image[i], 255);
    }
});

test('exact: a rectangle without others', () => {
    const all = { x: 0, y: 0, width: 10, height: 10 };
    assert.deepEqual(without(all, []), [all]);
    assert.deepEqual(without(all, [{ x: 10, y: 0, width: 5, height: 5 }]), [all]);
    assert.deepEqual(without(all, [{ x: -1, y: -1, width: 20, height: 20 }]), []);
    assert.equal(area(without(all, [{ x: 2, y: 2, width: 3, height: 3 }, { x: 4, y: 4, width: 20, height: 3 }])), 100 - 9 - 18 + 1);
});

test('exact: what moved is followed, also over itself and twice', () => {
    const all = { x: 0, y: 0, width: 10, height: 10 };
    const up = { moves: [{ from: { x: 0, y: 2, width: 10, height: 8 }, x: 0, y: 0 }], rects: [{ x: 0, y: 8, width: 10, height: 2 }] };
    assert.deepEqual(follow(all, [up]), [{ x: 0, y: 0, width: 10, height: 8, dx: 0, dy: -2 }]);
    assert.deepEqual(follow(all, [up, up]), [{ x: 0, y: 0, width: 10, height: 6, dx: 0, dy: -4 }]);
    assert.deepEqual(follow(all, [up, { moves: [], rects: [all] }]), []);
    // Two lists side by side, one up and one down, in one record.
    const both = { moves: [{ from: { x: 0, y: 2, width: 5, height: 8 }, x: 0, y: 0 }, { from: { x: 5, y: 0, width: 5, height: 7 }, x: 5, y: 3 }], rects: [{ x: 0, y: 8, width: 5, height: 2 }, { x: 5, y: 0, width: 5, height: 3 }] };
    assert.deepEqual(follow(all, [both]).sort((a, b) => a.x - b.x), [{ x: 0, y: 0, width: 5, height: 8, dx: 0, dy: -2 }, { x: 5, y: 3, width: 5, height: 7, dx: 0, dy: 3 }]);
    // Without a rectangle what was moved from stays where it is, too.
    const sorted = follow(all, [{ ...up, rects: [] }]).sort((a, b) => a.y - b.y);
    assert.deepEqual(sorted, [{ x: 0, y: 0, width: 10, height: 8, dx: 0, dy: -2 }, { x: 0, y: 8, width: 10, height: 2, dx: 0, dy: 0 }]);
});

// ---- the layer, in a page that is made of numbers: each pixel is what was drawn there last, 0 is transparent ----

class Canvas {
    hidden = false;
    pixels = [];
    set width(n) { this.w = n; this.pixels = new Array(64).fill(0); }
    get width() { return this.w; }
    getContext() {
        const each = (x, y, w, h, does) => { for (let j = y; j < y + h; j++) for (let i = x; i < x + w; i++) does(j * 8 + i); };
        const moved = ({ pixels }, [sx, sy, w, h, x, y]) => { const old = [...pixels]; each(x, y, w, h, (i) => (this.pixels[i] = old[i + (sy - y) * 8 + (sx - x)])); };
        return {
            save() {}, restore: () => (this.clip = null), beginPath: () => (this.path = []), rect: (...r) => this.path.push(r), clip: () => (this.clip = this.path),
            canvas: this,
            putImageData: ({ data }, x, y, dx, dy, w, h) => each(x + dx, y + dy, w, h, (i) => (this.pixels[i] = data[0])),
            clearRect: (x, y, w, h) => each(x, y, w, h, (i) => (this.pixels[i] = 0)),
            drawImage: (from, ...n) =>
                n.length === 8 && from.pixels
                    ? moved(from, n)
                    : n.length === 8
                    ? each(n[4], n[5], n[6], n[7], (i) => (this.pixels[i] = from.value))
                    : (this.clip ?? [[0, 0, 8, 8]]).forEach((r) => each(...r, (i) => (this.pixels[i] = from.pixels ? from.pixels[i] || this.pixels[i] : from.value))),
        };
    }
}

let ExactLayer;
const whole = async (blob) => ({ value: new Uint8Array(await blob.arrayBuffer())[0], width: 8, height: 8, close() {} });
before(async () => {
    globalThis.document = { createElement: () => new Canvas() };
    globalThis.ImageData = class {
        constructor(data, width) {
            const own = typeof data === 'number';
            this.data = own ? new Uint8ClampedArray(data * width * 4) : data;
            this.width = own ? data : width;
            this.height = own ? width : data.length / 4 / width;
        }
    };
    // The image of a tile is one byte: its colour.
    globalThis.createImageBitmap = whole;
    ({ ExactLayer } = await import('../src/exact.js'));
});

const WHOLE = { x: 0, y: 0, width: 8, height: 8 };
const LEFT = { x: 0, y: 0, width: 4, height: 8 };
const settled = () => new Promise((resolve) => setTimeout(resolve, 10));

function page() {
    const layer = new ExactLayer(), sent = [];
    const channel = { readyState: 'open', close() {}, send: (buffer) => sent.push(new Uint8Array(buffer)) };
    layer.attach(channel);
    const say = (buffer) => channel.onmessage({ data: buffer });
    const frame = (rtp, value) => layer.frame(rtp, { videoWidth: 8, value });
    const shown = () => (layer.canvas.hidden ? 'video' : [layer.canvas.pixels[0], layer.canvas.pixels[7]].join());
    return { layer, sent, say, frame, shown };
}

test('exact: a tile is shown with its frame, not before, and not over a later one', async () => {
    const { say, frame, shown, layer } = page();
    frame(5, 5);
    assert.equal(shown(), 'video');
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    assert.equal(shown(), 'video'); // frame 5 is of a time that nothing is known of
    say(tile(2, { rtp: 10, body: [110] }));
    await settled();
    assert.equal(shown(), 'video');
    frame(10, 10);
    assert.equal(shown(), '110,110');
    // The left half changes at 20: the page knows before the frame is there, and after.
    say(records(1, [{ number: 1, rtp: 20, rects: [LEFT] }, { number: 2, rtp: 30, rects: [] }]));
    assert.equal(shown(), '110,110');
    frame(30, 30); // 20 never came out
    assert.equal(shown(), '30,110');
    say(tile(2, { tile: 1, rtp: 30, body: [130] }));
    await settled();
    assert.equal(shown(), '130,130');
    assert.equal(layer.state, 'settling'); // as the device says
    say(records(1, [{ number: 3, rtp: 40, rects: [] }], { state: 0 }));
    assert.equal(layer.state, 'exact'); // frame 40 will differ by nothing
    say(records(1, [{ number: 4, rtp: 50, rects: [LEFT] }], { state: 0 }));
    assert.equal(layer.state, 'settling'); // frame 50 is not there
});

test('exact: a tile that comes late is drawn only where it still holds', async () => {
    const { say, frame, shown } = page();
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }, { number: 1, rtp: 20, rects: [LEFT] }]));
    frame(20, 20);
    say(tile(2, { rtp: 10, body: [110] }));
    await settled();
    assert.equal(shown(), '20,110');
});

test('exact: what moves takes its tiles with it, also one that comes late', async () => {
    for (const late of [false, true]) {
        const { say, frame, layer } = page();
        const at = (y) => layer.canvas.pixels[y * 8];
        say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
        frame(10, 10);
        const image = tile(2, { rtp: 10, at: { x: 0, y: 4, width: 8, height: 4 }, body: [110] });
        globalThis.createImageBitmap = async (blob) => ({ value: new Uint8Array(await blob.arrayBuffer())[0], width: 8, height: 4, close() {} });
        if (!late) say(image);
        await settled();
        // Up by two, and what comes from below is new.
        say(records(1, [{ number: 1, rtp: 20, moves: [{ from: { x: 0, y: 2, width: 8, height: 6 }, x: 0, y: 0 }], rects: [{ x: 0, y: 6, width: 8, height: 2 }] }]));
        frame(20, 20);
        if (late) say(image);
        await settled();
        assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7].map(at), [20, 20, 110, 110, 110, 110, 20, 20], String(late));
    }
    globalThis.createImageBitmap = whole;
});

test('exact: until the record of a frame is there, what was shown stays', async () => {
    const { say, frame, shown } = page();
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    say(tile(2, { rtp: 10, body: [110] }));
    await settled();
    frame(10, 10);
    say(records(1, [{ number: 2, rtp: 30, rects: [] }])); // 1 is lost
    frame(30, 30);
    assert.equal(shown(), '110,110');
    say(records(1, [{ number: 1, rtp: 20, rects: [LEFT] }]));
    assert.equal(shown(), '30,110');
});

test('exact: what tiles show needs no frame, and no frame shows the old again', () => {
    const { say, frame, shown, layer } = page();
    const times = [];
    layer.addEventListener('shown', ({ detail }) => times.push(detail));
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    frame(10, 10);
    say(bundle(1, small({ rtp: 20, at: LEFT, body: [0xc0, 120, 120, 120, 0x40 | 30] }), records(1, [{ number: 1, rtp: 20, frame: false, rects: [LEFT] }], { state: 0 })));
    assert.equal(shown(), '120,10');
    assert.deepEqual(times, [20]);
    assert.equal(layer.state, 'exact');
    // A frame that only says that there is nothing new in it: on the left the video is behind.
    say(records(1, [{ number: 2, rtp: 30, frame: false, rects: [] }]));
    frame(30, 11);
    assert.equal(shown(), '120,11');
    // The frame that shows all comes after what needs none: that waits for it.
    say(bundle(1, small({ tile: 1, rtp: 50, at: LEFT, body: [0xc0, 150, 150, 150, 0x40 | 30] }), records(1, [{ number: 3, rtp: 40, rects: [WHOLE] }, { number: 4, rtp: 50, frame: false, rects: [LEFT] }])));
    assert.equal(shown(), '120,11');
    frame(40, 40);
    assert.equal(shown(), '150,40');
});

test('exact: a change waits for its tiles, but not for long', async () => {
    const { say, frame, shown, layer } = page();
    const corner = { x: 0, y: 0, width: 2, height: 4 };
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    frame(10, 10);
    say(records(1, [{ number: 1, rtp: 20, frame: false, moves: [{ from: { x: 0, y: 0, width: 4, height: 8 }, x: 4, y: 0 }], rects: [corner] }], { state: 0 }));
    say(bundle(1, small({ tile: 1, rtp: 30, at: { x: 7, y: 0, width: 1, height: 1 }, body: [0xc0, 130, 130, 130] }), records(1, [{ number: 2, rtp: 30, frame: false, rects: [{ x: 7, y: 0, width: 1, height: 1 }] }], { state: 0 })));
    assert.equal(shown(), '10,10'); // in their order
    say(small({ tile: 0, rtp: 20, at: corner, body: [0xc0, 120, 120, 120, 0x46] }));
    assert.equal(shown(), '120,130');
    assert.equal(layer.state, 'exact');
    say(records(1, [{ number: 3, rtp: 40, frame: false, rects: [corner] }, { number: 4, rtp: 50, frame: false, rects: [{ x: 7, y: 0, width: 1, height: 1 }] }], { state: 0 }));
    say(small({ tile: 3, rtp: 50, at: { x: 7, y: 0, width: 1, height: 1 }, body: [0xc0, 150, 150, 150] }));
    assert.equal(shown(), '120,130');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(shown(), '120,150'); // what is lost is not shown, but known
    assert.equal(layer.state, 'settling');
    say(small({ tile: 2, rtp: 40, at: corner, body: [0xc0, 140, 140, 140, 0x46] }));
    assert.equal(shown(), '140,150');
    assert.equal(layer.state, 'exact');
});

test('exact: while a large change fills, the picture is of two times, and says that it settles', () => {
    const { say, frame, shown, layer } = page();
    const RIGHT = { ...LEFT, x: 4 }, states = [];
    layer.addEventListener('presented', () => states.push([shown(), layer.state].join(' ')));
    const half = (rtp, at, value) => small({ tile: rtp, rtp, at, body: [0xc0, value, value, value, 0x40 | 30] });
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }], { state: 2 }));
    frame(10, 10);
    // A film on the left, a bar on the right, both anew after a pause: the bar's tile is there first.
    say(bundle(1, half(20, RIGHT, 120), records(1, [{ number: 1, rtp: 20, frame: false, rects: [WHOLE] }])));
    assert.equal(shown(), '10,120');
    assert.equal(layer.state, 'settling');
    // The film goes on; its frame is not there yet, so what is shown is still of two times.
    say(records(1, [{ number: 2, rtp: 30, rects: [WHOLE] }], { state: 2 }));
    assert.equal(layer.state, 'settling');
    frame(30, 30);
    assert.equal(shown(), '30,30');
    assert.equal(layer.state, 'motion');
    // Or its tiles come.
    say(bundle(1, half(40, RIGHT, 140), records(1, [{ number: 3, rtp: 40, frame: false, rects: [WHOLE] }], { state: 2 })));
    assert.equal(layer.state, 'settling');
    say(half(41, LEFT, 99)); // of another time
    assert.equal(layer.state, 'settling');
    say(small({ tile: 42, rtp: 40, at: LEFT, body: [0xc0, 141, 141, 141, 0x40 | 30] }));
    assert.equal(shown(), '141,140');
    assert.equal(layer.state, 'motion');
    // So nobody is told of a picture of two times as of one that is whole.
    assert.deepEqual(states.filter((one) => /^(10,120|30,140)/.test(one) && !one.endsWith('settling')), []);
    assert.ok(states.includes('10,120 settling'));
});

test('exact: a page that has shown no frame, or does not know its time, lets the device rely on nothing', () => {
    const { say, frame, sent, layer } = page();
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    assert.deepEqual(sent, []);
    frame(10, 10);
    assert.equal(sent.length, 1);
    frame(undefined, 20);
    assert.equal(layer.state, 'none');
});

test('exact: chunks in any order, twice, are one tile, and are all acknowledged', async () => {
    const { say, frame, shown, sent } = page();
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    frame(10, 10);
    for (const index of [2, 0, 0, 1, 2]) say(tile(2, { rtp: 10, index, count: 3, body: [index === 0 ? 110 : 0] }));
    await settled();
    assert.equal(shown(), '110,110');
    const acked = new Set();
    for (const ack of sent) {
        const view = new DataView(ack.buffer);
        for (let i = 0; ack[1] === 0x81 && i < ack[12]; i++) for (let k = 0; k < view.getUint16(19 + i * 10, true); k++) acked.add(view.getUint16(17 + i * 10, true) + k);
    }
    assert.deepEqual([...acked].sort(), [0, 1, 2]);
});

test('exact: small changes that follow each other are acknowledged together, and one that was lost makes haste', async () => {
    const { say, frame, sent } = page();
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    frame(10, 10);
    for (let n = 1; n < 4; n++) say(records(1, [{ number: n, rtp: 10 + n, frame: false, rects: [] }]));
    sent.length = 0;
    const change = (n, also = []) => bundle(1, small({ tile: n, rtp: 100 + n, at: LEFT, body: [0xc0, n, n, n, 0x40 | 30] }), records(1, [...also, n].map((number) => ({ number, rtp: 100 + number, frame: false, rects: [LEFT] }))));
    for (let n = 4; n < 10; n++) say(change(n));
    assert.equal(sent.length, 0);
    for (let i = 0; i < 100 && !sent.length; i++) await settled();
    assert.equal(sent.length, 1);
    assert.equal(sent[0][12], 6); // tiles
    assert.equal(sent[0][4], 10); // the next record
    say(change(11, [10])); // the tile of 10 did not come
    assert.equal(sent.length, 2);
    assert.equal(sent[1][12], 1);
    assert.equal(sent[1][4], 12);
});

test('exact: a page that was seen comes back by its name, another name is a miss', async () => {
    const { say, frame, shown, sent } = page();
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    frame(10, 10);
    say(tile(2, { rtp: 10, slot: 3, name: 7, body: [110] }));
    await settled();
    say(records(1, [{ number: 1, rtp: 20, rects: [WHOLE] }]));
    frame(20, 20);
    assert.equal(shown(), '20,20');
    say(tile(3, { tile: 1, rtp: 20, slot: 3, name: 8, count: 0 }));
    assert.ok(sent.some((message) => [...message].join() === '2,130,1,0,1,0,0,0'));
    say(tile(3, { tile: 2, rtp: 20, slot: 3, name: 7, count: 0 }));
    await settled();
    assert.equal(shown(), '110,110');
});

test('exact: of a page that was seen a part comes back, from where it is told', async () => {
    const { say, frame, shown } = page(), cut = [];
    globalThis.createImageBitmap = async (blob, ...part) => {
        if (part.length === 1) return whole(blob);
        const [x, y, width, height] = part;
        cut.push([x, y, width, height]);
        return { ...(await whole(blob)), width, height };
    };
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    frame(10, 10);
    say(tile(2, { rtp: 10, slot: 3, name: 7, body: [110] }));
    await settled();
    assert.deepEqual(cut, []);
    say(records(1, [{ number: 1, rtp: 20, rects: [WHOLE] }]));
    frame(20, 20);
    say(tile(3, { tile: 1, rtp: 20, at: LEFT, slot: 3, name: 7, index: 4, count: 2 }));
    await settled();
    assert.deepEqual(cut, [[4, 2, 4, 8]]);
    assert.equal(shown(), '110,20');
    globalThis.createImageBitmap = whole;
});

test('exact: a packed image is shown at once, and parts of it come back', () => {
    const { say, frame, shown } = page();
    const body = [...Buffer.from('00e63ff80180d83c', 'hex')]; // 8x8: 50, and 60 in its right half
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    frame(10, 10);
    say(tile(2, { rtp: 10, slot: 3, name: 7, count: 2, body: body.slice(0, 5) }));
    assert.equal(shown(), '10,10');
    say(tile(2, { rtp: 10, slot: 3, name: 7, index: 1, count: 2, body: body.slice(5) }));
    assert.equal(shown(), '50,50'); // the canvas here takes a tile for its first pixel
    say(records(1, [{ number: 1, rtp: 20, rects: [WHOLE] }]));
    frame(20, 20);
    say(tile(3, { tile: 1, rtp: 20, at: LEFT, slot: 3, name: 7, index: 4, count: 0 }));
    assert.equal(shown(), '60,20');
    say(tile(3, { tile: 2, rtp: 20, slot: 3, name: 7, index: 0, count: 0 }));
    assert.equal(shown(), '50,50');
});

test('exact: a tab in the background keeps no more than it may need', async () => {
    const { say, frame, shown } = page();
    let open = 0;
    globalThis.createImageBitmap = async (blob) => { open++; return { value: new Uint8Array(await blob.arrayBuffer())[0], width: 8, height: 8, close: () => open-- }; };
    say(records(1, [{ number: 0, rtp: 0, rects: [WHOLE] }]));
    for (let n = 1; n <= 3000; n++) {
        say(records(1, [{ number: n, rtp: n * 10, rects: [WHOLE] }]));
        say(tile(2, { tile: n, rtp: n * 10, body: [1 + (n % 200)] }));
        if (n % 100 === 0) await settled();
    }
    await settled();
    assert.ok(open <= 300, `${open} images`);
    frame(30000, 7);
    await settled();
    assert.equal(shown(), '1,1');
    assert.equal(open, 0);
    globalThis.createImageBitmap = whole;
});

test('exact: what is video alone is left to the video, until something is exact', async () => {
    let held = 0;
    globalThis.VideoFrame = class { constructor({ value }) { this.value = value; held++; } close() { held--; } };
    const waiting = [];
    globalThis.requestAnimationFrame = (does) => waiting.push(does);
    const { say, frame, shown, layer } = page();
    let number = 0, rtp = 0;
    const film = (value) => {
        say(records(1, [{ number, rtp, rects: [WHOLE] }], { state: 2 }));
        frame(rtp, value);
        number++;
        rtp += 10;
    };
    for (let i = 0; i < 7; i++) film(i + 1);
    assert.equal(shown(), '7,7');
    for (let i = 7; i < 12; i++) film(i + 1);
    assert.equal(shown(), 'video');
    assert.equal(layer.state, 'motion');
    assert.equal(held, 1);
    // A tile: the canvas begins with the newest frame, which the browser has told of by the next animation frame.
    const change = (value) => say(bundle(1, small({ tile: number, rtp, at: LEFT, body: [0xc0, value, value, value, 0x40 | 30] }), records(1, [{ number: number++, rtp, frame: false, rects: [LEFT] }])));
    change(112);
    rtp += 10;
    assert.equal(shown(), 'video');
    waiting.splice(0).forEach((does) => does());
    assert.equal(shown(), '112,12');
    assert.equal(held, 0);
    // And one that a frame overtakes on the way to the animation frame.
    for (let i = 20; i < 40; i++) film(i + 1);
    assert.equal(shown(), 'video');
    change(140);
    rtp += 10;
    film(41);
    assert.equal(shown(), '41,41');
    assert.equal(held, 0);
    waiting.splice(0).forEach((does) => does());
    assert.equal(shown(), '41,41');
    change(141);
    assert.equal(shown(), '141,41');
    // One that was cut from a picture that changed nothing, and waits for a frame before that.
    for (let i = 40; i < 60; i++) film(i + 1);
    assert.equal(shown(), 'video');
    say(records(1, [{ number, rtp, rects: [WHOLE] }, { number: number + 1, rtp: rtp + 10, frame: false, rects: [] }], { state: 0 }));
    say(small({ tile: number, rtp: rtp + 10, at: LEFT, body: [0xc0, 161, 161, 161, 0x40 | 30] }));
    assert.equal(shown(), 'video');
    frame(rtp, 61);
    assert.equal(shown(), '161,61');
    assert.equal(held, 0);
    layer.close();
    assert.equal(held, 0);
    delete globalThis.VideoFrame;
    delete globalThis.requestAnimationFrame;
});

test('exact: what is drawn is the frame whose time is known, though the video has another by then', () => {
    let held = 0;
    globalThis.VideoFrame = class {
        constructor({ value, rtp }) { Object.assign(this, { value, rtp }); held++; }
        metadata() { return { rtpTimestamp: this.rtp }; }
        close() { held--; }
    };
    const { say, shown, layer } = page();
    const video = { videoWidth: 8, rtp: 10, value: 10 };
    const bar = (number, rtp) => say(bundle(1, small({ tile: number, rtp, at: LEFT, body: [0xc0, 100 + rtp, 100 + rtp, 100 + rtp, 0x40 | 30] }), records(1, [{ number, rtp, rects: [WHOLE] }])));
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    layer.frame(10, video);
    assert.equal(shown(), '10,10');
    // A busy page is told of frame 20 when the element has 30.
    bar(1, 20);
    bar(2, 30);
    Object.assign(video, { rtp: 30, value: 30 });
    layer.frame(20, video);
    assert.equal(shown(), '130,30');
    layer.frame(30, video);
    assert.equal(shown(), '130,30');
    // The record of frame 40 comes when the element has 50.
    Object.assign(video, { rtp: 40, value: 40 });
    layer.frame(40, video);
    Object.assign(video, { rtp: 50, value: 50 });
    bar(3, 40);
    assert.equal(shown(), '140,40');
    assert.equal(held, 0);
    layer.frame(50, video);
    assert.equal(held, 1);
    layer.close();
    assert.equal(held, 0);
    delete globalThis.VideoFrame;
});

test('exact: of a frame only what is not exact is drawn', async () => {
    const { say, frame, layer } = page();
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    say(small({ rtp: 10, body: flat(110) }));
    frame(10, 10);
    let drawn = 0;
    const { drawImage } = layer.context;
    layer.context.drawImage = (...all) => { drawn++; drawImage(...all); };
    for (let n = 1; n < 9; n++) { // at rest
        say(records(1, [{ number: n, rtp: 10 + n, frame: n % 2 === 0, rects: [] }]));
        frame(10 + n, 10 + n);
    }
    assert.equal(drawn, 0);
    say(records(1, [{ number: 9, rtp: 30, rects: [LEFT] }]));
    frame(30, 30);
    assert.equal(drawn, 1); // the frame, and no tiles over it
    assert.deepEqual([layer.canvas.pixels[0], layer.canvas.pixels[7]], [30, 110]);
});

test('exact: rectangles that have a side in common are one', () => {
    const tiles = [0, 1, 2, 3].flatMap((y) => [0, 1, 2].map((x) => ({ x: x * 5, y: y * 3, width: 5, height: 3 })));
    assert.deepEqual(join(tiles), [{ x: 0, y: 0, width: 15, height: 12 }]);
    const apart = [{ x: 0, y: 0, width: 5, height: 3 }, { x: 5, y: 0, width: 5, height: 4 }, { x: 20, y: 0, width: 5, height: 3 }];
    assert.deepEqual(join(apart), apart);
});

test('exact: of many rectangles there become few, over nothing that must not be covered', () => {
    const spots = [...Array(200).keys()].map((i) => ({ x: (i % 20) * 4, y: Math.floor(i / 20) * 4, width: 2 + (i % 3), height: 2 }));
    const size = { width: 80, height: 40 }, all = { x: 0, y: 0, ...size }, awaited = { x: 41, y: 12, width: 20, height: 13 };
    const some = spots.flatMap((spot) => without(spot, [awaited]));
    for (const closed of [[], [awaited], [all]]) {
        const left = coarse(some, size, closed);
        assert.deepEqual(some.flatMap((spot) => without(spot, left)), []);
        const gaps = closed.flatMap((one) => without(one, some));
        assert.equal(area(gaps.flatMap((gap) => without(gap, left))), area(gaps));
        assert.equal(area(left), area([all]) - area(without(all, left))); // they don't overlap
        if (closed[0] !== all) assert.ok(left.length <= 72, `${left.length} rectangles`);
    }
});

test('exact: what the page keeps of what is exact is bounded', () => {
    const { say, frame, layer } = page();
    const size = { width: 1280, height: 720 };
    const show = (rtp) => layer.frame(rtp, { videoWidth: 1280, value: 10 });
    say(records(1, [{ number: 0, rtp: 10, rects: [{ x: 0, y: 0, ...size }] }], size));
    show(10);
    const rects = [];
    layer.context.rect = (x, y, width, height) => rects.push({ x, y, width, height });
    let most = 0, number = 1;
    for (let i = 1; i < 2000; i++, number++) {
        const at = { x: (i * 37) % 1270, y: (i * 91) % 710, width: 1 + (i % 7), height: 1 + (i % 5) };
        const body = [0xc0, 1, 1, 1, ...(at.width * at.height > 1 ? [0x40 | (at.width * at.height - 2)] : [])];
        say(bundle(1, small({ tile: number, rtp: 10 + number, at, body }), records(1, [{ number, rtp: 10 + number, frame: false, rects: [at] }], size)));
        if (i % 100) continue;
        rects.length = 0; // what the next frame draws is what is not kept
        say(records(1, [{ number: ++number, rtp: 10 + number, rects: [] }], size));
        show(10 + number);
        most = Math.max(most, rects.length);
        assert.equal(area([at].flatMap((one) => without(one, rects))), area([at]));
    }
    assert.ok(most > 10 && most < 1000, `${most} rectangles`);
    // What a record names is drawn of its frame, all of it.
    const film = { x: 100, y: 100, width: 600, height: 400 };
    say(records(1, [{ number, rtp: 10 + number, rects: [film] }], size));
    rects.length = 0;
    show(10 + number);
    assert.deepEqual(without(film, rects), []);
    // And what was awaited when a frame shows all again, however many exact spots lie in it.
    const awaited = { x: 0, y: 0, width: 640, height: 360 }, spots = [];
    say(records(1, [{ number: ++number, rtp: 10 + number, frame: false, rects: [awaited] }], size));
    for (let i = 0; i < 200; i++) {
        const at = { x: (i % 20) * 30, y: Math.floor(i / 20) * 30, width: 1, height: 1 };
        spots.push(at);
        number++;
        say(bundle(1, small({ tile: number, rtp: 10 + number, at, body: [0xc0, 1, 1, 1] }), records(1, [{ number, rtp: 10 + number, frame: false, rects: [at] }], size)));
    }
    say(records(1, [{ number: ++number, rtp: 10 + number, rects: [] }], size));
    rects.length = 0;
    show(10 + number);
    assert.deepEqual(without(awaited, spots).flatMap((one) => without(one, rects)), []);
});

test('exact: in a tab in the background nothing is kept but what is exact', () => {
    const { say, layer } = page();
    const size = { width: 1280, height: 720 }, all = { x: 0, y: 0, ...size };
    say(records(1, [{ number: 0, rtp: 10, rects: [all] }], size));
    layer.frame(10, { videoWidth: 1280, value: 10 });
    const rects = [];
    layer.context.rect = (x, y, width, height) => rects.push({ x, y, width, height });
    // A film that nobody saw, so many pictures that it is applied all the same, and small changes; then the tab is looked at again.
    let number = 1;
    const exact = [], picture = (frame, rects, tiles = []) => say(bundle(1, ...tiles, records(1, [{ number, rtp: 10 + number++, frame, rects }], size)));
    for (let i = 0; i < 10; i++) picture(true, [all]);
    for (let i = 0; i < 1030; i++) picture(false, []);
    for (let i = 0; i < 200; i++) {
        const at = { x: (i * 37) % 1270, y: (i * 91) % 710, width: 1, height: 1 };
        picture(false, [at], [small({ tile: number, rtp: 10 + number, at, body: [0xc0, 1, 1, 1] })]);
        exact.push(at);
    }
    picture(true, []);
    layer.frame(9 + number, { videoWidth: 1280, value: 11 });
    assert.equal(area(rects), area([all]) - area(exact));
});

test('exact: a new epoch begins with nothing, an old one is void', async () => {
    const { say, frame, shown } = page();
    say(records(65535, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    say(tile(2, { epoch: 65535, rtp: 10, body: [110] }));
    await settled();
    frame(10, 10);
    assert.equal(shown(), '110,110');
    say(records(0, [{ number: 0, rtp: 20, rects: [WHOLE] }]));
    assert.equal(shown(), '110,110'); // until there is something better
    frame(20, 20);
    say(tile(2, { epoch: 65535, tile: 5, rtp: 10, body: [99] }));
    say(records(65535, [{ number: 1, rtp: 30, rects: [] }]));
    await settled();
    assert.equal(shown(), '20,20');
});
