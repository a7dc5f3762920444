/* The exact layer of one connection: what the device says on "oriel-exact", as a canvas that lies over the video.
 *
 * The canvas is opaque and shows both layers: the browser changes the frame of a <video> when it likes, and a tile that
 * lies over the element would for a moment lie over another frame than its own. So what is shown is drawn here, frames and tiles.
 *
 * Rule: records say how the picture changes, one after the other, and are applied in their order. One that a frame shows waits
 * for a frame of its time or later. One that tiles show waits for those tiles, for HOLD_MS at most; a large one does not wait, it
 * fills. A tile holds from its RTP time on, and each pixel of it until a record names that pixel; what a record moves goes with it.
 * Where tiles have shown changes, the video is behind: its frames are drawn around that (`stale`), until a record says that the
 * frame shows all again. So no tile is ever shown over a picture that it does not belong to, nor a frame over a newer tile.
 *
 * Drawing costs: of a frame only what no tile covers is drawn. While nothing of the picture is exact, as in a film that fills the
 * screen, the video shows it alone (`bare`: the canvas is hidden); the last frame is held then, so that the canvas can begin with
 * the very frame that is shown, in an animation frame, before which the browser has told of the newest.
 *
 * `canvas` is to be laid over the video, pixel on pixel; while it is `hidden` it shows nothing that may be shown.
 * Events: `presented`, when what is shown has changed, or `state`; `shown`, a picture that has no frame (detail: its RTP time).
 */
import { NO_SLOT, RANGES_MAX, readExact, writeAck, writeMiss } from './exact-wire.js';
import { area, coarse, follow, join, without } from './exact-rects.js';
import { isPacked, readPacked } from './exact-pack.js';
import { readRuns } from './exact-runs.js';

const HOLD_MS = 60;
const FILL_SHARE = 8; // more than an eighth of the picture is large
const LOST_MS = 4000; // frames of which nothing is known, for so long: the video alone
const STALE_MAX = 64; // rectangles
const KEPT_MAX = 64; // rectangles, after which it is made coarse
const KEPT_FEW = 32; // that need not be joined
const BARE_AFTER = 8; // frames that are video alone, one after the other
const IMAGES_MAX = 128;
const LOG_MAX = 1024; // records kept: more than any tile is on its way for
const DONE_MAX = 4096; // tiles whose late copies are acknowledged again
const CHUNKS_UNACKED = 8;
const CHUNK_ACK_MS = 5;
const ACK_MS = 40; // after the last small change, the device reckons with 45;
const ACK_LATEST_MS = 130; // and after the first one, while they go on: with 135
const CACHE_BYTES = 20 << 20; // the device keeps to 16
const later = (a, b) => ((a - b) << 16) >> 16 > 0; // epochs wrap

/* The image of a tile, of its chunks: {size} and {blob}, a WebP, or {bytes, width, height}, a packed one. */
function gather(chunks, { width, height }) {
    const size = chunks.reduce((sum, { length }) => sum + length, 0);
    if (!isPacked(chunks[0])) return { size, blob: new Blob(chunks, { type: 'image/webp' }) };
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks) {
        bytes.set(chunk, at);
        at += chunk.length;
    }
    return { size, bytes, width, height };
}

/* A part of an image's pixels. */
function part(data, { x, y }, width, height) {
    if (x + width > data.width || y + height > data.height) throw new Error('a part beyond the image');
    if (width === data.width && height === data.height) return data;
    const cut = new ImageData(width, height);
    for (let row = 0; row < height; row++) {
        const from = ((y + row) * data.width + x) * 4;
        cut.data.set(data.data.subarray(from, from + width * 4), row * width * 4);
    }
    return cut;
}

/* The frame that the element has; null: this browser can't hold it. */
function grab(video) {
    try {
        return new VideoFrame(video);
    } catch {
        return null;
    }
}

export class ExactLayer extends EventTarget {
    #channel = null;
    #epoch = null;
    #size = null; // of the epoch
    #begun = false; // something of the epoch is in the canvas
    #told = 'settling';
    #log = []; // records without a gap; #log[i].number is #base + i
    #base = 0;
    #early = new Map(); // number -> record, after a gap
    #numbers = new Map(); // rtp -> number
    #applied = 0; // records up to here are in the canvas
    #frame = null; // RTP time of the frame that is presented
    #drawn = null; // ... of the one in the canvas
    #known = 0; // when a frame was last one of a record
    #video = null;
    #picture = null; // the frame itself, until it is shown; null, too: this browser can't hold it
    #stale = []; // where the video is behind
    #owed = []; // where the tiles are that have not come
    #kept = []; // what of the canvas is exact, and what may stay as it is beside that: rectangles that don't overlap
    #keptMost = KEPT_FEW; // they are made fewer beyond that
    #undrawn = false; // a frame that was to show something never came
    #plain = 0; // frames since anything was exact
    #bare = false;
    #held = null; // while it is: the frame that is shown
    #tiles = new Map(); // id -> what has come of it
    #done = new Set();
    #images = []; // decoded, waiting for their time
    #decoding = 0;
    #ranges = [];
    #unacked = 0;
    #unackedSince = 0;
    #timer = 0;
    #timerAt = 0; // when it ends
    #patient = false; // whether small changes put it off
    #hold = 0; // a timer
    #cache = new Map(); // slot -> {name, image}, the oldest first
    #cached = 0;
    #unpacked = null; // the last image of those that are packed, and its pixels

    constructor() {
        super();
        this.canvas = document.createElement('canvas');
        this.canvas.hidden = true;
        this.context = this.canvas.getContext('2d', { alpha: false });
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
        clearTimeout(this.#hold);
        this.#bare = false;
        this.#holdFrame(null);
        this.#setPicture(null);
        this.#show(false);
    }

    /* This page can't say which frame it shows: so the device shall leave nothing out of the video. */
    refuse() {
        this.#channel?.close();
        this.close();
    }

    /* 'exact': each pixel is the screen's; 'motion': what is not is a frame of the same time; 'settling': neither, or not yet, as
     * while a large change fills; 'none': there is no such layer. */
    get state() {
        if (!this.#channel || this.#epoch === null) return 'none';
        if (this.#owed.length) return 'settling';
        const coming = this.#log.slice(this.#applied - this.#base).some(({ moves, rects }) => moves.length || rects.length);
        const whole = this.#begun && !this.canvas.hidden && !this.#decoding && !this.#images.length && !coming;
        return this.#told === 'exact' && !whole ? 'settling' : this.#told;
    }

    /* A frame of the video is presented. What the element has by then, on a busy page, is often the next one already: that is the
     * one that counts, where the browser knows its time. And it may have another when the record comes: so this one is held. */
    frame(told, video) {
        if (told === undefined) return this.refuse();
        this.#setPicture(grab(video));
        const rtp = this.#picture?.metadata?.().rtpTimestamp ?? told;
        const first = this.#frame === null;
        this.#frame = rtp;
        this.#video = video;
        const now = performance.now();
        if (this.#numbers.has(rtp)) this.#known = now;
        else if (now - this.#known > LOST_MS) this.#show(false);
        if (first && this.#epoch !== null) this.#acknowledge();
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
        const before = this.state;
        let wait = ACK_MS;
        for (const one of message.t === 'bundle' ? message.messages : [message]) {
            if (one.t === 'records' && (this.#epoch === null || later(one.epoch, this.#epoch))) this.#begin(one);
            if (one.epoch === this.#epoch) wait = Math.min(wait, one.t === 'records' ? this.#records(one) : this.#part(one));
        }
        if (!this.#unacked++) this.#unackedSince = performance.now();
        this.#acknowledgeIn(this.#unacked >= CHUNKS_UNACKED ? 0 : wait);
        this.#compose();
        if (this.state !== before) this.#changed();
    }

    #begin({ epoch, width, height }) {
        this.#epoch = epoch;
        this.#size = { width, height };
        this.#begun = false; // until then the canvas shows what it showed
        this.#log = [];
        this.#base = this.#applied = 0;
        for (const known of [this.#early, this.#numbers, this.#tiles, this.#done]) known.clear();
        this.#forget();
        this.#ranges = [];
        this.#unacked = 0;
        this.#stale = [];
        this.#owed = [];
    }

    #forget() {
        for (const { bitmap } of this.#images.splice(0)) bitmap?.close();
    }

    #records({ state, records }) {
        this.#told = state;
        const now = performance.now();
        // A record whose own message was lost came with a later one: the device shall know soon which tile lacks.
        const late = records.length > 1 && records.at(-2).number >= this.#next;
        for (const record of records) if (record.number >= this.#next) this.#early.set(record.number, { ...record, at: now });
        for (let record; (record = this.#early.get(this.#next)); ) {
            this.#early.delete(record.number);
            this.#numbers.set(record.rtp, record.number);
            this.#log.push(record);
        }
        while (this.#log.length > LOG_MAX) {
            // A tab in the background has no frames: what would be applied with them is applied without.
            if (this.#base === this.#applied) {
                if (this.#bare) this.#cover(this.#held);
                this.#undrawn ||= this.#log[0].frame;
                this.#apply(this.#log[0]);
            }
            this.#numbers.delete(this.#log.shift().rtp);
            this.#base++;
        }
        // A beginning and what was lost are news.
        return this.#early.size || this.#next < 4 || late ? 0 : ACK_MS;
    }

    /* In how many ms it must be acknowledged: at once, if it was the last one of its tile. */
    #part(message) {
        const { tile, index, count } = message;
        this.#ranges.push({ tile, first: index, count: 1, at: performance.now() });
        if (this.#done.has(tile)) return CHUNK_ACK_MS;
        const known = this.#tiles.get(tile) ?? { chunks: new Array(count), left: count };
        this.#tiles.set(tile, known);
        if (index < known.chunks.length && !known.chunks[index]) {
            known.chunks[index] = message.bytes;
            known.left--;
        }
        if (known.left === 0) this.#finish(message, known.chunks);
        return message.t === 'small' ? ACK_MS : known.left === 0 ? 0 : CHUNK_ACK_MS;
    }

    #finish(message, chunks) {
        const { tile, t, slot, name, from } = message;
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
        if (t === 'small') return this.#small(message);
        const image = t === 'reference' ? kept.image : gather(chunks, message);
        if (slot !== NO_SLOT) this.#keep(slot, name, image);
        if (image.bytes) this.#unpack(message, image, from);
        else this.#decode(message, image, from);
    }

    #keep(slot, name, image) {
        this.#cached += image.size - (this.#cache.get(slot)?.image.size ?? 0);
        this.#cache.delete(slot);
        this.#cache.set(slot, { name, image });
        for (const [oldest, { image: old }] of this.#cache) {
            if (this.#cached <= CACHE_BYTES) break;
            this.#cache.delete(oldest);
            this.#cached -= old.size;
        }
    }

    /* At once: most changes are such ones. */
    #small({ tile, rtp, x, y, width, height, bytes }) {
        try {
            this.#images.push({ rtp, rect: { x, y, width, height }, data: new ImageData(readRuns(bytes, width, height), width) });
        } catch (error) {
            this.#undecodable(tile, error);
        }
    }

    /* Likewise. */
    #unpack({ tile, rtp, x, y, width, height }, image, from) {
        try {
            if (this.#unpacked?.image !== image) this.#unpacked = { image, data: new ImageData(readPacked(image.bytes, image.width, image.height), image.width) };
            this.#images.push({ rtp, rect: { x, y, width, height }, data: part(this.#unpacked.data, from ?? { x: 0, y: 0 }, width, height) });
            if (this.#images.length > IMAGES_MAX) this.#tidy();
        } catch (error) {
            this.#undecodable(tile, error);
        }
    }

    /* What can't be decoded here never will be. */
    #undecodable(tile, error) {
        console.warn(`tile ${tile}: ${error.message}`);
        this.refuse();
    }

    /* All of it, or from there on what the tile takes. */
    async #decode({ epoch, tile, rtp, x, y, width, height }, { blob }, from) {
        this.#decoding++;
        try {
            const crop = from ? [from.x, from.y, width, height] : [];
            const bitmap = await createImageBitmap(blob, ...crop, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
            if (epoch !== this.#epoch || bitmap.width !== width || bitmap.height !== height) bitmap.close();
            else this.#images.push({ rtp, rect: { x, y, width, height }, bitmap });
            if (this.#images.length > IMAGES_MAX) this.#tidy();
        } catch (error) {
            this.#undecodable(tile, error);
        }
        this.#decoding--;
        this.#compose();
    }

    /* Closes those of which nothing is left by what is known already, as happens in a tab in the background. */
    #tidy() {
        this.#images = this.#images.filter(({ rtp, rect, bitmap }) => {
            const from = this.#numbers.get(rtp);
            const left = from === undefined ? !this.#log.length || ((rtp - this.#log[0].rtp) | 0) > 0 : follow(rect, this.#log.slice(from + 1 - this.#base)).length;
            if (!left) bitmap?.close();
            return left;
        });
    }

    // ---- what the page says ----

    /* Small changes that follow each other are acknowledged by one message. */
    #acknowledgeIn(ms) {
        const now = performance.now();
        const at = ms < ACK_MS ? now + ms : Math.min(now + ms, this.#unackedSince + ACK_LATEST_MS);
        if (at <= now) return this.#acknowledge();
        if (this.#timer && this.#timerAt <= at && !(this.#patient && ms === ACK_MS)) return;
        clearTimeout(this.#timer);
        this.#timerAt = at;
        this.#patient = ms === ACK_MS;
        this.#timer = setTimeout(() => this.#acknowledge(), at - now);
    }

    /* Nothing before there was a frame: the device shall not rely on a page that can't show any of it. */
    #acknowledge() {
        clearTimeout(this.#timer);
        this.#timer = 0;
        if (this.#frame === null) return;
        const ranges = [];
        for (const range of this.#ranges) {
            const last = ranges.at(-1);
            if (last && last.tile === range.tile && last.first + last.count === range.first && range.at - last.at < 1) last.count++;
            else ranges.push(range);
        }
        this.#ranges = [];
        this.#unacked = 0;
        do this.#send(writeAck(this.#epoch, this.#next, performance.now(), ranges.splice(0, RANGES_MAX)));
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

    /* Applies what is due, and draws. `now`: in an animation frame. */
    #compose(now = false) {
        const number = this.#frame === null || this.#epoch === null ? undefined : this.#numbers.get(this.#frame);
        if (number !== undefined) this.#known = performance.now();
        const fresh = number !== undefined && this.#drawn !== this.#frame && this.#video.videoWidth === this.#size.width;
        if (!this.#begun) {
            if (!fresh) return;
            this.#begun = true;
            this.#bare = false;
            this.#holdFrame(null);
            if (this.canvas.width !== this.#size.width || this.canvas.height !== this.#size.height) {
                Object.assign(this.canvas, this.#size); // and clears it
                this.#kept = [];
            }
        }
        if (fresh) {
            const last = this.#log.findLastIndex((record) => record.frame && record.number <= number) + this.#base;
            while (this.#applied <= last) this.#apply(this.#log[this.#applied - this.#base]);
        }
        const covers = this.#bare && this.#wantsCanvas();
        if (covers && !fresh && !now) return void requestAnimationFrame(() => this.#compose(true));
        if (covers) this.#cover(fresh ? (this.#picture ?? this.#video) : this.#held);
        const shown = this.#applyReady();
        if (fresh) this.#showFrame();
        const changed = this.#drawImages() || fresh || shown !== null;
        if (this.#kept.length > this.#keptMost) this.#keepFewer();
        if (shown !== null) this.dispatchEvent(new CustomEvent('shown', { detail: shown }));
        if (this.#bare) return;
        if (this.canvas.hidden && (fresh || covers)) this.#show(true);
        else if (changed) this.#changed();
    }

    /* Whether something can be shown that is no frame; also by a tile of a picture that changed nothing. */
    #wantsCanvas() {
        let to = this.#applied;
        for (let record; (record = this.#log[to - this.#base]) && !record.frame; to++) if (record.rects.length + record.moves.length > 0) return true;
        return this.#images.some(({ rtp }) => this.#numbers.get(rtp) < to);
    }

    /* The canvas is to go on where the video is. */
    #cover(frame) {
        this.#bare = false;
        this.#plain = 0;
        this.context.drawImage(frame, 0, 0, this.#size.width, this.#size.height);
        this.#drawn = this.#frame;
        this.#holdFrame(null);
    }

    #holdFrame(frame) {
        this.#held?.close();
        this.#held = frame;
    }

    #setPicture(frame) {
        this.#picture?.close();
        this.#picture = frame;
    }

    /* By the video, if there has been nothing else for a while; else in the canvas. */
    #showFrame() {
        const plain = !this.#kept.length && !this.#stale.length && !this.#images.length;
        this.#plain = plain ? this.#plain + 1 : 0;
        this.#bare = this.#picture !== null && (this.#bare || this.#plain >= BARE_AFTER);
        if (!this.#bare) {
            this.#drawFrame(this.#picture ?? this.#video);
            this.#holdFrame(null);
            return this.#setPicture(null);
        }
        this.#holdFrame(this.#picture);
        this.#picture = null;
        this.#drawn = this.#frame;
        this.#show(false);
    }

    /* Those that need no frame, and whose tiles are there; the RTP time of the last that has changed something, or null. */
    #applyReady() {
        let rtp = null;
        const now = performance.now();
        for (let record; (record = this.#log[this.#applied - this.#base]) && !record.frame; ) {
            const lacks = this.#lacks(record);
            const large = area(record.rects) * FILL_SHARE > this.#size.width * this.#size.height;
            if (lacks.length && !large && now - record.at < HOLD_MS) {
                clearTimeout(this.#hold);
                this.#hold = setTimeout(() => this.#compose(), record.at + HOLD_MS - now + 1);
                break;
            }
            this.#apply(record, lacks);
            if (record.rects.length || record.moves.length) rtp = record.rtp;
        }
        return rtp;
    }

    /* What of its rectangles no tile covers that has come. */
    #lacks({ number, rects }) {
        if (!rects.length) return [];
        const there = this.#images.filter(({ rtp }) => this.#numbers.get(rtp) >= number).map(({ rect }) => rect);
        return rects.flatMap((rect) => without(rect, there));
    }

    #apply(record, lacks = []) {
        const { frame, moves, rects } = record;
        for (const { from, x, y } of moves) this.#move(from, x, y);
        this.#kept = this.#kept.flatMap((rect) => follow(rect, [record]));
        this.#applied++;
        if (frame) {
            this.#stale = this.#owed = [];
            return;
        }
        this.#owed = [...this.#owed.flatMap((rect) => follow(rect, [record])), ...lacks];
        const behind = [...moves.map(({ from: { width, height }, x, y }) => ({ x, y, width, height })), ...rects];
        this.#stale = [...this.#stale.filter((rect) => without(rect, behind).length), ...behind];
        if (this.#stale.length > STALE_MAX) this.#stale = [{ x: 0, y: 0, ...this.#size }];
    }

    /* What lies between exact parts, and was drawn of a frame, may stay until a record names it or a tile comes. Whenever there are
     * twice as many: so it costs little, too, where it is of no use. */
    #keepFewer() {
        this.#kept = join(this.#kept);
        if (this.#kept.length > KEPT_MAX) this.#kept = coarse(this.#kept, this.#size, this.#undrawn ? [{ x: 0, y: 0, ...this.#size }] : this.#stale);
        this.#keptMost = Math.max(KEPT_FEW, 2 * this.#kept.length);
    }

    #move(from, x, y) {
        const { context } = this;
        context.drawImage(context.canvas, from.x, from.y, from.width, from.height, x, y, from.width, from.height);
    }

    /* The frame, where it is not behind and nothing is exact. */
    #drawFrame(frame) {
        const { context } = this;
        const { width, height } = this.#size;
        this.#drawn = this.#frame;
        this.#undrawn = false;
        const parts = without({ x: 0, y: 0, width, height }, [...this.#stale, ...this.#kept]);
        if (!parts.length) return;
        context.save();
        context.beginPath();
        for (const part of parts) context.rect(part.x, part.y, part.width, part.height);
        context.clip();
        context.drawImage(frame, 0, 0, width, height);
        context.restore();
    }

    /* Those whose time has come; whether anything is seen of them. */
    #drawImages() {
        const waiting = [];
        let changed = false;
        for (const image of this.#images) {
            const from = this.#numbers.get(image.rtp);
            if (from === undefined || from >= this.#applied) waiting.push(image);
            else changed = this.#draw(image, from) || changed;
        }
        this.#images = waiting;
        return changed;
    }

    /* What of it has not changed since, where that is now; whether there was anything. */
    #draw({ rect, bitmap, data }, from) {
        const parts = follow(rect, this.#log.slice(from + 1 - this.#base, this.#applied - this.#base));
        for (const { x, y, width, height, dx, dy } of parts)
            if (data) this.context.putImageData(data, rect.x + dx, rect.y + dy, x - dx - rect.x, y - dy - rect.y, width, height);
            else this.context.drawImage(bitmap, x - dx - rect.x, y - dy - rect.y, width, height, x, y, width, height);
        bitmap?.close();
        if (parts.length) this.#kept = [...this.#kept.flatMap((kept) => without(kept, parts)), ...parts];
        if (this.#owed.length) this.#owed = this.#owed.flatMap((owed) => without(owed, parts));
        const stale = this.#stale.flatMap((one) => without(one, parts)); // that is kept now
        if (stale.length <= STALE_MAX) this.#stale = stale;
        return parts.length > 0;
    }
}
