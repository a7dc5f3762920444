/* One agent's dealings with one device: hello, request, consent, session, end. A state machine without DOM, network or
 * clock of its own, so that it tests without them. How messages are signed, sealed and verified is src/exchange.js.
 *
 *   idle -> asking -> shown -> allowed -> connecting -> live -> ended
 *              \________\________\-> denied | unreachable      (again() leads back to idle)
 *   rejoining -> connecting: a page that was loaded anew (src/rejoin.js)
 *
 * Policy: without a verified identity of the device nothing is sent to it. Only messages that are sealed for an exchange
 * of ours, signed by that device, and quote a hash or a session of the same exchange count (other tabs of the same agent
 * hear the same topics); a grant for a request that was taken back is ended at once; nothing of one round leaks into the
 * next.
 */
import { Cameras } from './cameras.js';
import { Chat } from './chat.js';
import { Face } from './face.js';
import { Inbox, MAX_EARLY } from './inbox.js';
import { More } from './more.js';
import { ProtocolError, code, nonce } from './protocol.js';
import { refuseOffer } from './offer.js';
import { Outage } from './outage.js';
import { SealError, recipient } from './seal.js';
import { forDevice } from './turn.js';
import { Voice } from './voice.js';

const HELLO_MS = 5000;
const SILENCE_MS = 20_000; // from request to the first word of the device
const CONNECT_MS = 20_000; // from grant to the first picture
const LOST_GRACE_MS = 3000; // the device's `end` may come a little after the media stopped
const REJOIN_MS = 12_000; // a page that was left is waited for so long, and a little
const REJOIN_AGAIN_MS = 700;
const OUTAGE_S = 60; // of a device that does not say
const NONCE_MS = 9 * 60_000; // the device keeps it for 10 minutes
const HELLO_EXPIRY_S = 10;
const REQUEST_EXPIRY_S = 30;
const SAID_AGAIN_MS = 60_000;
const MAX_CANDIDATE = 512;
const MAX_EXCHANGES = 8; // as many as the device remembers of one agent
const MAX_PATHS = 64;
const LAST_SEQ = 65535; // an end acts at once, whatever its number

const without = (list, others) => list.filter((item) => !others.includes(item));

const WAITING = ['asking', 'shown', 'allowed'];
const IN_SESSION = ['connecting', 'live'];

export class Session {
    #env;
    #exchanges = new Map(); // id -> exchange: those whose answers may still come
    #incoming = Promise.resolve(); // messages are handled in the order of their arrival
    #hello = null; // {exchange, hash, sentAt}; without an exchange it waits for the device's identity
    #challenge = null; // {exchange, hash, nonce, at}, taken away once used
    #boot = null; // of the device, as its last challenge said
    #round = null; // one request and what came of it
    #resync = false; // the next state tells whether our request is still open
    #takenBack = new Set(); // hashes of cancelled requests

    /* env: {identity() -> of src/presence.js or null, unverified() -> {reason, detail} or null, credential() -> text or
     * null, turn() -> of the enrolment or null, begin(identity) -> Exchange, now(), after(ms, f) -> cancel(), certificate(),
     * createPeer({certificate, turn, chat, cameras, face, voice, on}), mark(name), changed(), challenged(message), dropped(why),
     * prove() -> Promise: the broker answers, notes: of src/rejoin.js}. */
    constructor(device, env) {
        this.device = device;
        this.#env = env;
        this.reach = { status: 'checking', rtt: null };
        this.state = 'idle';
        this.outcome = null; // {reason, by, detail, retry (seconds)} when denied, ended or unreachable
        this.request = null; // {reason, scopes, seconds, authorisation (of the owner, a JWS; or undefined), at}
        this.grant = null; // {session, scopes, seconds, by, endsAt}
        this.receipt = null; // of the last session, PROTOCOL.md
        this.more = null; // the last request for further scopes of this session
        this.done = null; // {since, state: 'sending', 'sent', 'refused', 'unanswered', reason, detail}: the call that was dealt with
        this.changed = null; // what the person last did to the scopes: {left: asked for and not given, added, removed}
        this.code = ''; // of the request: the panel shows the same
        this.paused = ''; // why the picture stands still
        this.identity = null; // of the device, as this page deals with it
        this.peer = null;
        this.cameras = null; // of the device
        this.face = null; // the agent's camera
        this.chat = null; // with the person, of the session that is or was last
        this.voice = null; // the same, spoken
        this.path = 0; // of the newest offer: the device makes a new one when its network changes
        this.outage = null; // since when there is no connection: {at}, at null: there is one
        this.stateSince = env.now();
    }

    get lost() {
        return this.inSession && this.outage !== null && this.outage.at !== null;
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
        const identity = env.identity();
        const credential = env.credential();
        if (env.unverified()) return this.unverified();
        if (!credential) return this.#unreachable('no', 'not-enrolled');
        const hello = (this.#hello = { exchange: null, hash: null, sentAt: null });
        env.after(HELLO_MS, () => {
            if (this.#hello !== hello) return;
            this.#hello = null;
            this.#unreachable('no', 'no-answer');
        });
        if (!identity) return; // its first state brings us on
        const exchange = await env.begin(identity);
        const greeting = { typ: 'hello', device: this.device, nonce: nonce(), credential, key: exchange.key };
        const message = await exchange.prepare(greeting, HELLO_EXPIRY_S);
        if (this.#hello !== hello) return;
        this.identity = identity;
        this.#remember(exchange);
        Object.assign(hello, { exchange, hash: message.hash, sentAt: env.now() });
        message.send();
    }

    #remember(exchange) {
        this.#exchanges.set(exchange.id, exchange);
        for (const [id, old] of this.#exchanges) {
            if (this.#exchanges.size <= MAX_EXCHANGES) return;
            if (old !== this.#round?.exchange) this.#exchanges.delete(id);
        }
    }

    /* Nothing can be asked now. What is under way goes on. */
    #unreachable(status, reason, detail) {
        this.reach = { status, rtt: null };
        if (['idle', 'unreachable'].includes(this.state)) this.#set('unreachable', { reason, detail });
        else if (this.#round?.pending) this.#finish('unreachable', { reason, detail });
        else this.#moreFailed('unreachable', { reason, detail });
    }

    /* What was asked beside the session came to nothing, if it was still to be sent. */
    #moreFailed(state, outcome) {
        if (this.more?.pending) this.more.settle(state, outcome, this.#env.now());
        this.#env.changed();
    }

    /* The device's state does not verify. */
    unverified() {
        this.#hello = null;
        this.#challenge = null;
        const { reason, detail } = this.#env.unverified();
        this.#unreachable('unverified', 'not-verified', `${reason}: ${detail}`);
    }

    /* The connection to the broker is gone: what was known of the device is no longer. */
    disconnected() {
        this.#hello = null;
        this.reach = { status: 'checking', rtt: null };
        if (this.#round?.pending) this.#finish('unreachable', { reason: 'no-broker' });
        else this.#moreFailed('unreachable', { reason: 'no-broker' });
    }

    /* It is back, and the devices' states are about to be read again. */
    reconnected() {
        this.#resync = true;
        if (['idle', 'unreachable', 'rejoining'].includes(this.state)) this.hello();
    }

    async ask({ reason, scopes = ['view'], seconds, authorisation }) {
        if (!['idle', 'unreachable'].includes(this.state)) return;
        const env = this.#env;
        const round = (this.#round = this.#newRound({ reason, scopes, seconds, authorisation }));
        this.request = { reason, scopes, seconds, authorisation, at: env.now() };
        this.grant = this.more = this.changed = this.receipt = null;
        this.code = '';
        this.paused = '';
        this.#set('asking');
        if (!(await this.#certify(round))) return;
        if (this.#fresh()) await this.#request(round);
        else await this.hello(); // its challenge brings us on, its silence ends the round
    }

    #newRound(pending) {
        return { exchange: null, hash: null, grant: null, early: [], inbox: new Inbox(), seq: 0, said: [], timers: [], notes: null, pending };
    }

    /* False: the round came to nothing meanwhile. */
    async #certify(round) {
        try {
            round.certificate = await this.#env.certificate();
        } catch (error) {
            if (round === this.#round) this.#finish('unreachable', { reason: 'no-webrtc', detail: String(error.message ?? error) });
        }
        return round === this.#round;
    }

    /* Goes on with the session of before this page was loaded. `notes`: what it kept. */
    async rejoin(notes) {
        if (!['idle', 'unreachable'].includes(this.state)) return;
        const round = (this.#round = Object.assign(this.#newRound(null), { notes }));
        Object.assign(this, { request: notes.request, code: notes.code, receipt: notes.receipt });
        this.#set('rejoining');
        this.#within(REJOIN_MS, ['rejoining'], () => this.#notRejoined(round.busy ? 'elsewhere' : 'left'));
        if (!(await this.#env.notes.lock(notes.session))) return round === this.#round && this.#notRejoined('elsewhere');
        if (await this.#certify(round)) await this.hello();
    }

    async #askToRejoin(round) {
        const { exchange, hash: challenge, nonce: deviceNonce } = this.#challenge;
        this.#challenge = null;
        const { fingerprint } = round.certificate;
        const message = await exchange.prepare({ typ: 'rejoin', device: this.device, challenge, nonce: deviceNonce, session: round.notes.session, fingerprint }, HELLO_EXPIRY_S);
        if (round !== this.#round) return;
        Object.assign(round, { exchange, hash: message.hash });
        message.send();
    }

    #rejoinAnswered(round, message) {
        if (message.typ === 'denial') {
            if (message.reason !== 'busy') return this.#notRejoined(message.reason === 'expired' ? 'left' : message.reason, message.detail);
            round.busy = true;
            // It has not yet noticed that the page of before is gone.
            return this.#within(REJOIN_AGAIN_MS, ['rejoining'], () => this.hello());
        }
        const { session, scopes, seconds, by, path, paused, outage } = message;
        if (session !== round.notes.session || without(scopes, round.notes.grant.scopes).length) return this.#notRejoined('protocol');
        round.exchange.receipt = this.receipt;
        round.wasLive = true;
        this.paused = paused;
        this.#begin(round, message, { session, scopes, seconds, by, outage }, path);
        this.outage.begin(outage);
    }

    #notRejoined(reason, detail) {
        this.#finish('ended', { by: 'device', reason, detail });
    }

    /* Whether a request can be made of the last challenge. */
    #fresh() {
        const challenge = this.#challenge;
        return challenge && this.#env.now() - challenge.at < NONCE_MS && challenge.exchange.identity.credential === this.#env.identity()?.credential;
    }

    /* Asks for further scopes of this session. */
    async askMore({ reason, scopes }) {
        if (!this.inSession || this.more?.waiting) return;
        this.more = new More({ reason, scopes }, this.#env.now());
        this.#env.changed();
        if (this.#fresh()) await this.#requestMore();
        else await this.hello();
    }

    /* The call for support of `since` is dealt with, and how. That it is gone from the device's state says that it was taken. */
    async callDone(since, note) {
        if (this.done?.state === 'sending') return;
        const done = (this.done = { since, note, state: 'sending' });
        this.#env.after(SILENCE_MS, () => this.#doneIs(done, 'unanswered'));
        this.#env.changed();
        if (this.#fresh()) await this.#sendDone();
        else await this.hello();
    }

    /* It begins nothing, so it leaves the challenge for a request. */
    async #sendDone() {
        const { done } = this;
        const { exchange } = this.#challenge;
        const message = await exchange.prepare({ typ: 'done', since: done.since, note: done.note }, REQUEST_EXPIRY_S);
        if (done !== this.done || done.hash) return;
        Object.assign(done, { exchange, hash: message.hash });
        message.send();
    }

    #doneIs(done, state, { reason, detail } = {}) {
        if (!done || done !== this.done || done.state !== 'sending') return;
        Object.assign(done, { state, reason, detail });
        this.#env.changed();
    }

    async #requestMore() {
        const env = this.#env;
        const { more } = this;
        const round = this.#round;
        const { exchange, hash: challenge, nonce: deviceNonce } = this.#challenge;
        this.#challenge = null;
        const { reason, scopes } = more;
        const { fingerprint } = round.certificate;
        const { session, seconds } = this.grant;
        const claims = { typ: 'request', device: this.device, challenge, nonce: deviceNonce, reason, scopes, seconds, fingerprint, session, ...forDevice(env.turn()) };
        const message = await exchange.prepare(claims, REQUEST_EXPIRY_S);
        if (round !== this.#round || more !== this.more || !more.pending) return;
        more.sent(exchange, message.hash, code(message.hash));
        message.send();
        this.#within(SILENCE_MS, IN_SESSION, () => more === this.more && more.state === 'asking' && this.cancelMore('no-answer'));
        env.changed();
    }

    /* The agent takes the request for more back, or nobody answers it. */
    cancelMore(reason) {
        const { more } = this;
        if (!more?.waiting) return;
        if (more.hash) this.#send(more.exchange, { typ: 'cancel', request: more.hash });
        more.settle(reason ? 'unreachable' : 'denied', { reason: reason ?? 'cancelled' }, this.#env.now());
        this.#env.changed();
    }

    /* What is said of it, and of what changed, was read. */
    dismiss() {
        if (!this.more?.waiting) this.more = null;
        this.changed = null;
        this.#env.changed();
    }

    async #request(round) {
        const env = this.#env;
        const { reason, scopes, seconds, authorisation } = round.pending;
        round.pending = null;
        const { exchange, hash: challenge, nonce: deviceNonce } = this.#challenge;
        this.#challenge = null; // it serves once
        const { fingerprint } = round.certificate;
        const claims = { typ: 'request', device: this.device, challenge, nonce: deviceNonce, reason, scopes, seconds, fingerprint, ...forDevice(env.turn()), ...(authorisation && { authorisation }) };
        const message = await exchange.prepare(claims, REQUEST_EXPIRY_S);
        if (round !== this.#round) return;
        round.exchange = exchange;
        round.hash = message.hash;
        round.request = message.jws;
        this.code = code(message.hash);
        env.mark('asked');
        message.send();
        this.#within(SILENCE_MS, ['asking'], () => this.#giveUp('no-answer'));
        // At hand, because a page that goes away has no time to sign and seal.
        round.cancel = await exchange.prepare({ typ: 'cancel', request: round.hash });
    }

    /* The agent takes the request back. */
    cancel() {
        if (!this.waiting) return;
        this.#takeBack();
        this.#finish('denied', { reason: 'cancelled' });
    }

    hangUp() {
        if (!this.inSession) return;
        const { farewell } = this.#round;
        if (!farewell) return this.#end('hung-up');
        farewell.send();
        this.#finish('ended', { by: 'agent', reason: 'hung-up' });
    }

    /* The page goes away, and may come back: it is the same if it is loaded anew. */
    depart() {
        if (this.waiting) this.cancel();
        if (this.inSession) this.#round.away?.send();
    }

    /* The page goes on to something else, whatever it was at. */
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

    /* A verified state of the device was published: {online, boot, status}. */
    presence({ online, boot, status }) {
        const restarted = online && this.#boot !== null && boot !== this.#boot;
        if (restarted) {
            this.#boot = boot;
            this.#challenge = null;
            // No new hello here: the outcome is to be read first, and the next request says hello by itself.
            if (this.waiting) return this.#finish('unreachable', { reason: 'restarted' });
            if (this.inSession) return this.#finish('ended', { by: 'device', reason: 'shutdown', detail: 'the device has started anew' });
        }
        if (this.lost && online) this.#sayAgain(this.#round);
        // It ended while nothing reached this page.
        if (this.lost && online && status === 'ready') return this.#finish('ended', { by: 'device', reason: 'peer-lost' });
        // A broker that kept nothing for us while we were away has lost the answer to our request as well.
        const lost = this.#resync && this.waiting && online && status === 'ready';
        this.#resync = false;
        if (lost) return this.#giveUp('no-answer');
        const awaited = this.#hello && !this.#hello.exchange;
        const back = restarted || ['no', 'unverified'].includes(this.reach.status);
        const changed = this.identity && this.identity.credential !== this.#env.identity()?.credential;
        if (awaited || (online && (back || changed) && ['idle', 'unreachable'].includes(this.state))) this.hello();
    }

    /* What came on the device's topic to this agent, maybe meant for another tab. */
    receive(text) {
        this.#incoming = this.#incoming.then(() => this.#take(text));
        return this.#incoming;
    }

    async #take(text) {
        try {
            const exchange = this.#exchanges.get(recipient(text));
            if (!exchange) return;
            const { message, hash, jws } = await exchange.open(text);
            if (message.typ === 'challenge') await this.#challenged(exchange, message, hash);
            else if (['progress', 'denial', 'grant', 'rejoined'].includes(message.typ)) this.#answered(exchange, message, jws);
            else if (['sdp', 'ice', 'end', 'update'].includes(message.typ)) this.#inSession(exchange, message);
            if (message.typ === 'end') this.#keepEnd(exchange, message, jws);
        } catch (error) {
            if (!(error instanceof SealError || error instanceof ProtocolError)) throw error;
            this.#env.dropped(error.message);
        }
    }

    async #challenged(exchange, message, hash) {
        const env = this.#env;
        const hello = this.#hello;
        if (hello?.exchange !== exchange || message.hello !== hello.hash || message.device !== this.device) return;
        await exchange.meet(message.key);
        if (this.#hello !== hello) return;
        this.#hello = null;
        this.#boot = message.boot;
        this.#challenge = { exchange, hash, nonce: message.nonce, at: env.now() };
        this.reach = { status: 'yes', rtt: env.now() - hello.sentAt };
        env.challenged(message);
        if (this.state === 'unreachable') this.#set('idle');
        env.changed();
        if (this.state === 'asking' && this.#round?.pending && this.#round.certificate) this.#request(this.#round);
        else if (this.state === 'rejoining' && this.#round.certificate) this.#askToRejoin(this.#round);
        else if (this.inSession && this.more?.pending) this.#requestMore();
        if (this.done?.state === 'sending') this.#sendDone();
    }

    /* The device does not want to talk to us at all. */
    #refused({ reason, detail }) {
        this.#hello = null;
        this.reach = { status: 'refused', rtt: null };
        this.#doneIs(this.done, 'refused', { reason, detail });
        if (this.state === 'rejoining') this.#notRejoined(reason, detail);
        else if (this.#round?.pending) this.#finish('denied', { reason, detail });
        else if (['idle', 'unreachable'].includes(this.state)) this.#set('denied', { reason, detail });
        else this.#moreFailed('denied', { reason, detail });
    }

    #answered(exchange, message, jws) {
        const hello = this.#hello;
        if (message.typ === 'denial' && hello?.exchange === exchange && message.request === hello.hash) return this.#refused(message);
        if (message.typ === 'grant' && this.#takenBack.has(message.request)) {
            // The person said yes just as the agent gave up: the device must not go on.
            this.#send(exchange, { typ: 'end', session: message.session, seq: 0, by: 'agent', reason: 'hung-up' });
            return;
        }
        const { done } = this;
        if (message.typ === 'denial' && done?.exchange === exchange && message.request === done.hash) return this.#doneIs(done, 'refused', message);
        if (this.more?.owns(exchange, message)) {
            this.more.answered(message, this.#env.now());
            return this.#env.changed();
        }
        const round = this.#round;
        if (!round?.hash || exchange !== round.exchange || message.request !== round.hash) return;
        if (this.state === 'rejoining' && ['denial', 'rejoined'].includes(message.typ)) return this.#rejoinAnswered(round, message);
        if (!this.waiting || message.typ === 'rejoined') return;
        if (message.typ === 'denial') return this.#finish('denied', { reason: message.reason, detail: message.detail, ...(message.retry && { retry: message.retry }) });
        if (message.typ === 'grant') return this.#granted(round, message, jws);
        if (message.stage === 'shown' && this.state === 'asking') {
            this.#env.mark('shown');
            this.#set('shown');
        } else if (message.stage === 'allowed' && this.state !== 'allowed') {
            this.#env.mark('allowed');
            this.#set('allowed');
            this.#within(CONNECT_MS, ['allowed'], () => this.#giveUp('no-grant'));
        }
    }

    #granted(round, grant, jws) {
        const env = this.#env;
        round.exchange.receipt = this.receipt = { v: 1, typ: 'receipt', device: this.device, session: grant.session, credential: round.exchange.identity.credential, request: round.request, grant: jws, end: null };
        env.mark('granted');
        this.#note({ left: without(this.request.scopes, grant.scopes) });
        if (without(grant.scopes, this.request.scopes).length || grant.seconds > this.request.seconds) {
            round.grant = this.grant = grant;
            this.#set('connecting');
            return this.#end('protocol', 'the grant is wider than the request');
        }
        const { session, scopes, seconds, by = 'person', outage = OUTAGE_S } = grant;
        this.#begin(round, grant, { session, scopes, seconds, by, outage }, 1);
    }

    /* The session is ours, and its next path is `path`. */
    #begin(round, grant, { session, scopes, seconds, by, outage }, path) {
        const env = this.#env;
        round.grant = grant;
        this.grant = { session, scopes, seconds, by, outage, endsAt: env.now() + seconds * 1000 };
        this.outage = new Outage({
            now: env.now,
            after: env.after,
            prove: () => env.prove(),
            renew: () => round === this.#round && this.#say({ typ: 'renew' }),
            over: () => round === this.#round && this.#end('peer-lost', `there was no connection for ${outage} s`),
        });
        this.#set('connecting');
        this.path = path - 1;
        this.chat = new Chat();
        this.cameras = new Cameras();
        this.face = new Face();
        this.face.grant(this.grant.scopes.includes('face'));
        this.voice = new Voice();
        this.#talk();
        this.#connect(round);
        for (const message of round.early.splice(0)) this.#inSession(round.exchange, message);
        const farewell = { typ: 'end', session, seq: LAST_SEQ, by: 'agent', reason: 'hung-up' };
        round.exchange.prepare(farewell).then((message) => (round.farewell = message));
        round.exchange.prepare({ typ: 'away', session, seq: LAST_SEQ }).then((message) => (round.away = message));
        env.notes.keep({ device: this.device, session, request: this.request, code: this.code, receipt: this.receipt, grant: { scopes }, until: Date.now() + seconds * 1000 });
    }

    /* The device's word on the end, which also comes when we have hung up. */
    #keepEnd({ receipt }, { session }, jws) {
        if (!receipt || receipt !== this.receipt || receipt.session !== session || receipt.end) return;
        this.receipt.end = jws;
        this.#env.changed();
    }

    /* A connection for the next path. The certificate stays: it is the one that the request named. */
    #connect(round) {
        this.peer?.close();
        Object.assign(round, { answered: false, candidates: [] });
        this.path++;
        const { path } = this;
        this.peer = this.#env.createPeer({ certificate: round.certificate.certificate, turn: this.#env.turn(), chat: this.chat, cameras: this.cameras, face: this.face, voice: this.voice, on: this.#peerEvents(round, path) });
        const late = () => path === this.path && (this.lost ? this.outage.ask() : this.#end('media-failed', `no picture within ${CONNECT_MS / 1000} s`));
        this.#within(CONNECT_MS, ['connecting'], late);
    }

    #inSession(exchange, message) {
        const round = this.#round;
        if (exchange !== round?.exchange) return;
        if (!round.grant) {
            if (this.waiting && round.early.length < MAX_EARLY) round.early.push(message);
            return;
        }
        if (message.session !== round.grant.session) return;
        for (const next of round.inbox.add(message)) {
            if (round !== this.#round || !this.inSession) return;
            if (next.typ === 'sdp') this.#offered(round, next);
            else if (next.typ === 'ice' && next.path === this.path) this.peer.addCandidate(next.candidate, next.mline);
            else if (next.typ === 'ice') continue;
            else if (next.typ === 'update') this.#updated(next);
            else this.#finish('ended', { by: next.by, reason: next.reason, detail: next.detail });
        }
    }

    /* What holds from now on: a scope was taken away or added, the picture stands still or goes on. */
    #updated({ scopes, paused }) {
        const { more } = this;
        const added = without(scopes, this.grant.scopes);
        const asked = more?.hash && more.state !== 'denied' ? more.scopes : [];
        if (without(added, asked).length) return this.#end('protocol', 'a scope that nobody asked for');
        this.#note({ added, left: added.length ? without(asked, scopes) : [], removed: without(this.grant.scopes, scopes) });
        if (added.length) this.more = null; // what was added says it
        this.grant = { ...this.grant, scopes };
        this.face.grant(scopes.includes('face'));
        this.paused = paused;
        this.#talk();
        this.#env.changed();
    }

    /* The microphone is open exactly while that is granted, and the session not paused. */
    #talk() {
        this.voice.grant(this.grant.scopes.includes('voice') && !this.paused);
    }

    /* Told until it was read. */
    #note({ left = [], added = [], removed = [] }) {
        if (left.length + added.length + removed.length) this.changed = { left, added, removed };
    }

    async #offered(round, { type, path, sdp }) {
        const expected = round.offered ? this.path + 1 : this.path;
        if (type !== 'offer' || path !== expected || path > MAX_PATHS) return this.#end('protocol', 'expected one offer for each path');
        round.offered = true;
        this.#env.mark('offer');
        if (path !== this.path) {
            this.outage.begin(this.grant.outage);
            this.#connect(round);
            this.#set('connecting');
        }
        this.outage.hold();
        const refusal = refuseOffer(sdp, round.grant.fingerprint);
        if (refusal) return this.#end(refusal.reason, refusal.detail);
        try {
            const answer = await this.peer.answer(sdp);
            if (round !== this.#round || !this.inSession || path !== this.path) return;
            this.#say({ typ: 'sdp', type: 'answer', sdp: answer });
        } catch (error) {
            if (round === this.#round && this.inSession && path === this.path) this.#end('protocol', `the offer can't be used: ${error.message ?? error}`);
            return;
        }
        round.answered = true;
        for (const candidate of round.candidates.splice(0)) this.#say(candidate);
    }

    #peerEvents(round, path) {
        const current = () => round === this.#round && this.inSession && path === this.path;
        return {
            candidate: (candidate, mline) => {
                if (!current() || candidate.length > MAX_CANDIDATE) return;
                const message = { typ: 'ice', candidate, mline };
                if (round.answered) this.#say(message);
                else round.candidates.push(message);
            },
            connected: () => {
                if (current()) this.#env.mark('connected');
            },
            firstFrame: () => {
                if (!current() || this.state !== 'connecting') return;
                this.#env.mark('firstFrame');
                round.wasLive = true;
                this.#found();
            },
            silent: () => {
                if (current() && this.state === 'live') this.#lose();
            },
            // By the same path: whatever stood in its way is gone.
            heard: () => {
                if (current() && this.lost && round.livePath === path) this.#found();
            },
            failed: (why) => {
                if (!current()) return;
                if (round.wasLive) this.#lose();
                else this.#within(LOST_GRACE_MS, IN_SESSION, () => current() && this.#end('media-failed', why));
            },
        };
    }

    #lose() {
        const { outage, grant } = this;
        const already = this.lost;
        outage.begin(grant.outage);
        if (!already || this.state === 'live') this.#set('connecting');
        outage.ask();
    }

    #found() {
        this.outage.end();
        const { said } = this.#round;
        // The device took our answer, and so all that was said before it: said again, it would only use up what we may say.
        said.splice(0, said.findIndex(({ message }) => message.typ === 'sdp' && message.path === this.path) + 1);
        this.#round.livePath = this.path;
        this.#set('live');
    }

    /* Sends one message of the session. */
    #say(message) {
        const round = this.#round;
        const path = message.typ === 'end' ? {} : { path: this.path };
        const whole = { ...message, session: round.grant.session, seq: round.seq++, ...path };
        round.said.push({ at: this.#env.now(), message: whole });
        if (round.said.length > MAX_EARLY) round.said.shift();
        this.#send(round.exchange, whole, (why) => {
            // What can't be sent would leave a hole in the sequence.
            if (round === this.#round && this.inSession) this.#end('protocol', why);
        });
    }

    /* The device is at the broker again, which keeps nothing for a device that is away. It takes each number once. */
    #sayAgain(round) {
        const since = this.#env.now() - SAID_AGAIN_MS;
        for (const { at, message } of round.said) if (at >= since) this.#send(round.exchange, message);
    }

    #send(exchange, message, failed = () => {}) {
        exchange.send(message).catch((error) => {
            if (!(error instanceof ProtocolError)) throw error;
            failed(error.message);
        });
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
        const { hash: request, exchange, cancel } = this.#round ?? {};
        if (!request) return;
        this.#takenBack.add(request);
        if (cancel) cancel.send();
        else this.#send(exchange, { typ: 'cancel', request });
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
        this.outage?.end();
        if (round?.grant || round?.notes) this.#env.notes.forget();
        this.more = null;
        this.face?.grant(false);
        this.peer?.close();
        this.peer = null;
        this.voice?.close();
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
