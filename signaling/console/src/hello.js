/* Whether the device is there and talks to this agent: this page's hello, and the challenge that answers it. No DOM,
 * network or clock; src/session.js drives it.
 *
 *   checking -> yes | no | refused | unverified
 *
 * Policy: a hello goes to a verified identity only; without one it waits until there is one. Each opens an exchange of its
 * own; what comes in as many of them as the device remembers is still read. A challenge opens one request, and serves only
 * as long as the device keeps its nonce and is known by the same credential.
 */
import { nonce as freshNonce } from './protocol.js';

const ANSWER_MS = 5000;
const EXPIRY_S = 10;
const NONCE_MS = 9 * 60_000; // the device keeps it for 10 minutes
const MAX_EXCHANGES = 8; // as many as the device remembers of one agent

export class Hello {
    #device;
    #env;
    #exchanges = new Map(); // id -> exchange: those whose answers may still come
    #open = null; // {exchange, hash, sentAt}: not answered yet; without an exchange it waits for the device's identity

    /* env: of src/session.js. */
    constructor(device, env) {
        this.#device = device;
        this.#env = env;
        this.reach = { status: 'checking', rtt: null };
        this.challenge = null; // {exchange, hash, nonce, at}, taken away once used
        this.identity = null; // of the device, as the last hello had it
    }

    /* Something else is known of the device than that it answers. What was sent may still be answered. */
    settle(status) {
        this.reach = { status, rtt: null };
    }

    /* `silent` is called when nothing comes back; `kept`: an exchange that is in use. */
    async send(silent, kept) {
        const env = this.#env;
        const identity = env.identity();
        const hello = (this.#open = { exchange: null, hash: null, sentAt: null });
        const credential = env.credential();
        env.after(ANSWER_MS, () => {
            if (this.#open !== hello) return;
            this.#open = null;
            silent();
        });
        if (!identity) return; // its first state brings us on
        const exchange = await env.begin(identity);
        const greeting = { typ: 'hello', device: this.#device, nonce: freshNonce(), credential, key: exchange.key };
        const message = await exchange.prepare(greeting, EXPIRY_S);
        if (this.#open !== hello) return;
        this.identity = identity;
        this.#remember(exchange, kept());
        Object.assign(hello, { exchange, hash: message.hash, sentAt: env.now() });
        message.send();
    }

    #remember(exchange, kept) {
        this.#exchanges.set(exchange.id, exchange);
        for (const [id, old] of this.#exchanges) {
            if (this.#exchanges.size <= MAX_EXCHANGES) return;
            if (old !== kept) this.#exchanges.delete(id);
        }
    }

    /* Of that id, of which something has come. */
    exchange(id) {
        return this.#exchanges.get(id);
    }

    /* It waits for the device's identity. */
    get waiting() {
        return this.#open !== null && !this.#open.exchange;
    }

    /* Nobody waits for its answer any more. */
    drop() {
        this.#open = null;
    }

    /* Whether a message is an answer to it. */
    owns(exchange, message) {
        return this.#open?.exchange === exchange && message.request === this.#open.hash;
    }

    /* The device's answer. False: it is none, or one to an older hello. */
    async challenged(exchange, message, hash) {
        const hello = this.#open;
        if (hello?.exchange !== exchange || message.hello !== hello.hash || message.device !== this.#device) return false;
        await exchange.meet(message.key);
        if (this.#open !== hello) return false;
        const now = this.#env.now();
        this.#open = null;
        this.challenge = { exchange, hash, nonce: message.nonce, at: now };
        this.reach = { status: 'yes', rtt: now - hello.sentAt };
        return true;
    }

    /* Whether a request can be made of the last challenge. */
    get fresh() {
        const { challenge } = this;
        return challenge && this.#env.now() - challenge.at < NONCE_MS && challenge.exchange.identity.credential === this.#env.identity()?.credential;
    }

    /* The exchange that it opened, and what a message says to quote it; it serves once. */
    take() {
        const { exchange, hash, nonce } = this.challenge;
        this.challenge = null;
        return { exchange, quote: { device: this.#device, challenge: hash, nonce } };
    }
}
