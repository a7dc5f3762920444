/* A call for support that is dealt with, as the device is told, and what came of that. That the call is gone from the
 * device's state says that it was taken. No DOM, network or clock; src/session.js drives it.
 *
 *   sending -> refused | unanswered
 */
const EXPIRY_S = 30;

export class Done {
    #exchange = null;
    #hash = null;
    #changed;

    constructor(since, note, changed) {
        Object.assign(this, { since, note, state: 'sending' });
        this.#changed = changed;
    }

    get sending() {
        return this.state === 'sending';
    }

    /* In the exchange of a challenge. It begins nothing, so it leaves that for a request. */
    async send(exchange) {
        const message = await exchange.prepare({ typ: 'done', since: this.since, note: this.note }, EXPIRY_S);
        if (!this.sending || this.#hash) return;
        this.#exchange = exchange;
        this.#hash = message.hash;
        message.send();
    }

    /* Whether a message is an answer to it. */
    owns(exchange, message) {
        return this.#hash !== null && exchange === this.#exchange && message.request === this.#hash;
    }

    settle(state, { reason, detail } = {}) {
        if (!this.sending) return;
        Object.assign(this, { state, reason, detail });
        this.#changed();
    }
}
