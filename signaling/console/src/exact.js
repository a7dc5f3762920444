/* The exact layer of one connection: what the device says on "oriel-exact", as a canvas that lies over the video.
 *
 * The canvas is opaque and shows both layers: the browser changes the frame of a <video> when it likes, and a tile that
 * lies over the element would for a moment lie over another frame than its own. So each frame is drawn here, with the
 * tiles that hold at its time.
 *
 * Rule: a tile holds from the RTP time on that it was cut at, and each pixel of it until a record names that pixel; what
 * a record moves goes with it. The frame that is presented says which time it is: all records up to it are applied, then
 * every tile that holds. Of a frame whose record has not come we don't know what has changed: the layer is hidden until
 * it has, and the video stands alone. So no tile is ever shown over a picture that it does not belong to.
 *
 * `canvas` is to be laid over the video, pixel on pixel; while it is `hidden` it shows nothing that may be shown.
 * Event: `presented`, when what is shown has changed, or `state`.
 */
import { NO_SLOT, RANGES_MAX, readExact, writeAck, writeMiss } from './exact-wire.js';
import { follow } from './exact-rects.js';

const IMAGES_MAX = 128;
const LOG_MAX = 1024; // records kept: more than any tile is on its way for
const DONE_MAX = 4096; // tiles whose late copies are acknowledged again
const CHUNKS_UNACKED = 8;
const ACK_MS = 5;
const CACHE_BYTES = 20 << 20; // the device keeps to 16
const later = (a, b) => ((a - b) << 16) >> 16 > 0; // epochs wrap

export class ExactLayer extends EventTarget {
    #channel = null;
    #epoch = null;
    #told = 'settling';
    #log = []; // records without a gap; #log[i].number is #base + i
    #base = 0;
    #early = new Map(); // number -> record, after a gap
    #numbers = new Map(); // rtp -> number
    #applied = 0; // records up to here are in the canvas
    #frame = null; // RTP time of the frame that is presented
    #drawn = null; // ... of the one in the canvas
    #video = null;
    #tiles = new Map(); // id -> what has come of it
    #done = new Set();
    #images = []; // decoded, waiting for their time
    #decoding = 0;
    #ranges = [];
    #unacked = 0;
    #timer = 0;
    #cache = new Map(); // slot -> {name, bytes}, the oldest first
    #cached = 0;

    constructor() {
        super();
        this.canvas = document.createElement('canvas');
        this.canvas.hidden = true;
        this.context = this.canvas.getContext('2d', { alpha: false });
        this.tiles = document.createElement('canvas'); // what is exact of the frame; the rest is transparent
        this.over = this.tiles.getContext('2d');
        this.bytes = 0;
    }

    attach(channel) {
        this.#channel = channel;
        channel.binaryType = 'arraybuffer';
        channel.onmessage = ({ data }) => this.#heard(data);
        channel.onclose = () => this.close();
    }

    /* The video stands alone from now on. */
    close() {
        if (this.#channel) this.#channel.onmessage = this.#channel.onclose = null;
        this.#channel = null;
        this.#epoch = null;
        clearTimeout(this.#timer);
        this.#show(false);
    }

    /* 'exact': each pixel is the screen's; 'settling', 'motion': not all are; 'none': there is no such layer. */
    get state() {
        if (!this.#channel || this.#epoch === null) return 'none';
        const coming = this.#log.slice(this.#applied - this.#base).some(({ moves, rects }) => moves.length || rects.length);
        const whole = !this.canvas.hidden && !this.#decoding && !this.#images.length && !coming;
        return this.#told === 'exact' && !whole ? 'settling' : this.#told;
    }

    /* A frame of the video is presented: to be called while the element has it. */
    frame(rtp, video) {
        if (rtp === undefined) return;
        this.#frame = rtp;
        this.#video = video;
        this.#compose();
    }

    get #next() {
        return this.#base + this.#log.length;
    }

    // ---- what the device says ----

    #heard(data) {
        const message = readExact(data);
        if (!message) return;
        this.bytes += data.byteLength;
        if (message.t === 'records') {
            if (this.#epoch === null || later(message.epoch, this.#epoch)) this.#begin(message);
            if (message.epoch === this.#epoch) this.#records(message);
        } else if (message.epoch === this.#epoch) this.#part(message);
    }

    #begin({ epoch, width, height }) {
        this.#epoch = epoch;
        this.#log = [];
        this.#base = this.#applied = 0;
        for (const known of [this.#early, this.#numbers, this.#tiles, this.#done]) known.clear();
        this.#forget();
        this.#ranges = [];
        this.#unacked = 0;
        this.#show(false);
        for (const canvas of [this.canvas, this.tiles]) Object.assign(canvas, { width, height }); // and clears it
        this.#drawn = null;
    }

    #forget() {
        for (const { bitmap } of this.#images.splice(0)) bitmap.close();
    }

    #records({ state, records }) {
        const before = this.state;
        this.#told = state;
        for (const record of records) if (record.number >= this.#next) this.#early.set(record.number, record);
        for (let record; (record = this.#early.get(this.#next)); ) {
            this.#early.delete(record.number);
            this.#numbers.set(record.rtp, record.number);
            this.#log.push(record);
        }
        while (this.#log.length > LOG_MAX) {
            // A tab in the background has no frames: what would be cleared with them is cleared without.
            if (this.#base === this.#applied) this.#apply(this.#log[this.#applied++ - this.#base]);
            this.#numbers.delete(this.#log.shift().rtp);
            this.#base++;
        }
        this.#acknowledge();
        this.#compose();
        if (this.state !== before) this.#changed();
    }

    #part(message) {
        const { tile, index, count } = message;
        this.#ranges.push({ tile, first: index, count: 1 });
        this.#unacked++;
        if (!this.#done.has(tile)) {
            const known = this.#tiles.get(tile) ?? { chunks: new Array(count), left: count };
            this.#tiles.set(tile, known);
            if (index < known.chunks.length && !known.chunks[index]) {
                known.chunks[index] = message.bytes;
                known.left--;
            }
            if (known.left === 0) {
                this.#finish(message, known.chunks);
                this.#acknowledge();
                return;
            }
        }
        if (this.#unacked >= CHUNKS_UNACKED || this.#ranges.length >= RANGES_MAX / 2) this.#acknowledge();
        else if (!this.#timer) this.#timer = setTimeout(() => this.#acknowledge(), ACK_MS);
    }

    #finish(message, chunks) {
        const { tile, t, slot, name } = message;
        const kept = this.#cache.get(slot);
        if (t === 'reference' && kept?.name !== name) {
            this.#ranges.pop(); // it has not come
            this.#tiles.delete(tile);
            this.#send(writeMiss(this.#epoch, tile));
            return;
        }
        this.#tiles.delete(tile);
        this.#done.add(tile);
        if (this.#done.size > DONE_MAX) this.#done.delete(this.#done.values().next().value);
        const bytes = t === 'reference' ? kept.bytes : new Blob(chunks, { type: 'image/webp' });
        if (slot !== NO_SLOT) this.#keep(slot, name, bytes);
        this.#decode(message, bytes);
    }

    #keep(slot, name, bytes) {
        this.#cached += bytes.size - (this.#cache.get(slot)?.bytes.size ?? 0);
        this.#cache.delete(slot);
        this.#cache.set(slot, { name, bytes });
        for (const [oldest, { bytes: old }] of this.#cache) {
            if (this.#cached <= CACHE_BYTES) break;
            this.#cache.delete(oldest);
            this.#cached -= old.size;
        }
    }

    async #decode({ epoch, tile, rtp, x, y, width, height }, bytes) {
        this.#decoding++;
        try {
            const bitmap = await createImageBitmap(bytes, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
            if (epoch !== this.#epoch || bitmap.width !== width || bitmap.height !== height) bitmap.close();
            else this.#images.push({ rtp, rect: { x, y, width, height }, bitmap });
            if (this.#images.length > IMAGES_MAX) this.#tidy();
        } catch (error) {
            console.warn(`tile ${tile}: ${error.message}`);
            this.close(); // what can't be decoded here never will be
        }
        this.#decoding--;
        this.#compose();
    }

    /* Closes those of which nothing is left by what is known already, as happens in a tab in the background. */
    #tidy() {
        this.#images = this.#images.filter(({ rtp, rect, bitmap }) => {
            const from = this.#numbers.get(rtp);
            const left = from === undefined ? !this.#log.length || ((rtp - this.#log[0].rtp) | 0) > 0 : follow(rect, this.#log.slice(from + 1 - this.#base)).length;
            if (!left) bitmap.close();
            return left;
        });
    }

    // ---- what the page says ----

    #acknowledge() {
        clearTimeout(this.#timer);
        this.#timer = 0;
        const ranges = [];
        for (const range of this.#ranges) {
            const last = ranges.at(-1);
            if (last && last.tile === range.tile && last.first + last.count === range.first) last.count++;
            else ranges.push(range);
        }
        this.#ranges = [];
        this.#unacked = 0;
        do this.#send(writeAck(this.#epoch, this.#next, ranges.splice(0, RANGES_MAX)));
        while (ranges.length);
    }

    #send(buffer) {
        if (this.#channel?.readyState === 'open') this.#channel.send(buffer);
    }

    // ---- what is shown ----

    #show(shown) {
        if (this.canvas.hidden === !shown) return;
        this.canvas.hidden = !shown;
        this.#changed();
    }

    #changed() {
        this.dispatchEvent(new Event('presented'));
    }

    /* Brings the canvas to the time of the frame. Only with a new one there is anything to clear. */
    #compose() {
        const number = this.#frame === null || this.#epoch === null ? undefined : this.#numbers.get(this.#frame);
        if (number === undefined || this.#video.videoWidth !== this.canvas.width) return this.#show(false);
        const fresh = this.#drawn !== this.#frame;
        for (; this.#applied <= number; this.#applied++)
            this.#apply(this.#log[this.#applied - this.#base]);
        const waiting = [];
        let changed = fresh;
        for (const image of this.#images) {
            const from = this.#numbers.get(image.rtp);
            if (from === undefined || from >= this.#applied) waiting.push(image);
            else changed = this.#draw(image, from, fresh ? [this.over] : [this.over, this.context]) || changed;
        }
        this.#images = waiting;
        if (fresh) {
            this.context.drawImage(this.#video, 0, 0, this.canvas.width, this.canvas.height);
            this.context.drawImage(this.tiles, 0, 0);
            this.#drawn = this.#frame;
        }
        if (this.canvas.hidden) this.#show(true);
        else if (changed) this.#changed();
    }

    #apply({ moves, rects }) {
        const { over, tiles } = this;
        for (const { from, x, y } of moves) {
            // What is transparent there shall be so here as well: copied, not drawn over.
            over.save();
            over.beginPath();
            over.rect(x, y, from.width, from.height);
            over.clip();
            over.globalCompositeOperation = 'copy';
            over.drawImage(tiles, from.x, from.y, from.width, from.height, x, y, from.width, from.height);
            over.restore();
        }
        for (const { x, y, width, height } of rects) over.clearRect(x, y, width, height);
    }

    /* What of it has not changed since, where that is now; whether there was anything. */
    #draw({ rect, bitmap }, from, contexts) {
        const parts = follow(rect, this.#log.slice(from + 1 - this.#base, this.#applied - this.#base));
        for (const { x, y, width, height, dx, dy } of parts)
            for (const context of contexts) context.drawImage(bitmap, x - dx - rect.x, y - dy - rect.y, width, height, x, y, width, height);
        bitmap.close();
        return parts.length > 0;
    }
}
