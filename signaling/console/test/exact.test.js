/* The exact layer without a browser: its messages, its rectangles, and the rule by which tiles hold, on a canvas of numbers. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { readExact, writeAck, writeMiss } from '../src/exact-wire.js';
import { follow, without } from '../src/exact-rects.js';

const bytes = (...values) => Uint8Array.from(values).buffer;
const hex = (buffer) => Buffer.from(buffer).toString('hex');
const u16 = (n) => [n & 255, (n >> 8) & 255];
const u32 = (n) => [...u16(n & 65535), ...u16(n >>> 16)];
const rect = ({ x, y, width, height }) => [x, y, width, height].flatMap(u16);

const records = (epoch, list, { width = 8, height = 8, state = 1 } = {}) =>
    bytes(1, 1, ...u16(epoch), ...u16(width), ...u16(height), state, list.length, ...list.flatMap(({ number, rtp, rects, moves = [] }) => [...u32(number), ...u32(rtp), moves.length, rects.length, ...moves.flatMap(({ from, x, y }) => [...rect(from), ...u16(x), ...u16(y)]), ...rects.flatMap(rect)]));
const tile = (type, { epoch = 1, tile: id = 0, rtp = 0, at = { x: 0, y: 0, width: 8, height: 8 }, index = 0, count = 1, slot = 0xffff, name = 7, body = [] }) =>
    bytes(1, type, ...u16(epoch), ...u32(id), ...u32(rtp), ...rect(at), ...u16(index), ...u16(count), ...u16(slot), ...Array(16).fill(name), ...body);

test('exact: records, as the device writes them', () => {
    const data = Buffer.from('010134120005d0020202 04030201feffffff0001 0100020003000401 05030201070000000100 0100020003000400 05000600'.replaceAll(' ', ''), 'hex');
    const message = readExact(data.buffer.slice(data.byteOffset, data.byteOffset + data.length));
    assert.deepEqual(message, {
        t: 'records', epoch: 0x1234, width: 1280, height: 720, state: 'motion',
        records: [
            { number: 0x01020304, rtp: 0xfffffffe, moves: [], rects: [{ x: 1, y: 2, width: 3, height: 260 }] },
            { number: 0x01020305, rtp: 7, moves: [{ from: { x: 1, y: 2, width: 3, height: 4 }, x: 5, y: 6 }], rects: [] },
        ],
    });
});

test('exact: what is cut off, too long, or of another version is no message', () => {
    const good = records(1, [{ number: 0, rtp: 1, rects: [{ x: 0, y: 0, width: 1, height: 1 }] }]);
    assert.ok(readExact(good));
    for (let n = 0; n < good.byteLength; n++) assert.equal(readExact(good.slice(0, n)), null);
    assert.equal(readExact(bytes(...new Uint8Array(good), 0)), null);
    assert.equal(readExact(records(1, [], { state: 3 })), null);
    assert.equal(readExact(bytes(2, ...new Uint8Array(good).subarray(1))), null);
    assert.ok(readExact(tile(2, { body: [1] })));
    assert.equal(readExact(tile(2, {})), null);
    assert.equal(readExact(tile(2, { index: 1, body: [1] })), null);
    assert.equal(readExact(tile(2, { body: [1], at: { x: 0, y: 0, width: 0, height: 1 } })), null);
    assert.ok(readExact(tile(3, {})));
    assert.equal(readExact(tile(3, { body: [1] })), null);
    assert.equal(readExact(tile(4, {})), null);
    assert.equal(readExact('text'), null);
});

test('exact: what the page says', () => {
    assert.equal(hex(writeAck(0x102, 3, [{ tile: 4, first: 5, count: 6 }])), '01810201030000000104000000' + '05000600');
    assert.equal(hex(writeMiss(1, 9)), '0182010009000000');
});

test('exact: a rectangle without others', () => {
    const all = { x: 0, y: 0, width: 10, height: 10 };
    const area = (list) => list.reduce((sum, { width, height }) => sum + width * height, 0);
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
            save() {}, restore() {}, beginPath() {}, rect() {}, clip() {},
            clearRect: (x, y, w, h) => each(x, y, w, h, (i) => (this.pixels[i] = 0)),
            drawImage: (from, ...n) =>
                n.length === 8 && from.pixels
                    ? moved(from, n)
                    : n.length === 8
                    ? each(n[4], n[5], n[6], n[7], (i) => (this.pixels[i] = from.value))
                    : each(0, 0, 8, 8, (i) => (this.pixels[i] = from.pixels ? from.pixels[i] || this.pixels[i] : from.value)),
        };
    }
}

let ExactLayer;
const whole = async (blob) => ({ value: new Uint8Array(await blob.arrayBuffer())[0], width: 8, height: 8, close() {} });
before(async () => {
    globalThis.document = { createElement: () => new Canvas() };
    // The image of a tile is one byte: its colour.
    globalThis.createImageBitmap = whole;
    ({ ExactLayer } = await import('../src/exact.js'));
});

const WHOLE = { x: 0, y: 0, width: 8, height: 8 };
const LEFT = { x: 0, y: 0, width: 4, height: 8 };
const settled = () => new Promise((resolve) => setTimeout(resolve, 10));

function page() {
    const layer = new ExactLayer(), sent = [];
    const channel = { readyState: 'open', send: (buffer) => sent.push(new Uint8Array(buffer)) };
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

test('exact: without the record of a frame the video stands alone', async () => {
    const { say, frame, shown } = page();
    say(records(1, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    say(tile(2, { rtp: 10, body: [110] }));
    await settled();
    frame(10, 10);
    say(records(1, [{ number: 2, rtp: 30, rects: [] }])); // 1 is lost
    frame(30, 30);
    assert.equal(shown(), 'video');
    say(records(1, [{ number: 1, rtp: 20, rects: [LEFT] }]));
    assert.equal(shown(), '30,110');
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
        for (let i = 0; i < ack[8]; i++) for (let k = 0; k < view.getUint16(15 + i * 8, true); k++) acked.add(view.getUint16(13 + i * 8, true) + k);
    }
    assert.deepEqual([...acked].sort(), [0, 1, 2]);
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
    say(tile(3, { tile: 1, rtp: 20, slot: 3, name: 8 }));
    assert.ok(sent.some((message) => [...message].join() === '1,130,1,0,1,0,0,0'));
    say(tile(3, { tile: 2, rtp: 20, slot: 3, name: 7 }));
    await settled();
    assert.equal(shown(), '110,110');
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

test('exact: a new epoch begins with nothing, an old one is void', async () => {
    const { say, frame, shown } = page();
    say(records(65535, [{ number: 0, rtp: 10, rects: [WHOLE] }]));
    say(tile(2, { epoch: 65535, rtp: 10, body: [110] }));
    await settled();
    frame(10, 10);
    assert.equal(shown(), '110,110');
    say(records(0, [{ number: 0, rtp: 20, rects: [WHOLE] }]));
    assert.equal(shown(), 'video');
    frame(20, 20);
    say(tile(2, { epoch: 65535, tile: 5, rtp: 10, body: [99] }));
    say(records(65535, [{ number: 1, rtp: 30, rects: [] }]));
    await settled();
    assert.equal(shown(), '20,20');
});
