/* The state machine with a device, a clock and a peer connection that the tests play. Everything it sends goes through
 * the schemas. */
import { beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { Protocol, hash } from '../src/protocol.js';
import { Inbox, Session } from '../src/session.js';
import { schemas, id32, credential } from './helpers.js';

const protocol = new Protocol(schemas);
const FINGERPRINT = Array(32).fill('AB').join(':');
const MINE = Array(32).fill('CD').join(':');
const SESSION = id32(7);
const OFFER = `v=0\r\na=fingerprint:sha-256 ${FINGERPRINT}\r\nm=video 9 X 96\r\nm=application 9 X 1\r\n`;

let now, pending, timers, sent, marks, peer, session, certificate;

class ScriptedPeer {
    constructor({ certificate: c, on }) {
        Object.assign(this, { certificate: c, on, candidates: [], closed: false });
        peer = this;
    }
    async answer(sdp) {
        this.offer = sdp;
        this.on.candidate('candidate:early', 0); // browsers gather before the answer is sent
        if (this.broken) throw new Error('no codec');
        return 'v=0 answer';
    }
    addCandidate(candidate, mline) {
        this.candidates.push([candidate, mline]);
    }
    close() {
        this.closed = true;
    }
}

beforeEach(() => {
    now = 1000;
    pending = 0;
    timers = [];
    sent = [];
    marks = [];
    peer = null;
    certificate = async () => ({ certificate: 'cert', fingerprint: MINE });
    const send = (message) => sent.push(protocol.decode(protocol.encode(message)));
    session = new Session('filler-1', {
        credential,
        now: () => now,
        after: (ms, callback) => {
            const timer = { at: now + ms, callback };
            timers.push(timer);
            return () => timers.splice(timers.indexOf(timer), 1);
        },
        send,
        prepare: async (message) => {
            pending++;
            try {
                return { hash: await hash(protocol.encode(message)), send: () => send(message) };
            } finally {
                pending--;
            }
        },
        certificate: () => certificate(),
        createPeer: (options) => new ScriptedPeer(options),
        mark: (name) => marks.push(name),
        changed: () => {},
        challenged: () => {},
    });
});

/* Hashing is done on another thread: wait for it, then for what follows from it. */
const settle = async () => {
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    await turn();
    while (pending) await turn();
    await turn();
};

async function pass(ms) {
    now += ms;
    for (const timer of timers.filter((t) => t.at <= now)) {
        timers.splice(timers.indexOf(timer), 1);
        timer.callback();
    }
    await settle();
}

const last = (typ) => sent.filter((m) => m.typ === typ).at(-1);
const hashOf = async ({ v, ...message }) => hash(protocol.encode(message));

/* The device says something, in a valid form. */
async function say(message) {
    session.receive(protocol.decode(protocol.encode(message)));
    await settle();
}

const challenge = async (more = {}) =>
    say({ typ: 'challenge', hello: await hashOf(last('hello')), nonce: id32(5), device: 'filler-1', boot: id32(1), status: 'ready', uptime: 5, ...more });

async function reach() {
    await session.hello();
    await challenge();
}

async function ask(seconds = 600) {
    await reach();
    session.ask({ reason: 'Jam', seconds });
    await settle();
    return hashOf(last('request'));
}

const grant = (request, more = {}) => say({ typ: 'grant', request, session: SESSION, scopes: ['view'], seconds: 600, fingerprint: FINGERPRINT, ...more });
const sdp = (seq, more = {}) => say({ typ: 'sdp', session: SESSION, seq, type: 'offer', sdp: OFFER, ...more });
const ice = (seq, candidate) => say({ typ: 'ice', session: SESSION, seq, candidate, mline: 0 });

async function live() {
    const request = await ask();
    await say({ typ: 'progress', request, stage: 'allowed' });
    await grant(request);
    await sdp(0);
    peer.on.connected();
    peer.on.firstFrame();
    assert.equal(session.state, 'live');
    return request;
}

test('the whole story, and what it sends', async () => {
    await session.hello();
    assert.equal(session.reach.status, 'checking');
    now += 12;
    await challenge();
    assert.deepEqual(session.reach, { status: 'yes', rtt: 12 });
    session.ask({ reason: 'Jam at the capper', seconds: 600 });
    assert.equal(session.state, 'asking');
    await settle();
    const request = last('request');
    assert.deepEqual(request, {
        v: 1, typ: 'request', device: 'filler-1', nonce: id32(5), reason: 'Jam at the capper', scopes: ['view'], seconds: 600, fingerprint: MINE, credential,
    });
    const id = await hashOf(request);
    await say({ typ: 'progress', request: id, stage: 'shown' });
    assert.equal(session.state, 'shown');
    await say({ typ: 'progress', request: id, stage: 'allowed' });
    assert.equal(session.state, 'allowed');
    await grant(id);
    assert.equal(session.state, 'connecting');
    assert.equal(peer.certificate, 'cert');
    await sdp(0);
    assert.equal(peer.offer, OFFER);
    assert.deepEqual(last('sdp'), { v: 1, typ: 'sdp', session: SESSION, seq: 0, type: 'answer', sdp: 'v=0 answer' });
    assert.deepEqual(last('ice'), { v: 1, typ: 'ice', session: SESSION, seq: 1, candidate: 'candidate:early', mline: 0 });
    await ice(1, 'candidate:x');
    assert.deepEqual(peer.candidates, [['candidate:x', 0]]);
    peer.on.candidate('', 0);
    assert.equal(last('ice').seq, 2);
    peer.on.connected();
    peer.on.firstFrame();
    peer.on.firstFrame();
    assert.equal(session.state, 'live');
    await say({ typ: 'end', session: SESSION, seq: 2, by: 'person', reason: 'stopped' });
    assert.equal(session.state, 'ended');
    assert.deepEqual(session.outcome, { by: 'person', reason: 'stopped', detail: undefined });
    assert.ok(peer.closed);
    assert.equal(last('end'), undefined); // an end is not answered by an end
    assert.deepEqual(marks, ['asked', 'shown', 'allowed', 'granted', 'offer', 'connected', 'firstFrame', 'ended']);
    assert.deepEqual(timers.filter((t) => t.at > now + 5000), []); // nothing of the round stays behind
});

for (const reason of schemas.denial.properties.reason.enum)
    test(`denied: ${reason}`, async () => {
        const request = await ask();
        await say({ typ: 'denial', request, reason, detail: 'why' });
        assert.equal(session.state, 'denied');
        assert.deepEqual(session.outcome, { reason, detail: 'why' });
        session.again();
        await settle();
        assert.equal(session.state, 'idle');
        await challenge({ nonce: id32(6) });
        session.ask({ reason: 'Jam', seconds: 300 });
        await settle();
        assert.equal(last('request').nonce, id32(6)); // a nonce serves once
    });

test('nobody answers the hello: unreachable after 5 s, and a retry', async () => {
    await session.hello();
    await pass(4999);
    assert.equal(session.state, 'idle');
    await pass(1);
    assert.equal(session.state, 'unreachable');
    assert.equal(session.reach.status, 'no');
    await challenge(); // too late: that hello is forgotten
    assert.equal(session.reach.status, 'no');
    await reach();
    assert.equal(session.state, 'idle');
    await pass(5000);
    assert.equal(session.state, 'idle');
});

test('messages for another tab mean nothing', async () => {
    await session.hello();
    await challenge({ hello: id32(9) });
    assert.equal(session.reach.status, 'checking');
    await challenge();
    session.ask({ reason: 'Jam', seconds: 600 });
    await settle();
    await say({ typ: 'progress', request: id32(9), stage: 'allowed' });
    await say({ typ: 'denial', request: id32(9), reason: 'busy' });
    await grant(id32(9));
    assert.equal(session.state, 'asking');
    assert.equal(peer, null);
    const request = await hashOf(last('request'));
    await grant(request);
    await say({ typ: 'end', session: id32(9), seq: 0, by: 'device', reason: 'shutdown' });
    assert.equal(session.state, 'connecting');
});

test('cancel: the device is told, and a yes that crosses it is ended', async () => {
    const request = await ask();
    await say({ typ: 'progress', request, stage: 'shown' });
    session.cancel();
    assert.deepEqual([session.state, session.outcome.reason], ['denied', 'cancelled']);
    assert.equal(last('cancel').request, request);
    await grant(request);
    assert.equal(session.state, 'denied');
    assert.equal(peer, null);
    assert.deepEqual(last('end'), { v: 1, typ: 'end', by: 'agent', reason: 'hung-up', session: SESSION, seq: 0 });
});

test('cancel before the request was even sent sends nothing', async () => {
    await reach();
    session.ask({ reason: 'Jam', seconds: 600 });
    session.cancel();
    await settle();
    assert.equal(session.state, 'denied');
    assert.equal(last('request'), undefined);
    assert.equal(last('cancel'), undefined);
});

test('the device never answers the request: taken back after 20 s', async () => {
    await ask();
    await pass(20_000);
    assert.deepEqual([session.state, session.outcome.reason], ['unreachable', 'no-answer']);
    assert.ok(last('cancel'));
});

test('a prompt on the panel may take its time; a yes without a grant may not', async () => {
    const request = await ask();
    await say({ typ: 'progress', request, stage: 'shown' });
    await pass(600_000);
    assert.equal(session.state, 'shown');
    await say({ typ: 'progress', request, stage: 'allowed' });
    await pass(20_000);
    assert.deepEqual([session.state, session.outcome.reason], ['unreachable', 'no-grant']);
});

test('an old nonce is not used: hello again first', async () => {
    await reach();
    await pass(9 * 60_000);
    session.ask({ reason: 'Jam', seconds: 600 });
    await settle();
    assert.equal(last('request'), undefined);
    assert.equal(session.state, 'asking');
    await challenge({ nonce: id32(6) });
    assert.equal(last('request').nonce, id32(6));
});

test('asking without a nonce while the device is gone ends as unreachable', async () => {
    await reach();
    await pass(9 * 60_000);
    session.ask({ reason: 'Jam', seconds: 600 });
    await settle();
    await pass(5000);
    assert.deepEqual([session.state, session.outcome.reason], ['unreachable', 'no-answer']);
});

test('a browser without WebRTC says so', async () => {
    certificate = async () => {
        throw new Error('WebRTC is switched off in this browser');
    };
    await reach();
    session.ask({ reason: 'Jam', seconds: 600 });
    await settle();
    assert.deepEqual([session.state, session.outcome.reason], ['unreachable', 'no-webrtc']);
    assert.equal(last('request'), undefined);
});

test('the offer must carry the fingerprint of the grant', async () => {
    const request = await ask();
    await grant(request, { fingerprint: MINE });
    await sdp(0);
    assert.deepEqual([session.state, session.outcome.by, session.outcome.reason], ['ended', 'agent', 'fingerprint']);
    assert.equal(last('end').reason, 'fingerprint');
    assert.equal(peer.offer, undefined); // the browser never saw it
    assert.ok(peer.closed);
});

test('an answer, a second offer or an offer the browser refuses ends the session', async () => {
    let request = await ask();
    await grant(request);
    await sdp(0, { type: 'answer' });
    assert.equal(session.outcome.reason, 'protocol');

    session.again();
    await settle();
    request = await ask();
    await grant(request, { session: id32(8) });
    await sdp(0, { session: id32(8) });
    assert.equal(session.state, 'connecting');
    await sdp(1, { session: id32(8) });
    assert.equal(session.outcome.reason, 'protocol');

    session.again();
    await settle();
    request = await ask();
    await grant(request, { session: id32(9) });
    peer.broken = true;
    await sdp(0, { session: id32(9) });
    assert.equal(session.outcome.reason, 'protocol');
    assert.match(session.outcome.detail, /no codec/);
});

test('a grant of more time than was asked for is refused', async () => {
    const request = await ask(300);
    await grant(request, { seconds: 600 });
    assert.deepEqual([session.state, session.outcome.reason], ['ended', 'protocol']);
    assert.equal(last('end').session, SESSION);
});

test('offer and candidates that come before the grant wait for it', async () => {
    const request = await ask();
    await ice(1, 'candidate:1');
    await sdp(0);
    assert.equal(peer, null);
    await grant(request);
    assert.equal(peer.offer, OFFER);
    assert.deepEqual(peer.candidates, [['candidate:1', 0]]);
});

test('no picture within 20 s of the grant', async () => {
    const request = await ask();
    await grant(request);
    await sdp(0);
    await pass(20_000);
    assert.deepEqual([session.state, session.outcome.by, session.outcome.reason], ['ended', 'agent', 'media-failed']);
    assert.equal(last('end').reason, 'media-failed');
});

test('hang up, and leaving the page, tell the device', async () => {
    await live();
    session.hangUp();
    assert.deepEqual([session.state, session.outcome.by, session.outcome.reason], ['ended', 'agent', 'hung-up']);
    assert.deepEqual(last('end'), { v: 1, typ: 'end', by: 'agent', reason: 'hung-up', session: SESSION, seq: 2 });
    session.again();
    await settle();
    sent.length = 0;
    await ask();
    session.leave();
    assert.ok(last('cancel'));
});

test('a broken connection waits a little for the word of the device', async () => {
    await live();
    peer.on.failed('the connection to the device broke');
    await say({ typ: 'end', session: SESSION, seq: 1, by: 'device', reason: 'expired' });
    assert.deepEqual([session.outcome.by, session.outcome.reason], ['device', 'expired']);
    session.again();
    await settle();
    await live();
    peer.on.failed('the connection to the device broke');
    await pass(3000);
    assert.deepEqual([session.state, session.outcome.by, session.outcome.reason], ['ended', 'agent', 'media-failed']);
});

test('nothing of an ended session reaches the next', async () => {
    await live();
    const old = peer;
    session.hangUp();
    session.again();
    await settle();
    const request = await ask();
    sent.length = 0;
    old.on.firstFrame();
    old.on.candidate('candidate:old', 0);
    old.on.failed('old');
    await pass(3000);
    await ice(0, 'candidate:late');
    assert.equal(session.state, 'asking');
    assert.deepEqual(sent, []);
    await grant(request, { session: id32(8) });
    assert.deepEqual(peer.candidates, []);
});

test('the device restarts: a request is void, a session over, an idle page says hello again', async () => {
    const state = { online: true, boot: id32(2), status: 'ready' };
    await ask();
    session.presence({ ...state, boot: id32(1) });
    session.presence({ online: false, boot: id32(1) });
    assert.equal(session.state, 'asking');
    session.presence(state);
    assert.deepEqual([session.state, session.outcome.reason], ['unreachable', 'restarted']);
    session.again();
    await settle();
    await challenge({ boot: id32(2) });
    sent.length = 0;
    session.presence({ ...state, boot: id32(3) });
    await settle();
    assert.ok(last('hello'));
    await challenge({ boot: id32(3) });
    await live();
    session.presence({ ...state, boot: id32(4) });
    assert.deepEqual([session.state, session.outcome.by, session.outcome.reason], ['ended', 'device', 'shutdown']);
});

test('the broker goes and comes back', async () => {
    await reach();
    session.disconnected();
    assert.equal(session.reach.status, 'checking');
    sent.length = 0;
    session.reconnected();
    await settle();
    assert.ok(last('hello'));
    await challenge();
    session.ask({ reason: 'Jam', seconds: 600 });
    await settle();
    session.disconnected();
    assert.equal(session.state, 'asking'); // the request is out
    session.reconnected();
    session.presence({ online: true, boot: id32(1), status: 'asking' });
    assert.equal(session.state, 'asking');
    session.reconnected();
    session.presence({ online: true, boot: id32(1), status: 'ready' }); // it is over, and we missed the answer
    assert.equal(session.state, 'unreachable');
});

test('inbox: in order, once, and not more than 64 early ones', () => {
    const inbox = new Inbox();
    const add = (seq) => inbox.add({ seq }).map((m) => m.seq);
    assert.deepEqual(add(1), []);
    assert.deepEqual(add(0), [0, 1]);
    assert.deepEqual(add(0), []);
    assert.deepEqual(add(1), []);
    for (let seq = 3; seq < 3 + 64; seq++) assert.deepEqual(add(seq), []);
    assert.deepEqual(add(67), []); // one too many: dropped
    assert.deepEqual(add(2), Array.from({ length: 65 }, (_, i) => i + 2));
    assert.deepEqual(add(67), [67]);
});
