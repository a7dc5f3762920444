/* The state machine with a device, a clock and a peer connection that the tests play. Every message either way is really
 * signed, sealed, opened and verified. */
import { before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { Exchange } from '../src/exchange.js';
import { freshOpeningKey, freshSigningKey, openingKey, sealingKey } from '../src/seal.js';
import { Presence } from '../src/presence.js';
import { Inbox } from '../src/inbox.js';
import { Session } from '../src/session.js';
import { schemas, id32 } from './helpers.js';
import { Device, Owner, Vendor, privateJwk, protocol, publicJwk } from './world.js';

const FINGERPRINT = Array(32).fill('AB').join(':');
const MINE = Array(32).fill('CD').join(':');
const SESSION = id32(7);
const OFFER = ['v=0', `a=fingerprint:sha-256 ${FINGERPRINT}`, 'm=video 9 X 96', 'a=mid:screen', 'm=video 9 X 98', 'a=mid:camera', 'm=audio 9 X 111', 'a=mid:voice', 'm=video 9 X 100', 'a=mid:face', 'm=application 9 X 1', ''].join('\r\n');

let vendor, owner, signer, credential;
let kept, free; // of the notes of a page that may be loaded anew
let turn, device, presence, identity, refused, now, timers, pending, sent, marks, dropped, peer, session, certificate;

before(async () => {
    [vendor, owner, signer] = [await Vendor.create(), await Owner.create(), await freshSigningKey()];
    credential = await vendor.credential(signer.jwk);
});

class ScriptedPeer {
    constructor({ certificate: c, turn: servers, on }) {
        Object.assign(this, { certificate: c, turn: servers, on, candidates: [], closed: false });
        peer = this;
    }
    async answer(sdp) {
        this.offer = sdp;
        this.on.candidate('candidate:early', 0); // browsers gather before the answer is sent
        if (this.broken) throw new Error('no codec');
        return this.long ?? 'v=0 answer';
    }
    addCandidate(candidate, mline) {
        this.candidates.push([candidate, mline]);
    }
    close() {
        this.closed = true;
    }
}

/* What the device reads, in the order of sending. */
async function heard(text) {
    const { message, hash: its, openedBy } = await device.hear(text, signer.jwk);
    sent.push(Object.assign(message, { hash: its, openedBy }));
}

/* Counts what runs on other threads, so that settle() can wait for it. */
function counted(work) {
    const mine = pending;
    mine.count++;
    return work.finally(() => mine.count--);
}

class Counted extends Exchange {
    prepare(...args) {
        return counted(super.prepare(...args));
    }
}

/* What the device publishes, verified by the page. */
const identify = async () => (identity = (await presence.read(device.id, await device.presence([vendor]))).identity);

beforeEach(async () => {
    now = 1000;
    pending = { count: 0 };
    timers = [];
    sent = [];
    marks = [];
    dropped = [];
    refused = peer = turn = kept = null;
    free = true;
    device = await Device.create(owner);
    presence = new Presence({ protocol, enrolled: { tenant: 'demo', vendor: vendor.id, presence: await openingKey(vendor.presence), owners: [await owner.known()] } });
    await identify();
    certificate = async () => ({ certificate: 'cert', fingerprint: MINE });
    let reading = Promise.resolve();
    const publish = (text) => counted((reading = reading.then(() => heard(text))));
    session = new Session('filler-1', {
        identity: () => identity,
        unverified: () => refused,
        credential: () => credential,
        turn: () => turn,
        begin: async (its) => new Counted({ identity: its, signer, protocol, publish, own: await counted(freshOpeningKey()) }),
        now: () => now,
        after: (ms, callback) => {
            const timer = { at: now + ms, callback };
            timers.push(timer);
            return () => void (timers = timers.filter((other) => other !== timer));
        },
        certificate: () => certificate(),
        prove: async () => {},
        notes: { keep: (notes) => (kept = notes), forget: () => (kept = null), lock: async () => free },
        createPeer: (options) => new ScriptedPeer(options),
        mark: (name) => marks.push(name),
        changed: () => {},
        challenged: () => {},
        dropped: (why) => dropped.push(why),
    });
});

/* Cryptography is done on other threads: wait for it, then for what follows from it. */
const settle = async () => {
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    for (let quiet = 0; quiet < 3; quiet++) {
        await turn();
        if (pending.count) quiet = -1;
    }
};

async function pass(ms) {
    now += ms;
    for (const timer of timers.filter((t) => t.at <= now)) {
        if (!timers.includes(timer)) continue;
        timers.splice(timers.indexOf(timer), 1);
        timer.callback();
    }
    await settle();
}

const last = (typ) => sent.filter((m) => m.typ === typ).at(-1);
/* Without the hash that the tests put beside it. */
const claims = ({ hash: _, openedBy: __, ...message }) => message;
const hashOf = (message) => message.hash;

/* The device says something, in a valid form. */
async function say(message, as) {
    const { text, hash: its } = await device.say(message, as);
    await session.receive(text);
    await settle();
    return its;
}

async function challenge(more = {}) {
    const { text, hash: its } = await device.challenge(hashOf(last('hello')), more);
    await session.receive(text);
    await settle();
    return its;
}

async function hello() {
    await session.hello();
    await settle();
}

async function reach() {
    await hello();
    return challenge();
}

async function ask(seconds = 600) {
    await reach();
    session.ask({ reason: 'Jam', seconds });
    await settle();
    return hashOf(last('request'));
}

const grant = (request, more = {}) => say({ typ: 'grant', request, session: SESSION, scopes: ['view'], seconds: 600, fingerprint: FINGERPRINT, ...more });
const sdp = (seq, more = {}) => say({ typ: 'sdp', session: SESSION, seq, path: 1, type: 'offer', sdp: OFFER, ...more });
const ice = (seq, candidate, path = 1) => say({ typ: 'ice', session: SESSION, seq, path, candidate, mline: 0 });

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
    await hello();
    assert.equal(session.reach.status, 'checking');
    now += 12;
    const challenged = await challenge();
    assert.deepEqual(session.reach, { status: 'yes', rtt: 12 });
    session.ask({ reason: 'Jam at the capper', seconds: 600 });
    assert.equal(session.state, 'asking');
    await settle();
    const request = last('request');
    assert.deepEqual(claims(request), {
        v: 1, typ: 'request', device: 'filler-1', challenge: challenged, nonce: id32(5), reason: 'Jam at the capper', scopes: ['view'], seconds: 600, fingerprint: MINE,
    });
    assert.equal(last('hello').credential, credential);
    const id = hashOf(request);
    await say({ typ: 'progress', request: id, stage: 'shown' });
    assert.equal(session.state, 'shown');
    await say({ typ: 'progress', request: id, stage: 'allowed' });
    assert.equal(session.state, 'allowed');
    await grant(id);
    assert.equal(session.state, 'connecting');
    assert.equal(peer.certificate, 'cert');
    await sdp(0);
    assert.equal(peer.offer, OFFER);
    assert.deepEqual(claims(last('sdp')), { v: 1, typ: 'sdp', session: SESSION, seq: 0, path: 1, type: 'answer', sdp: 'v=0 answer' });
    assert.deepEqual(claims(last('ice')), { v: 1, typ: 'ice', session: SESSION, seq: 1, path: 1, candidate: 'candidate:early', mline: 0 });
    await ice(1, 'candidate:x');
    assert.deepEqual(peer.candidates, [['candidate:x', 0]]);
    peer.on.candidate('', 0);
    await settle();
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

test('the code to compare by voice is of the hash of the request', async () => {
    const request = await ask();
    const first = Buffer.from(request, 'base64url').readUInt32BE(0);
    assert.equal(session.code, String(first % 1_000_000).padStart(6, '0'));
});

test('what holds in the session changes: fewer scopes, the picture stands still and goes on', async () => {
    await live();
    assert.equal(session.paused, '');
    await say({ typ: 'update', session: SESSION, seq: 1, path: 1, scopes: ['view'], paused: 'again' });
    assert.equal(session.paused, 'again');
    assert.equal(session.state, 'live');
    await say({ typ: 'update', session: SESSION, seq: 2, path: 1, scopes: ['view'], paused: '' });
    assert.deepEqual([session.paused, session.grant.scopes, session.changed], ['', ['view'], null]);
    await say({ typ: 'end', session: SESSION, seq: 3, by: 'device', reason: 'not-renewed' });
    assert.equal(session.outcome.reason, 'not-renewed');
});

let inSession; // whom the device seals for in the exchange of the session

test('the owner’s authorisation goes along, and who granted is told', async () => {
    await reach();
    session.ask({ reason: 'Jam', seconds: 600, authorisation: 'a.b.c' });
    await settle();
    assert.equal(last('request').authorisation, 'a.b.c');
    await grant(hashOf(last('request')), { by: 'owner' });
    assert.equal(session.grant.by, 'owner');
});

/* A session for which more than the screen was asked. */
async function wide(given, asked = ['view', 'camera', 'voice']) {
    await reach();
    session.ask({ reason: 'Jam', scopes: asked, seconds: 600 });
    await settle();
    const request = hashOf(last('request'));
    assert.deepEqual(last('request').scopes, asked);
    await grant(request, { scopes: given });
    await sdp(0);
    peer.on.firstFrame();
    inSession = device.to;
}

async function askMore(scopes = ['camera']) {
    session.askMore({ reason: 'Show me the nozzle', scopes });
    await settle();
    await challenge();
    return hashOf(last('request'));
}

const update = (seq, scopes) => say({ typ: 'update', session: SESSION, seq, path: 1, scopes, paused: '' }, { to: inSession });

test('what was unticked, and what is taken away, is told', async () => {
    await wide(['view', 'voice']);
    assert.deepEqual(session.changed, { left: ['camera'], added: [], removed: [] });
    session.dismiss();
    assert.equal(session.changed, null);
    await update(1, ['view']);
    assert.deepEqual(session.changed, { left: [], added: [], removed: ['voice'] });
    assert.equal(session.state, 'live');
});

test('a call that is dealt with: said in the exchange of the last challenge, which still serves a request', async () => {
    session.hello();
    await settle();
    await challenge();
    session.callDone(47, 'Called back');
    await settle();
    const { since, note, hash, openedBy } = last('done');
    assert.deepEqual([since, note, session.done.state], [47, 'Called back', 'sending']);
    session.callDone(47, 'Twice'); // one at a time
    await settle();
    assert.equal(last('done').note, 'Called back');
    await say({ typ: 'denial', request: hash, reason: 'cancelled' });
    assert.deepEqual([session.done.state, session.done.reason, session.state], ['refused', 'cancelled', 'idle']);
    session.callDone(48, 'Called back');
    await pass(20_000); // the device says nothing, and its state keeps the call
    assert.equal(session.done.state, 'unanswered');
    const hellos = sent.filter(({ typ }) => typ === 'hello').length;
    session.ask({ reason: 'Jam', seconds: 600 });
    await settle();
    assert.deepEqual([last('request').openedBy, sent.filter(({ typ }) => typ === 'hello').length], [openedBy, hellos], 'the challenge was used up');
});

test('more in mid-session: asked in an exchange of its own, told by an update', async () => {
    await wide(['view'], ['view']);
    const request = await askMore(['camera', 'voice']);
    const { session: its, scopes, reason } = last('request');
    assert.deepEqual([its, scopes, reason], [SESSION, ['camera', 'voice'], 'Show me the nozzle']);
    assert.match(session.more.code, /^\d{6}$/);
    await say({ typ: 'progress', request, stage: 'shown' });
    assert.deepEqual([session.more.state, session.state], ['shown', 'live']);
    const again = sent.length;
    session.askMore({ reason: 'One more', scopes: ['face'] }); // one at a time
    await settle();
    assert.equal(sent.length, again);
    await say({ typ: 'progress', request, stage: 'allowed' });
    await update(1, ['view', 'camera']);
    assert.deepEqual([session.grant.scopes, session.changed, session.more], [['view', 'camera'], { left: ['voice'], added: ['camera'], removed: [] }, null]);
});

test('more in mid-session: a no, a time out, and taking it back leave the session as it is', async () => {
    await wide(['view'], ['view']);
    let request = await askMore();
    await say({ typ: 'denial', request, reason: 'denied' });
    assert.deepEqual([session.more.state, session.more.outcome.reason, session.state], ['denied', 'denied', 'live']);
    request = await askMore();
    await say({ typ: 'progress', request, stage: 'shown' });
    session.cancelMore();
    await settle();
    assert.equal(last('cancel').request, request);
    assert.equal(session.more.outcome.reason, 'cancelled');
    await askMore();
    await pass(20_000);
    assert.deepEqual([session.more.state, session.more.outcome.reason], ['unreachable', 'no-answer']);
    session.askMore({ reason: 'Nobody there', scopes: ['camera'] });
    await settle();
    await pass(5000); // no challenge
    assert.deepEqual([session.more.state, session.more.outcome.reason, session.state], ['unreachable', 'no-answer', 'live']);
});

test('a scope that nobody asked for ends the session', async () => {
    await wide(['view'], ['view']);
    await update(1, ['view', 'logs']);
    assert.deepEqual([session.state, session.outcome.reason], ['ended', 'protocol']);
    assert.equal(last('end').reason, 'protocol');
});

test('back-off: the agent is told how long', async () => {
    const request = await ask();
    await say({ typ: 'denial', request, reason: 'backoff', retry: 812 });
    assert.equal(session.state, 'denied');
    assert.equal(session.outcome.retry, 812);
});

test('TURN: the device gets the credentials and no address of a server; each connection those of the day', async () => {
    turn = { urls: ['turn:turn.example:3478'], username: '1800000000:anna', password: 'c2VjcmV0' };
    await live();
    assert.deepEqual(last('request').turn, { username: '1800000000:anna', password: 'c2VjcmV0' });
    assert.deepEqual(peer.turn, turn);
    turn = { ...turn, username: '1800028800:anna', password: 'renewed' };
    await sdp(1, { path: 2 });
    assert.equal(peer.turn.password, 'renewed');
    assert.ok(sent.filter(({ typ }) => typ !== 'request').every((message) => !JSON.stringify(message).includes('c2VjcmV0')));
});

test('a new path under the same grant: another connection with the same certificate, and the picture is live again', async () => {
    await live();
    const old = peer;
    await sdp(1, { path: 2 });
    assert.notEqual(peer, old);
    assert.ok(old.closed);
    assert.equal(peer.certificate, 'cert');
    assert.equal(session.state, 'connecting');
    assert.equal(session.path, 2);
    assert.equal(last('sdp').path, 2);
    await ice(2, 'candidate:of the old path', 1);
    await ice(3, 'candidate:y', 2);
    assert.deepEqual(peer.candidates, [['candidate:y', 0]]);
    const count = sent.length;
    old.on.candidate('candidate:late', 0);
    old.on.failed('the old one broke');
    await settle();
    assert.equal(sent.length, count);
    peer.on.firstFrame();
    assert.equal(session.state, 'live');
});

for (const [what, more] of Object.entries({ 'the same path again': { path: 1 }, 'a path too far': { path: 3 }, 'an answer': { path: 2, type: 'answer' } }))
    test(`an offer of ${what} ends the session`, async () => {
        await live();
        await sdp(1, more);
        assert.equal(session.state, 'ended');
        assert.equal(last('end').reason, 'protocol');
    });

test('a new path with another certificate of the device ends the session', async () => {
    await live();
    await sdp(1, { path: 2, sdp: OFFER.replace(FINGERPRINT, MINE) });
    assert.equal(session.outcome.reason, 'fingerprint');
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
    await hello();
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
    await hello();
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
    await settle();
    assert.equal(last('cancel').request, request);
    await grant(request);
    assert.equal(session.state, 'denied');
    assert.equal(peer, null);
    assert.deepEqual(claims(last('end')), { v: 1, typ: 'end', by: 'agent', reason: 'hung-up', session: SESSION, seq: 0 });
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
    await settle();
    assert.deepEqual([session.state, session.outcome.by, session.outcome.reason], ['ended', 'agent', 'hung-up']);
    assert.deepEqual(claims(last('end')), { v: 1, typ: 'end', by: 'agent', reason: 'hung-up', session: SESSION, seq: 65535 });
    session.again();
    await settle();
    sent.length = 0;
    await ask();
    session.leave();
    await settle();
    assert.ok(last('cancel'));
});

test('what the device signed of a session is kept as its receipt, also when we have hung up', async () => {
    await live();
    const mine = session.receipt;
    assert.deepEqual([mine.typ, mine.session, mine.end], ['receipt', SESSION, null]);
    await say({ typ: 'end', session: id32(9), seq: 7, by: 'person', reason: 'stopped' }); // of another session
    assert.equal(session.receipt.end, null);
    session.hangUp();
    await settle();
    await say({ typ: 'end', session: SESSION, seq: 7, by: 'agent', reason: 'hung-up' });
    await say({ typ: 'end', session: SESSION, seq: 8, by: 'person', reason: 'stopped' }); // the first counts
    const payload = (jws) => JSON.parse(Buffer.from(jws.split('.')[1], 'base64url'));
    assert.deepEqual([payload(mine.grant).session, payload(mine.end).seq, payload(mine.request).typ, mine.credential], [SESSION, 7, 'request', identity.credential]);
    session.again();
    await settle();
    await ask();
    assert.equal(session.receipt, null);
});

test('a broken connection: another path is asked for until one is offered, and for as long as the device waits', async () => {
    await live();
    peer.on.failed('the connection to the device broke');
    await settle();
    assert.deepEqual([session.state, session.lost], ['connecting', true]);
    await pass(300);
    assert.deepEqual([last('renew').path, last('renew').session], [1, SESSION]);
    sent.length = 0;
    await pass(3000);
    await pass(300);
    assert.deepEqual(sent.map(({ typ }) => typ), ['renew']);
    await say({ typ: 'sdp', session: SESSION, seq: 1, path: 2, type: 'offer', sdp: OFFER });
    sent.length = 0;
    session.reconnected(); // the offer came before this news
    await pass(10_000);
    assert.deepEqual(sent, []);
    peer.on.firstFrame();
    assert.deepEqual([session.state, session.lost], ['live', false]);
    peer.on.silent();
    peer.on.heard(); // by the same path
    assert.deepEqual([session.state, session.lost], ['live', false]);
    peer.on.silent();
    await settle();
    await pass(300);
    session.presence({ online: true, boot: id32(1), status: 'live' }); // the device is at the broker again, which kept nothing for it
    await settle();
    const renewals = sent.filter(({ typ }) => typ === 'renew').map(({ seq }) => seq);
    assert.ok(renewals.length > 1);
    assert.equal(renewals.at(-1), renewals[0]);
    assert.ok(!sent.some(({ typ }) => typ === 'sdp'), 'the answer of a path that came up is said again');
    await pass(65_000);
    assert.deepEqual([session.state, session.outcome.by, session.outcome.reason], ['ended', 'agent', 'peer-lost']);
    assert.equal(last('end').reason, 'peer-lost');
    assert.equal(kept, null);
});

test('a page that is loaded anew joins its session again', async () => {
    await live();
    const notes = structuredClone(kept);
    assert.deepEqual([notes.device, notes.session, notes.code, notes.grant.scopes], ['filler-1', SESSION, session.code, ['view']]);
    session.depart();
    await settle();
    assert.deepEqual([last('away').session, kept !== null], [SESSION, true]);
    // The new page.
    session.leave();
    session.again();
    await settle();
    sent.length = 0;
    session.rejoin(notes);
    await settle();
    assert.equal(session.state, 'rejoining');
    const challenged = await challenge();
    const asked = last('rejoin');
    assert.deepEqual([asked.challenge, asked.session, asked.fingerprint], [challenged, SESSION, MINE]);
    await say({ typ: 'rejoined', request: asked.hash, session: SESSION, scopes: ['view'], seconds: 400, fingerprint: FINGERPRINT, by: 'person', path: 2, paused: '', outage: 60 });
    assert.deepEqual([session.state, session.lost, session.grant.scopes, session.code], ['connecting', true, ['view'], notes.code]);
    await say({ typ: 'sdp', session: SESSION, seq: 0, path: 2, type: 'offer', sdp: OFFER });
    assert.equal(last('sdp').path, 2);
    peer.on.firstFrame();
    assert.deepEqual([session.state, session.lost], ['live', false]);
});

test('a page that comes too late, or of which there are two', async () => {
    const notes = { device: 'filler-1', session: SESSION, code: '123456', request: { reason: 'why', scopes: ['view'], seconds: 600 }, receipt: {}, grant: { scopes: ['view'] } };
    free = false;
    session.rejoin(notes);
    await settle();
    assert.deepEqual([session.state, session.outcome.reason], ['ended', 'elsewhere']);
    free = true;
    session.again();
    await settle();
    session.rejoin(notes);
    await settle();
    await challenge();
    await say({ typ: 'denial', request: last('rejoin').hash, reason: 'busy' });
    sent.length = 0;
    await pass(700);
    await challenge();
    await say({ typ: 'denial', request: last('rejoin').hash, reason: 'expired' });
    assert.deepEqual([session.state, session.outcome.reason], ['ended', 'left']);
    // More than was granted is nothing that a device says.
    session.again();
    await settle();
    session.rejoin(notes);
    await settle();
    await challenge();
    await say({ typ: 'rejoined', request: last('rejoin').hash, session: SESSION, scopes: ['view', 'control'], seconds: 400, fingerprint: FINGERPRINT, by: 'person', path: 2, paused: '', outage: 60 });
    assert.deepEqual([session.state, session.outcome.reason], ['ended', 'protocol']);
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

/* ---- trust ---- */

test('each exchange has keys of its own: the static key opens the hello, and nothing after it', async () => {
    await ask();
    session.cancel();
    await settle();
    session.again();
    await settle();
    const keys = sent.filter(({ typ }) => typ === 'hello').map(({ key }) => key.x);
    assert.equal(new Set(keys).size, 2);
    const opened = { hello: ['static'], request: ['exchange'], cancel: ['exchange'] };
    for (const message of sent) assert.deepEqual([message.typ, message.openedBy], [message.typ, opened[message.typ][0]]);
});

test('what the device did not say to this page is dropped: key, typ, seal, text', async () => {
    const request = await ask();
    const yes = { typ: 'progress', request, stage: 'allowed' };
    await say(yes, { key: await privateJwk() });
    await say(yes, { typ: 'oriel-grant+jws' });
    await say(yes, { typ: 'oriel-hello+jws' });
    assert.equal(session.state, 'asking');
    assert.equal(dropped.length, 3);
    assert.match(dropped[0], /another key/);
    assert.match(dropped[1], /was signed as/);
    const { text } = await device.say(yes);
    for (const broken of ['', '{}', JSON.stringify(yes), text.slice(0, -4), `${text.slice(0, -22)}${'A'.repeat(22)}`, `${text}A`]) await session.receive(broken);
    await settle();
    assert.equal(session.state, 'asking');
    assert.equal(dropped.length, 9);
    // Sealed for another tab's key: none of our business, and no reason to warn.
    await say(yes, { to: await sealingKey((await freshOpeningKey()).jwk) });
    assert.deepEqual([session.state, dropped.length], ['asking', 9]);
    await say(yes);
    assert.equal(session.state, 'allowed');
});

test('replay: the messages of one exchange mean nothing in the next', async () => {
    const first = await ask();
    const old = { allowed: await device.say({ typ: 'progress', request: first, stage: 'allowed' }), no: await device.say({ typ: 'denial', request: first, reason: 'denied' }) };
    const grant1 = await device.say({ typ: 'grant', request: first, session: SESSION, scopes: ['view'], seconds: 600, fingerprint: FINGERPRINT });
    const offer = await device.say({ typ: 'sdp', session: SESSION, seq: 0, path: 1, type: 'offer', sdp: OFFER });
    const greeting = await device.challenge(hashOf(last('hello')), { nonce: id32(4) });
    await session.receive(old.no.text);
    session.again();
    await settle();
    await session.receive(greeting.text); // an old challenge does not answer the new hello
    assert.equal(session.reach.status, 'checking');
    await challenge({ nonce: id32(6) });
    session.ask({ reason: 'Jam', seconds: 600 });
    await settle();
    assert.equal(last('request').nonce, id32(6));
    for (const { text } of [old.allowed, old.no, grant1, offer]) await session.receive(text);
    await settle();
    assert.equal(session.state, 'asking');
    assert.equal(peer, null);
    // Even with the right request's hash, what was sealed for the old exchange does not count.
    await grant(hashOf(last('request')));
    await session.receive(offer.text);
    await settle();
    assert.equal(peer.offer, undefined);
    assert.equal(session.state, 'connecting');
});

test('the same message twice counts once', async () => {
    const request = await ask();
    await grant(request);
    const offer = await device.say({ typ: 'sdp', session: SESSION, seq: 0, path: 1, type: 'offer', sdp: OFFER });
    await session.receive(offer.text);
    await session.receive(offer.text);
    await grant(request);
    await settle();
    assert.equal(session.state, 'connecting');
    assert.equal(sent.filter(({ typ }) => typ === 'sdp').length, 1);
});

test('without a verified identity nothing is sent; it comes, and the hello goes out', async () => {
    identity = null;
    await hello();
    assert.deepEqual([session.reach.status, sent.length], ['checking', 0]);
    await identify();
    session.presence({ online: true, boot: id32(1), status: 'ready' });
    await settle();
    await challenge();
    assert.equal(session.reach.status, 'yes');
});

test('a device that is not known at all does not answer', async () => {
    identity = null;
    await hello();
    await pass(5000);
    assert.deepEqual([session.state, session.outcome.reason, sent.length], ['unreachable', 'no-answer', 0]);
});

test('a state that does not verify blocks the request, and one that does frees it', async () => {
    await reach();
    sent.length = 0;
    refused = { reason: 'signature', detail: 'the signature is not right' };
    session.unverified();
    assert.deepEqual([session.state, session.outcome.reason, session.reach.status], ['unreachable', 'not-verified', 'unverified']);
    assert.match(session.outcome.detail, /signature/);
    session.ask({ reason: 'Jam', seconds: 600 });
    await settle();
    assert.deepEqual([session.state, session.outcome.reason, sent.length], ['unreachable', 'not-verified', 0]);
    refused = null;
    session.presence({ online: true, boot: id32(1), status: 'ready' });
    await settle();
    assert.ok(last('hello'));
});

test('a state that does not verify does not disturb what is under way', async () => {
    const request = await ask();
    refused = { reason: 'unreadable', detail: 'x' };
    session.unverified();
    assert.equal(session.state, 'asking');
    await grant(request);
    await sdp(0);
    peer.on.firstFrame();
    session.unverified();
    assert.equal(session.state, 'live');
});

test('another credential of the device: a new hello, sealed and verified by it', async () => {
    await reach();
    device = Object.assign(await Device.create(owner), { boot: id32(1) });
    await identify();
    sent.length = 0;
    session.presence({ online: true, boot: id32(1), status: 'ready' });
    await settle();
    assert.ok(last('hello'));
    await challenge();
    assert.equal(session.identity.signing.jwk.x, device.key.x);
    assert.equal(session.reach.status, 'yes');
});

test('a challenge for another device, or with a key that is none, is dropped', async () => {
    await hello();
    await challenge({ device: 'filler-2' });
    await challenge({ key: { ...publicJwk(device.key), y: 'A'.repeat(43) } });
    assert.equal(session.reach.status, 'checking');
    assert.match(dropped.at(-1), /P-256/);
    await challenge();
    assert.equal(session.reach.status, 'yes');
});

test('the device refuses the hello', async () => {
    await hello();
    await say({ typ: 'denial', request: hashOf(last('hello')), reason: 'revoked' });
    assert.deepEqual([session.state, session.outcome.reason, session.reach.status], ['denied', 'revoked', 'refused']);
    session.again();
    await settle();
    await challenge();
    assert.equal(session.reach.status, 'yes');
});

test('no credential at present: nothing is sent', async () => {
    const mine = credential;
    credential = null;
    await hello();
    assert.deepEqual([session.state, session.outcome.reason, sent.length], ['unreachable', 'not-enrolled', 0]);
    credential = mine;
    await reach();
    assert.equal(session.state, 'idle');
});

test('an answer that does not fit into a message ends the session', async () => {
    const request = await ask();
    await grant(request);
    peer.long = 'v=0\r\n'.padEnd(9000, 'x');
    await sdp(0);
    await settle();
    assert.deepEqual([session.state, session.outcome.reason], ['ended', 'protocol']);
    assert.equal(last('end').reason, 'protocol');
});

test('many messages at once keep their order', async () => {
    await live();
    for (let i = 0; i < 30; i++) peer.on.candidate(`candidate:${i}`, 0);
    const texts = await Promise.all(Array.from({ length: 30 }, (_, i) => device.say({ typ: 'ice', session: SESSION, seq: 30 - i, path: 1, candidate: `candidate:${30 - i}`, mline: 0 })));
    await Promise.all(texts.map(({ text }) => session.receive(text)));
    await settle();
    assert.deepEqual(peer.candidates.map(([candidate]) => candidate), Array.from({ length: 30 }, (_, i) => `candidate:${i + 1}`));
    const mine = sent.filter(({ typ, seq }) => typ === 'ice' && seq > 1);
    assert.deepEqual(mine.map(({ seq, candidate }) => [seq, candidate]), Array.from({ length: 30 }, (_, i) => [i + 2, `candidate:${i}`]));
});
