/* From the screen of the device to this page: the mathematics of latency. No DOM, no timers.
 *
 * Two clocks are set against each other by ping and pong on the data channel: of the recent exchanges the one with the
 * shortest round trip errs least, at most by half of it. The device says once which time of its clock one RTP timestamp
 * shows; every other frame follows at 90 kHz. Units: device times in microseconds, page times in milliseconds
 * (performance.now()).
 */

const RTP_HZ = 90000;
const RECENT_PINGS = 30; // half a minute at one a second: short enough for the drift of two quartzes to stay under 3 ms

/* Where this page's clock stands against the device's. */
export class ClockOffset {
    #pings = [];

    /* `sent`, `received` in page ms; `deviceNow` in device us. */
    add(sent, received, deviceNow) {
        const rtt = received - sent;
        if (!(rtt >= 0)) return;
        this.#pings.push({ rtt, offset: deviceNow / 1000 - (sent + received) / 2 });
        if (this.#pings.length > RECENT_PINGS) this.#pings.shift();
    }

    get #best() {
        return this.#pings.reduce((best, ping) => (best && best.rtt <= ping.rtt ? best : ping), null);
    }

    /* Shortest recent round trip in ms, or null. */
    get rtt() {
        return this.#best?.rtt ?? null;
    }

    /* Device us -> page ms, or null before the first pong. */
    toPage(deviceTime) {
        const best = this.#best;
        return best && deviceTime / 1000 - best.offset;
    }
}

/* RTP timestamps (32 bits, wrapping each 13 h) to device time. */
export class FrameClock {
    #last = null; // last timestamp seen, and its unwrapped distance from `rtp` in ticks
    #distance = 0;
    #at = 0;

    /* The device's `time` message: the frame `rtp` shows the screen of device time `at` (us). */
    set(rtp, at) {
        this.#last = rtp;
        this.#distance = 0;
        this.#at = at;
    }

    /* Device us of the screen that the frame shows, or null before `set`. */
    at(rtp) {
        if (this.#last === null) return null;
        // Relative to the last frame, not to the first: a session may last longer than half of the 32 bits.
        this.#distance += (rtp - this.#last) | 0;
        this.#last = rtp;
        return this.#at + (this.#distance * 1e6) / RTP_HZ;
    }
}

/* Values of the last `span` ms and their median. */
export class RecentMedian {
    #values = [];

    constructor(span) {
        this.span = span;
    }

    add(now, value) {
        this.#values.push({ now, value });
        this.#forget(now);
    }

    /* null when nothing was added within the span. */
    median(now) {
        this.#forget(now);
        const sorted = this.#values.map((v) => v.value).sort((a, b) => a - b);
        if (!sorted.length) return null;
        const half = sorted.length >> 1;
        return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    #forget(now) {
        while (this.#values.length && this.#values[0].now < now - this.span) this.#values.shift();
    }
}

/* How long nothing has come, asked for every `every` ms. Time in which the page did not run (a tab that was frozen, a computer that
 * slept or is overloaded) is nobody's silence: what came meanwhile is only read afterwards. */
export class Silence {
    #heard = null;
    #ticked = null;

    constructor(every) {
        this.every = every;
    }

    heard(now) {
        this.#heard = now;
    }

    /* ms; 0 before anything was heard. */
    tick(now) {
        const missed = this.#ticked === null ? 0 : now - this.#ticked - this.every;
        this.#ticked = now;
        if (this.#heard === null) return 0;
        if (missed > this.every) this.#heard += missed;
        return now - this.#heard;
    }
}
