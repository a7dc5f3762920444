/* One agent's dealings with one device: hello, request, consent, session, end. A state machine without DOM, network or
 * clock of its own, so that it tests without them. How messages are signed, sealed and verified is src/exchange.js.
 *
 * Its parts: whether the device is there, src/hello.js; what is asked besides, more.js and done.js; in a session, what is
 * said and heard in its order, outbox.js and inbox.js, one connection, path.js, and none, outage.js.
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
import { Done } from './done.js';
import { Face } from './face.js';
import { Hello } from './hello.js';
import { Inbox, MAX_EARLY } from './inbox.js';
import { More } from './more.js';
import { Outage } from './outage.js';
import { Outbox } from './outbox.js';
import { Path } from './path.js';
import { ProtocolError, code } from './protocol.js';
import { SealError, recipient } from './seal.js';
import { forDevice } from './turn.js';
import { Voice } from './voice.js';

const SILENCE_MS = 20_000; // from request to the first word of the device
const CONNECT_MS = 20_000; // from grant to the first picture
const LOST_GRACE_MS = 3000; // the device's `end` may come a little after the media stopped
const REJOIN_MS = 12_000; // a page that was left is waited for so long, and a little
const REJOIN_AGAIN_MS = 700;
const OUTAGE_S = 60; // of a device that does not say
const REJOIN_EXPIRY_S = 10;
const REQUEST_EXPIRY_S = 30;
const MAX_PATHS = 64;
const LAST_SEQ = 65535; // an end acts at once, whatever its number

const without = (list, others) => list.filter((item) => !others.includes(item));

const WAITING = ['asking', 'shown', 'allowed'];
const IN_SESSION = ['connecting', 'live'];

export class Session {
    #env;
    #hello; // and the device's challenge
    #incoming = Promise.resolve(); // messages are handled in the order of their arrival
    #boot = null; // of the device, as its last challenge said
    #round = null; // one request and what came of it
    #path = null; // the newest, while there is a session: the device makes a new one when its network changes
    #resync = false; // the next state tells whether our request is still open
    #takenBack = new Set(); // hashes of cancelled requests

    /* env: {identity() -> of src/presence.js or null, unverified() -> {reason, detail} or null, credential() -> text or
     * null, turn() -> of the enrolment or null, begin(identity) -> Exchange, now(), after(ms, f) -> cancel(), certificate(),
     * createPeer({certificate, turn, chat, cameras, face, voice, on}), mark(name), changed(), challenged(message), dropped(why),
     * prove() -> Promise: the broker answers, notes: of src/rejoin.js}. */
    constructor(device, env) {
        this.device = device;
        this.#env = env;
        this.#hello = new Hello(device, env);
        this.state = 'idle';
        this.outcome = null; // {reason, by, detail, retry (seconds)} when denied, ended or unreachable
        this.request = null; // {reason, scopes, seconds, authorisation (of the owner, a JWS; or undefined), at}
        this.grant = null; // {session, scopes, seconds, by, endsAt}
        this.receipt = null; // of the last session, PROTOCOL.md
        this.more = null; // the last request for further scopes of this session
        this.done = null; // the call that was dealt with last
        this.changed = null; // what the person last did to the scopes: {left: asked for and not given, added, removed}
        this.code = ''; // of the request: the panel shows the same
        this.paused = ''; // why the picture stands still
        this.cameras = null; // of the device
        this.face = null; // the agent's camera
        this.chat = null; // with the person, of the session that is or was last
        this.voice = null; // the same, spoken
        this.outage = null; // since when there is no connection: {at}, at null: there is one
        this.stateSince = env.now();
    }

    /* {status, rtt}: whether the device is there. */
    get reach() {
        return this.#hello.reach;
    }

    /* Of the device, as this page deals with it. */
    get identity() {
        return this.#hello.identity;
    }

    /* The number of the newest path, and its connection. */
    get path() {
        return this.#path?.number ?? 0;
    }

    get peer() {
        return this.#path?.peer ?? null;
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
        this.#hello.settle('checking');
        if (this.state === 'unreachable') this.#set('idle');
        env.changed();
        if (env.unverified()) return this.unverified();
        if (!env.credential()) return this.#unreachable('no', 'not-enrolled');
        await this.#hello.send(
            () => this.#unreachable('no', 'no-answer'),
            () => this.#round?.exchange,
        );
    }

    /* Nothing can be asked now. What is under way goes on. */
    #unreachable(status, reason, detail) {
        this.#hello.settle(status);
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
        this.#hello.drop();
        this.#hello.challenge = null;
        const { reason, detail } = this.#env.unverified();
        this.#unreachable('unverified', 'not-verified', `${reason}: ${detail}`);
    }

    /* The connection to the broker is gone: what was known of the device is no longer. */
    disconnected() {
        this.#hello.drop();
        this.#hello.settle('checking');
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
        if (this.#hello.fresh) await this.#request(round);
        else await this.hello(); // its challenge brings us on, its silence ends the round
    }

    #newRound(pending) {
        return { exchange: null, hash: null, grant: null, early: [], inbox: new Inbox(), outbox: new Outbox(), timers: [], notes: null, pending };
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
        const { exchange, quote } = this.#hello.take();
        const { fingerprint } = round.certificate;
        const message = await exchange.prepare({ typ: 'rejoin', ...quote, session: round.notes.session, fingerprint }, REJOIN_EXPIRY_S);
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

    /* Asks for further scopes of this session. */
    async askMore({ reason, scopes }) {
        if (!this.inSession || this.more?.waiting) return;
        this.more = new More({ reason, scopes }, this.#env.now());
        this.#env.changed();
        if (this.#hello.fresh) await this.#requestMore();
        else await this.hello();
    }

    /* The call for support of `since` is dealt with, and how. */
    async callDone(since, note) {
        if (this.done?.sending) return;
        const done = (this.done = new Done(since, note, () => this.#env.changed()));
        this.#env.after(SILENCE_MS, () => done.settle('unanswered'));
        this.#env.changed();
        if (this.#hello.fresh) await done.send(this.#hello.challenge.exchange);
        else await this.hello();
    }

    async #requestMore() {
        const env = this.#env;
        const { more } = this;
        const round = this.#round;
        const { exchange, quote } = this.#hello.take();
        const { reason, scopes } = more;
        const { fingerprint } = round.certificate;
        const { session, seconds } = this.grant;
        const claims = { typ: 'request', ...quote, reason, scopes, seconds, fingerprint, session, ...forDevice(env.turn()) };
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
        const { exchange, quote } = this.#hello.take();
        const { fingerprint } = round.certificate;
        const claims = { typ: 'request', ...quote, reason, scopes, seconds, fingerprint, ...forDevice(env.turn()), ...(authorisation && { authorisation }) };
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
        this.#hello.drop();
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
            this.#hello.challenge = null;
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
        const awaited = this.#hello.waiting;
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
            const exchange = this.#hello.exchange(recipient(text));
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
        if (!(await this.#hello.challenged(exchange, message, hash))) return;
        this.#boot = message.boot;
        env.challenged(message);
        if (this.state === 'unreachable') this.#set('idle');
        env.changed();
        if (this.state === 'asking' && this.#round?.pending && this.#round.certificate) this.#request(this.#round);
        else if (this.state === 'rejoining' && this.#round.certificate) this.#askToRejoin(this.#round);
        else if (this.inSession && this.more?.pending) this.#requestMore();
        if (this.done?.sending) this.done.send(exchange);
    }

    /* The device does not want to talk to us at all. */
    #refused({ reason, detail }) {
        this.#hello.drop();
        this.#hello.settle('refused');
        this.done?.settle('refused', { reason, detail });
        if (this.state === 'rejoining') this.#notRejoined(reason, detail);
        else if (this.#round?.pending) this.#finish('denied', { reason, detail });
        else if (['idle', 'unreachable'].includes(this.state)) this.#set('denied', { reason, detail });
        else this.#moreFailed('denied', { reason, detail });
    }

    #answered(exchange, message, jws) {
        if (message.typ === 'denial' && this.#hello.owns(exchange, message)) return this.#refused(message);
        if (message.typ === 'grant' && this.#takenBack.has(message.request)) {
            // The person said yes just as the agent gave up: the device must not go on.
            this.#send(exchange, { typ: 'end', session: message.session, seq: 0, by: 'agent', reason: 'hung-up' });
            return;
        }
        if (message.typ === 'denial' && this.done?.owns(exchange, message)) return this.done.settle('refused', message);
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
        this.chat = new Chat();
        this.cameras = new Cameras();
        this.face = new Face();
        this.face.grant(this.grant.scopes.includes('face'));
        this.voice = new Voice();
        this.#talk();
        this.#connect(round, path);
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
    #connect(round, number) {
        this.#path?.close();
        const { certificate } = round.certificate;
        const { chat, cameras, face, voice } = this;
        const createPeer = (on) => this.#env.createPeer({ certificate, turn: this.#env.turn(), chat, cameras, face, voice, on });
        const path = (this.#path = new Path(number, createPeer, this.#pathEvents(round, number)));
        const late = () => path === this.#path && (this.lost ? this.outage.ask() : this.#end('media-failed', `no picture within ${CONNECT_MS / 1000} s`));
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

    #offered(round, { type, path, sdp }) {
        const expected = this.#path.offered ? this.path + 1 : this.path;
        if (type !== 'offer' || path !== expected || path > MAX_PATHS) return this.#end('protocol', 'expected one offer for each path');
        this.#env.mark('offer');
        if (path !== this.path) {
            this.outage.begin(this.grant.outage);
            this.#connect(round, path);
            this.#set('connecting');
        }
        this.outage.hold();
        this.#path.take(sdp, round.grant.fingerprint);
    }

    #pathEvents(round, number) {
        return {
            say: (message) => this.#say(message),
            refused: (reason, detail) => this.#end(reason, detail),
            connected: () => this.#env.mark('connected'),
            firstFrame: () => {
                if (this.state !== 'connecting') return;
                this.#env.mark('firstFrame');
                round.wasLive = true;
                this.#found();
            },
            silent: () => this.state === 'live' && this.#lose(),
            // By the same path: whatever stood in its way is gone.
            heard: () => this.lost && round.livePath === number && this.#found(),
            failed: (why) => {
                if (round.wasLive) this.#lose();
                else this.#within(LOST_GRACE_MS, IN_SESSION, () => number === this.path && this.#end('media-failed', why));
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
        this.#round.outbox.taken(this.path); // said again, it would only use up what we may say
        this.#round.livePath = this.path;
        this.#set('live');
    }

    /* Sends one message of the session. */
    #say(message) {
        const round = this.#round;
        const path = message.typ === 'end' ? {} : { path: this.path };
        const whole = round.outbox.add({ ...message, session: round.grant.session, ...path }, this.#env.now());
        this.#send(round.exchange, whole, (why) => {
            // What can't be sent would leave a hole in the sequence.
            if (round === this.#round && this.inSession) this.#end('protocol', why);
        });
    }

    /* The device is at the broker again. */
    #sayAgain(round) {
        for (const message of round.outbox.recent(this.#env.now())) this.#send(round.exchange, message);
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
        this.#path?.close();
        this.#path = null;
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
