/* A session without a connection: since when, and what this page does about it. No DOM, network or clock of its own.
 *
 *   begin -> prove that the broker is reached -> ask for another path -> ... again every few seconds -> end | over
 *
 * Policy: a path is asked for only while the broker answers: by the connection that was there a moment after it did, since an agent's
 * network that comes back may bring the old path with it, and a new one would take the picture away once more; by another
 * connection at once, since making that was such a moment. The device's word is not waited for when it does not come: after
 * its own limit and a little more the session is over here, too.
 */
const GRACE_MS = 300;
const AGAIN_MS = 3000;
const SLACK_MS = 5000; // the device's `end` comes first, where it can

export class Outage {
    #env;
    #turn = 0;
    #cancel = [];

    /* env: {now(), after(ms, f) -> cancel(), prove() -> Promise: the broker answers, by the connection that was there (true) or by
     * another one, renew(), over()}. */
    constructor(env) {
        this.#env = env;
        this.at = null; // since when
    }

    begin(seconds) {
        if (this.at !== null) return;
        const { now, after, over } = this.#env;
        this.at = now();
        this.#cancel.push(after(seconds * 1000 + SLACK_MS, over));
    }

    /* Asks for another path until one is offered, or the old one is back. */
    ask() {
        const { after, prove, renew } = this.#env;
        const turn = ++this.#turn;
        const current = () => this.at !== null && turn === this.#turn;
        const soon = (ms, f) => this.#cancel.push(after(ms, () => current() && f()));
        let reached = false;
        const asked = () => {
            renew();
            soon(AGAIN_MS, () => this.ask());
        };
        soon(AGAIN_MS, () => reached || this.ask());
        prove().then((same) => {
            reached = true;
            if (current()) soon(same ? GRACE_MS : 0, asked);
        });
    }

    /* One was offered. */
    hold() {
        this.#turn++;
    }

    end() {
        this.at = null;
        this.#turn++;
        this.#cancel.splice(0).forEach((cancel) => cancel());
    }
}
