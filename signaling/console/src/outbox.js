/* What this page says in a session, in the order of its `seq`: numbered, and kept for a while, since the broker keeps
 * nothing for a device that is away. No DOM, network or clock; src/session.js drives it.
 */
const KEPT = 64;
const AGAIN_MS = 60_000;

export class Outbox {
    #next = 0;
    #said = []; // {at, message}

    /* The message with its number. */
    add(message, now) {
        const whole = { ...message, seq: this.#next++ };
        this.#said.push({ at: now, message: whole });
        if (this.#said.length > KEPT) this.#said.shift();
        return whole;
    }

    /* The device took the answer of that path, and so all that was said before it. */
    taken(path) {
        this.#said.splice(0, this.#said.findIndex(({ message }) => message.typ === 'sdp' && message.path === path) + 1);
    }

    /* What is worth saying again to a device that was away, which takes each number once. */
    recent(now) {
        return this.#said.filter(({ at }) => at >= now - AGAIN_MS).map(({ message }) => message);
    }
}
