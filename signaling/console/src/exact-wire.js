/* The messages of the data channel "oriel-exact", byte for byte as PROTOCOL.md says (Exact layer). Pure.
 * What does not fit is null: unknown versions and types are for pages that know them. */

const VERSION = 1;
const [RECORDS, CHUNK, REFERENCE, ACK, MISS] = [1, 2, 3, 0x81, 0x82];
const RECORDS_HEAD = 10;
const RECORD_HEAD = 10;
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
    const records = [];
    for (let left = view.getUint8(9); left > 0; left--) {
        if (at + RECORD_HEAD > view.byteLength) return null;
        const record = { number: view.getUint32(at, true), rtp: view.getUint32(at + 4, true), moves: [], rects: [] };
        const [moves, count] = [view.getUint8(at + 8), view.getUint8(at + 9)];
        at += RECORD_HEAD;
        if (at + moves * MOVE + count * RECT > view.byteLength) return null;
        for (let i = 0; i < moves; i++, at += MOVE) record.moves.push({ from: readRect(view, at), x: view.getUint16(at + 8, true), y: view.getUint16(at + 10, true) });
        for (let i = 0; i < count; i++, at += RECT) record.rects.push(readRect(view, at));
        records.push(record);
    }
    if (at !== view.byteLength || !state) return null;
    return { ...head, t: 'records', width: view.getUint16(4, true), height: view.getUint16(6, true), state, records };
}

function readTile(view, head, t) {
    const name = new Uint8Array(view.buffer, view.byteOffset + 26, 16);
    const tile = {
        ...head,
        t,
        tile: view.getUint32(4, true),
        rtp: view.getUint32(8, true),
        ...readRect(view, 12),
        index: view.getUint16(20, true),
        count: view.getUint16(22, true),
        slot: view.getUint16(24, true),
        name: Array.from(name, (byte) => byte.toString(16).padStart(2, '0')).join(''),
        bytes: new Uint8Array(view.buffer, view.byteOffset + TILE_HEAD, view.byteLength - TILE_HEAD),
    };
    return tile.index < tile.count && tile.width > 0 && tile.height > 0 ? tile : null;
}

/* ArrayBuffer -> {t: 'records' | 'chunk' | 'reference', epoch, …} | null. */
export function readExact(buffer) {
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < RECORDS_HEAD) return null;
    const view = new DataView(buffer);
    if (view.getUint8(0) !== VERSION) return null;
    const type = view.getUint8(1);
    const head = { epoch: view.getUint16(2, true) };
    if (type === RECORDS) return readRecords(view, head);
    if (view.byteLength < TILE_HEAD) return null;
    if (type === CHUNK) return view.byteLength > TILE_HEAD ? readTile(view, head, 'chunk') : null;
    if (type === REFERENCE) return view.byteLength === TILE_HEAD ? readTile(view, head, 'reference') : null;
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

/* `next`: the first record that is missing; `ranges`: [{tile, first, count}, …], at most RANGES_MAX. */
export function writeAck(epoch, next, ranges) {
    const view = writeHead(9 + ranges.length * 8, ACK, epoch, next);
    view.setUint8(8, ranges.length);
    ranges.forEach(({ tile, first, count }, i) => {
        view.setUint32(9 + i * 8, tile, true);
        view.setUint16(13 + i * 8, first, true);
        view.setUint16(15 + i * 8, count, true);
    });
    return view.buffer;
}

export const writeMiss = (epoch, tile) => writeHead(8, MISS, epoch, tile).buffer;
