/* The messages of the data channel "oriel-exact", byte for byte as PROTOCOL.md says (Exact layer). Pure.
 * What does not fit is null: unknown versions and types are for pages that know them. */

const VERSION = 2;
const [RECORDS, CHUNK, REFERENCE, SMALL, BUNDLE, ACK, MISS] = [1, 2, 3, 4, 5, 0x81, 0x82];
const HEAD = 4;
const RECORDS_HEAD = 14;
const RECORD_HEAD = 7;
const SMALL_HEAD = 20;
const RECT = 8;
const MOVE = 12;
const TILE_HEAD = 42;
export const STATES = ['exact', 'settling', 'motion'];
export const RANGES_MAX = 64;
export const NO_SLOT = 0xffff;

const readRect = (view, at) => ({
    x: view.getUint16(at, true),
    y: view.getUint16(at + 2, true),
    width: view.getUint16(at + 4, true),
    height: view.getUint16(at + 6, true),
});

function readRecords(view, head) {
    const state = STATES[view.getUint8(8)];
    let at = RECORDS_HEAD;
    let number = view.byteLength >= RECORDS_HEAD ? view.getUint32(10, true) : 0;
    const records = [];
    for (let left = view.getUint8(9); left > 0; left--) {
        if (at + RECORD_HEAD > view.byteLength) return null;
        const record = { number: number++, rtp: view.getUint32(at, true), frame: (view.getUint8(at + 4) & 1) === 1, moves: [], rects: [] };
        const [moves, count] = [view.getUint8(at + 5), view.getUint8(at + 6)];
        at += RECORD_HEAD;
        if (at + moves * MOVE + count * RECT > view.byteLength) return null;
        for (let i = 0; i < moves; i++, at += MOVE) record.moves.push({ from: readRect(view, at), x: view.getUint16(at + 8, true), y: view.getUint16(at + 10, true) });
        for (let i = 0; i < count; i++, at += RECT) record.rects.push(readRect(view, at));
        records.push(record);
    }
    if (at !== view.byteLength || !state) return null;
    return { ...head, t: 'records', width: view.getUint16(4, true), height: view.getUint16(6, true), state, records };
}

function readTile(view, head) {
    const name = new Uint8Array(view.buffer, view.byteOffset + 26, 16);
    const tile = {
        ...head,
        t: 'chunk',
        tile: view.getUint32(4, true),
        rtp: view.getUint32(8, true),
        ...readRect(view, 12),
        index: view.getUint16(20, true),
        count: view.getUint16(22, true),
        slot: view.getUint16(24, true),
        name: Array.from(name, (byte) => byte.toString(16).padStart(2, '0')).join(''),
        bytes: new Uint8Array(view.buffer, view.byteOffset + TILE_HEAD, view.byteLength - TILE_HEAD),
    };
    return tile.width > 0 && tile.height > 0 ? tile : null;
}

/* `from`: where it begins in the image that is kept. */
function readReference(view, head) {
    const tile = readTile(view, head);
    return tile && { ...tile, t: 'reference', index: 0, count: 1, from: { x: tile.index, y: tile.count } };
}

function readChunk(view, head) {
    const tile = readTile(view, head);
    return tile && tile.index < tile.count ? tile : null;
}

function readSmall(view, head) {
    const rect = readRect(view, 12);
    if (!rect.width || !rect.height) return null;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + SMALL_HEAD, view.byteLength - SMALL_HEAD);
    return { ...head, t: 'small', tile: view.getUint32(4, true), rtp: view.getUint32(8, true), ...rect, index: 0, count: 1, slot: NO_SLOT, bytes };
}

function readBundle(view, head) {
    const messages = [];
    for (let at = HEAD; at < view.byteLength; ) {
        const length = at + 2 <= view.byteLength ? view.getUint16(at, true) : 0;
        if (length < HEAD || at + 2 + length > view.byteLength) return null;
        const message = readView(new DataView(view.buffer, view.byteOffset + at + 2, length));
        if (!message || message.t === 'bundle') return null;
        messages.push(message);
        at += 2 + length;
    }
    return messages.length ? { ...head, t: 'bundle', messages } : null;
}

/* ArrayBuffer -> {t: 'records' | 'chunk' | 'reference' | 'small' | 'bundle', epoch, …} | null. */
export function readExact(buffer) {
    return buffer instanceof ArrayBuffer && buffer.byteLength >= HEAD ? readView(new DataView(buffer)) : null;
}

function readView(view) {
    if (view.getUint8(0) !== VERSION) return null;
    const type = view.getUint8(1);
    const head = { epoch: view.getUint16(2, true) };
    if (type === BUNDLE) return readBundle(view, head);
    if (type === RECORDS) return view.byteLength >= RECORDS_HEAD ? readRecords(view, head) : null;
    if (type === SMALL) return view.byteLength > SMALL_HEAD ? readSmall(view, head) : null;
    if (view.byteLength < TILE_HEAD) return null;
    if (type === CHUNK) return view.byteLength > TILE_HEAD ? readChunk(view, head) : null;
    if (type === REFERENCE) return view.byteLength === TILE_HEAD ? readReference(view, head) : null;
    return null;
}

const writeHead = (size, type, epoch, number) => {
    const view = new DataView(new ArrayBuffer(size));
    view.setUint8(0, VERSION);
    view.setUint8(1, type);
    view.setUint16(2, epoch, true);
    view.setUint32(4, number, true);
    return view;
};

/* `next`: the first record that is missing; `now`: ms of any clock; `ranges`: [{tile, first, count, at: when it came}, …], at most
 * RANGES_MAX. */
export function writeAck(epoch, next, now, ranges) {
    const view = writeHead(13 + ranges.length * 10, ACK, epoch, next);
    view.setUint32(8, Math.round(now * 10) % 2 ** 32, true);
    view.setUint8(12, ranges.length);
    ranges.forEach(({ tile, first, count, at }, i) => {
        view.setUint32(13 + i * 10, tile, true);
        view.setUint16(17 + i * 10, first, true);
        view.setUint16(19 + i * 10, count, true);
        view.setUint16(21 + i * 10, Math.min(Math.max(Math.round((now - at) * 10), 0), 65535), true);
    });
    return view.buffer;
}

export const writeMiss = (epoch, tile) => writeHead(8, MISS, epoch, tile).buffer;
