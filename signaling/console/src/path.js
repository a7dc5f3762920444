/* One path of a session: the device's offer, this page's answer, the candidates of both sides, and the connection that
 * comes of them (src/peer.js). The next path of the session is another one of these; src/session.js goes from one to the
 * next. No DOM, network or clock.
 *
 * Policy: the offer must have the certificate of the grant. Our candidates wait for our answer. Nothing that comes of a path
 * that was closed means anything.
 */
import { refuseOffer } from './offer.js';

const MAX_CANDIDATE = 512;

export class Path {
    #on;
    #candidates = []; // ours, before the answer
    #answered = false;
    #closed = false;

    /* on: {say(message), refused(reason, detail), connected(), firstFrame(), silent(), heard(), failed(why)}: what createPeer() says,
     * and what is to be said to the device. */
    constructor(number, createPeer, on) {
        this.number = number;
        this.offered = false;
        this.#on = on;
        const open = (event) => (...what) => this.#closed || on[event](...what);
        this.peer = createPeer({
            candidate: (candidate, mline) => this.#gathered(candidate, mline),
            connected: open('connected'),
            firstFrame: open('firstFrame'),
            silent: open('silent'),
            heard: open('heard'),
            failed: open('failed'),
        });
    }

    #gathered(candidate, mline) {
        if (this.#closed || candidate.length > MAX_CANDIDATE) return;
        const message = { typ: 'ice', candidate, mline };
        if (this.#answered) this.#on.say(message);
        else this.#candidates.push(message);
    }

    /* The device's offer. */
    async take(sdp, fingerprint) {
        this.offered = true;
        const refusal = refuseOffer(sdp, fingerprint);
        if (refusal) return this.#on.refused(refusal.reason, refusal.detail);
        try {
            const answer = await this.peer.answer(sdp);
            if (this.#closed) return;
            this.#on.say({ typ: 'sdp', type: 'answer', sdp: answer });
        } catch (error) {
            if (!this.#closed) this.#on.refused('protocol', `the offer can't be used: ${error.message ?? error}`);
            return;
        }
        this.#answered = true;
        for (const candidate of this.#candidates.splice(0)) this.#on.say(candidate);
    }

    close() {
        this.#closed = true;
        this.peer.close();
    }
}
