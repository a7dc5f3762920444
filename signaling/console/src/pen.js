/* Pointing and drawing on the picture: places of it become messages, at most 20 a second of each kind.
 *
 * A place is {x, y} from 0 to 1 of the picture. Of a pointer only the newest place counts, of a line each: what the limit
 * holds back goes with the next message. No DOM; the clock and the timer are given, so that it tests without.
 */
const EVERY_MS = 50;
const MAX_POINTS = 32;
const END = 65535;

const number = (value) => Math.round(Math.min(1, Math.max(0, value)) * END);
const pair = ({ x, y }) => [number(x), number(y)];

export class Pen {
    #send;
    #now;
    #after;
    #point = { at: -Infinity, held: null, timer: null };
    #stroke = { number: 0, held: [], last: null, timer: null };

    /* send(message); now() in ms; after(ms, f) -> cancel(). */
    constructor({ send, now = () => performance.now(), after = (ms, f) => ((timer) => () => clearTimeout(timer))(setTimeout(f, ms)) }) {
        this.#send = send;
        this.#now = now;
        this.#after = after;
    }

    point(place) {
        const p = this.#point;
        p.held = pair(place);
        if (p.timer) return;
        const left = p.at + EVERY_MS - this.#now();
        if (left <= 0) this.#sendPoint();
        else p.timer = this.#after(left, () => this.#sendPoint());
    }

    #sendPoint() {
        const p = this.#point;
        p.timer = null;
        p.at = this.#now();
        this.#send({ t: 'point', at: p.held });
    }

    /* A ring around a place. */
    mark(place) {
        this.#send({ t: 'mark', at: pair(place) });
    }

    begin(place) {
        this.end();
        this.#stroke.number++;
        this.move(place);
    }

    move(place) {
        const s = this.#stroke;
        const [x, y] = pair(place);
        if (s.last && s.last[0] === x && s.last[1] === y) return;
        s.last = [x, y];
        s.held.push(x, y);
        if (s.held.length >= 2 * MAX_POINTS) this.#sendStroke();
        else s.timer ??= this.#after(EVERY_MS, () => this.#sendStroke());
    }

    end() {
        this.#sendStroke();
        this.#stroke.last = null;
    }

    #sendStroke() {
        const s = this.#stroke;
        s.timer?.();
        s.timer = null;
        if (s.held.length) this.#send({ t: 'draw', stroke: s.number, points: s.held.splice(0) });
    }

    clear() {
        this.end();
        this.#send({ t: 'clear' });
    }
}
