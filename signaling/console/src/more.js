/* A request for further scopes of the session that lives: asked, and answered, in an exchange of its own. What is in force
 * then is said by an `update` in the session's exchange. No DOM, network or clock; src/session.js drives it.
 *
 *   asking -> shown -> allowed | denied | unreachable
 */
export class More {
    constructor({ reason, scopes }, now) {
        Object.assign(this, { reason, scopes, state: 'asking', since: now, code: '', outcome: null });
        this.exchange = this.hash = null; // of the request, once it is sent
    }

    get waiting() {
        return ['asking', 'shown'].includes(this.state);
    }

    /* It still waits for a challenge of the device. */
    get pending() {
        return this.state === 'asking' && !this.hash;
    }

    sent(exchange, hash, code) {
        Object.assign(this, { exchange, hash, code });
    }

    /* Whether a message is an answer to it. */
    owns(exchange, message) {
        return this.hash !== null && exchange === this.exchange && message.request === this.hash;
    }

    answered({ typ, stage, reason, detail, retry }, now) {
        if (!this.waiting) return;
        if (typ === 'denial') this.settle('denied', { reason, detail, ...(retry && { retry }) }, now);
        else if (stage === 'shown') this.state = 'shown';
        else if (stage === 'allowed') this.settle('allowed', null, now);
    }

    settle(state, outcome, now) {
        Object.assign(this, { state, outcome, since: now });
    }
}
