/* One agent's dealings with one device: hello, request, consent, session, end. A state machine without DOM, network or
 * clock of its own, so that it tests without them.
 *
 *   idle -> asking -> shown -> allowed -> connecting -> live -> ended
 *              \________\________\-> denied | unreachable      (again() leads back to idle)
 *
 * Policy: only messages that quote a hash or a session of ours count (other tabs of the same agent hear the same
 * topics); a grant for a request that was taken back is ended at once; nothing of one round leaks into the next.
 */
import { nonce } from './protocol.js';
import { refuseOffer } from './offer.js';

const HELLO_MS = 5000;
const SILENCE_MS = 20_000; // from request to the first word of the device
const CONNECT_MS = 20_000; // from grant to the first picture
const LOST_GRACE_MS = 3000; // the device's `end` may come a little after the media stopped
const NONCE_MS = 9 * 60_000; // the device keeps it for 10 minutes
const HELLO_EXPIRY_S = 10;
const REQUEST_EXPIRY_S = 30;
const MAX_EARLY = 64;
const MAX_CANDIDATE = 512;

const WAITING = ['asking', 'shown', 'allowed'];
const IN_SESSION = ['connecting', 'live'];

/* Brings sdp and ice of one session into the order of their `seq`; an end does not wait for what may be lost. */
export class Inbox {
    #next = 0;
    #early = new Map();

    /* Returns what can be handled now, in order. */
    add(message) {
        if (message.typ === 'end') return message.seq < this.#next ? [] : [message];
        if (message.seq < this.#next || (message.seq !== this.#next && this.#early.size >= MAX_EARLY)) return [];
        this.#early.set(message.seq, message);
        const ready = [];
        for (; this.#early.has(this.#next); this.#next++) {
            ready.push(this.#early.get(this.#next));
            this.#early.delete(this.#next);
        }
        return ready;
    }
}

export class Session {
    #env;
    #hello = null; // {hash, sentAt}
    #challenge = null; // {nonce, boot, at}, taken away once used
    #boot = null; // of the device, as its last challenge said
    #round = null; // one request and what came of it
    #resync = false; // the next state tells whether our request is still open
    #takenBack = new Set(); // hashes of cancelled requests

    /* env: {credential, now(), after(ms, f) -> cancel(), send(message, expiry), prepare(message, expiry), certificate(),
     * createPeer({certificate, on}), mark(name), changed(), challenged(message)}. */
    constructor(device, env) {
        this.device = device;
        this.#env = env;
        this.reach = { status: 'checking', rtt: null };
        this.state = 'idle';
        this.outcome = null; // {reason, by, detail} when denied, ended or unreachable
        this.request = null; // {reason, seconds, at}
        this.grant = null; // {session, seconds, endsAt}
        this.peer = null;
        this.stateSince = env.now();
    }

    get waiting() {
        return WAITING.includes(this.state);
    }

    get inSession() {
        return IN_SESSION.includes(this.state);
    }

    /* Asks whether the device is there. */
    async hello() {
        const env = this.#env;
        this.reach = { status: 'checking', rtt: null };
        if (this.state === 'unreachable') this.#set('idle');
        env.changed();
        const hello = (this.#hello = { hash: null, sentAt: null });
        const message = await env.prepare({ typ: 'hello', nonce: nonce(), credential: env.credential }, HELLO_EXPIRY_S);
        if (this.#hello !== hello) return;
        hello.hash = message.hash;
        hello.sentAt = env.now();
        message.send();
        env.after(HELLO_MS, () => {
            if (this.#hello !== hello) return;
            this.#hello = null;
            this.reach = { status: 'no', rtt: null };
            if (this.state === 'idle') this.#set('unreachable', { reason: 'no-answer' });
            else if (this.#round?.pending) this.#finish('unreachable', { reason: 'no-answer' });
            else env.changed();
        });
    }

    /* The connection to the broker is gone: what was known of the device is no longer. */
    disconnected() {
        this.#hello = null;
        this.reach = { status: 'checking', rtt: null };
        if (this.#round?.pending) this.#finish('unreachable', { reason: 'no-broker' });
        else this.#env.changed();
    }

    /* It is back, and the devices' states are about to be read again. */
    reconnected() {
        this.#resync = true;
        if (['idle', 'unreachable'].includes(this.state)) this.hello();
    }

    async ask({ reason, seconds }) {
        if (!['idle', 'unreachable'].includes(this.state)) return;
        const env = this.#env;
        this.#round = { hash: null, grant: null, early: [], inbox: new Inbox(), seq: 0, timers: [], pending: { reason, seconds } };
        const round = this.#round;
        this.request = { reason, seconds, at: env.now() };
        this.grant = null;
        this.#set('asking');
        try {
            round.certificate = await env.certificate();
        } catch (error) {
            if (round === this.#round) this.#finish('unreachable', { reason: 'no-webrtc', detail: String(error.message ?? error) });
            return;
        }
        if (round !== this.#round) return;
        const fresh = this.#challenge && env.now() - this.#challenge.at < NONCE_MS;
        if (fresh) await this.#request(round);
        else await this.hello(); // its challenge brings us on, its silence ends the round
    }

    async #request(round) {
        const env = this.#env;
        const { reason, seconds } = round.pending;
        round.pending = null;
        const { nonce: deviceNonce } = this.#challenge;
        this.#challenge = null; // it serves once
        const message = await env.prepare(
            {
                typ: 'request',
                device: this.device,
                nonce: deviceNonce,
                reason,
                scopes: ['view'],
                seconds,
                fingerprint: round.certificate.fingerprint,
                credential: env.credential,
            },
            REQUEST_EXPIRY_S,
        );
        if (round !== this.#round) return;
        round.hash = message.hash;
        env.mark('asked');
        message.send();
        this.#within(SILENCE_MS, ['asking'], () => this.#giveUp('no-answer'));
    }

    /* The agent takes the request back. */
    cancel() {
        if (!this.waiting) return;
        this.#takeBack();
        this.#finish('denied', { reason: 'cancelled' });
    }

    hangUp() {
        if (this.inSession) this.#end('hung-up');
    }

    /* The page goes away, whatever it was at. */
    leave() {
        if (this.waiting) this.cancel();
        this.hangUp();
        this.#hello = null;
    }

    /* Back to the form after an outcome. */
    again() {
        if (!['denied', 'ended', 'unreachable'].includes(this.state)) return;
        this.#set('idle');
        return this.hello();
    }

    /* A state of the device was published: {online, boot, status}. */
    presence({ online, boot, status }) {
        const restarted = online && this.#boot !== null && boot !== this.#boot;
        if (restarted) {
            this.#boot = boot;
            this.#challenge = null;
            // No new hello here: the outcome is to be read first, and the next request says hello by itself.
            if (this.waiting) return this.#finish('unreachable', { reason: 'restarted' });
            if (this.inSession) return this.#finish('ended', { by: 'device', reason: 'shutdown', detail: 'the device has started anew' });
        }
        // A broker that kept nothing for us while we were away has lost the answer to our request as well.
        const lost = this.#resync && this.waiting && online && status === 'ready';
        this.#resync = false;
        if (lost) return this.#giveUp('no-answer');
        if (online && (restarted || this.reach.status === 'no') && ['idle', 'unreachable'].includes(this.state)) this.hello();
    }

    /* A checked message of this device to this agent, maybe meant for another tab. */
    receive(message) {
        switch (message.typ) {
            case 'challenge':
                return this.#challenged(message);
            case 'progress':
            case 'denial':
            case 'grant':
                return this.#answered(message);
            case 'sdp':
            case 'ice':
            case 'end':
                return this.#inSession(message);
        }
    }

    #challenged(message) {
        const env = this.#env;
        const hello = this.#hello;
        if (!hello?.hash || message.hello !== hello.hash) return;
        this.#hello = null;
        this.#boot = message.boot;
        this.#challenge = { nonce: message.nonce, at: env.now() };
        this.reach = { status: 'yes', rtt: env.now() - hello.sentAt };
        env.challenged(message);
        if (this.state === 'unreachable') this.#set('idle');
        env.changed();
        if (this.state === 'asking' && this.#round?.pending && this.#round.certificate) this.#request(this.#round);
    }

    #answered(message) {
        if (message.typ === 'grant' && this.#takenBack.has(message.request)) {
            // The person said yes just as the agent gave up: the device must not go on.
            this.#env.send({ typ: 'end', session: message.session, seq: 0, by: 'agent', reason: 'hung-up' });
            return;
        }
        const round = this.#round;
        if (!round?.hash || message.request !== round.hash || !this.waiting) return;
        if (message.typ === 'denial') return this.#finish('denied', { reason: message.reason, detail: message.detail });
        if (message.typ === 'grant') return this.#granted(round, message);
        if (message.stage === 'shown' && this.state === 'asking') {
            this.#env.mark('shown');
            this.#set('shown');
        } else if (message.stage === 'allowed' && this.state !== 'allowed') {
            this.#env.mark('allowed');
            this.#set('allowed');
            this.#within(CONNECT_MS, ['allowed'], () => this.#giveUp('no-grant'));
        }
    }

    #granted(round, grant) {
        const env = this.#env;
        env.mark('granted');
        round.grant = grant;
        this.grant = { session: grant.session, seconds: grant.seconds, endsAt: env.now() + grant.seconds * 1000 };
        this.#set('connecting');
        if (grant.scopes.some((scope) => scope !== 'view') || grant.seconds > this.request.seconds)
            return this.#end('protocol', 'the grant is wider than the request');
        this.peer = env.createPeer({ certificate: round.certificate.certificate, on: this.#peerEvents(round) });
        this.#within(CONNECT_MS, ['connecting'], () => this.#end('media-failed', `no picture within ${CONNECT_MS / 1000} s`));
        for (const message of round.early.splice(0)) this.#inSession(message);
    }

    #inSession(message) {
        const round = this.#round;
        if (!round) return;
        if (!round.grant) {
            if (this.waiting && round.early.length < MAX_EARLY) round.early.push(message);
            return;
        }
        if (message.session !== round.grant.session) return;
        for (const next of round.inbox.add(message)) {
            if (round !== this.#round || !this.inSession) return;
            if (next.typ === 'sdp') this.#offered(round, next);
            else if (next.typ === 'ice') this.peer.addCandidate(next.candidate, next.mline);
            else this.#finish('ended', { by: next.by, reason: next.reason, detail: next.detail });
        }
    }

    async #offered(round, { type, sdp }) {
        if (type !== 'offer' || round.offered) return this.#end('protocol', 'expected one offer');
        round.offered = true;
        this.#env.mark('offer');
        const refusal = refuseOffer(sdp, round.grant.fingerprint);
        if (refusal) return this.#end(refusal.reason, refusal.detail);
        try {
            const answer = await this.peer.answer(sdp);
            if (round !== this.#round || !this.inSession) return;
            this.#say({ typ: 'sdp', type: 'answer', sdp: answer });
        } catch (error) {
            if (round === this.#round && this.inSession) this.#end('protocol', `the offer can't be used: ${error.message ?? error}`);
            return;
        }
        round.answered = true;
        for (const candidate of round.candidates?.splice(0) ?? []) this.#say(candidate);
    }

    #peerEvents(round) {
        const current = () => round === this.#round && this.inSession;
        return {
            candidate: (candidate, mline) => {
                if (!current() || candidate.length > MAX_CANDIDATE) return;
                const message = { typ: 'ice', candidate, mline };
                if (round.answered) this.#say(message);
                else (round.candidates ??= []).push(message);
            },
            connected: () => {
                if (current()) this.#env.mark('connected');
            },
            firstFrame: () => {
                if (!current() || this.state !== 'connecting') return;
                this.#env.mark('firstFrame');
                this.#set('live');
            },
            failed: (why) => {
                if (current()) this.#within(LOST_GRACE_MS, IN_SESSION, () => this.#end('media-failed', why));
            },
        };
    }

    /* Sends one message of the session. */
    #say(message) {
        const round = this.#round;
        this.#env.send({ ...message, session: round.grant.session, seq: round.seq++ });
    }

    /* Ends the session from this side. */
    #end(reason, detail) {
        const text = detail?.slice(0, 200);
        this.#say({ typ: 'end', by: 'agent', reason, ...(text && { detail: text }) });
        this.#finish('ended', { by: 'agent', reason, detail: text });
    }

    #giveUp(reason) {
        this.#takeBack();
        this.#finish('unreachable', { reason });
    }

    #takeBack() {
        const request = this.#round?.hash;
        if (!request) return;
        this.#takenBack.add(request);
        this.#env.send({ typ: 'cancel', request });
    }

    /* Calls back after `ms` when this round is then in one of `states`. */
    #within(ms, states, callback) {
        const round = this.#round;
        round.timers.push(this.#env.after(ms, () => round === this.#round && states.includes(this.state) && callback()));
    }

    #finish(state, outcome) {
        const round = this.#round;
        this.#round = null;
        round?.timers.forEach((cancel) => cancel());
        this.peer?.close();
        this.peer = null;
        this.#env.mark(state);
        this.#set(state, outcome);
    }

    #set(state, outcome = null) {
        this.state = state;
        this.outcome = outcome;
        this.stateSince = this.#env.now();
        this.#env.changed();
    }
}
