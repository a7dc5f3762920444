/* What the tests of src/session.js share: the state machine with a device, a clock and a peer connection that the tests play.
 * Every message either way is really signed, sealed, opened and verified.
 */
import { before, beforeEach, afterEach } from 'node:test';
import assert from 'node:assert/strict';
import { Exchange } from '../src/exchange.js';
import { freshOpeningKey, freshSigningKey, openingKey } from '../src/seal.js';
import { Presence } from '../src/presence.js';
import { Session } from '../src/session.js';
import { id32 } from './helpers.js';
import { Device, Owner, Vendor, protocol } from './world.js';

export const FINGERPRINT = Array(32).fill('AB').join(':');
export const MINE = Array(32).fill('CD').join(':');
export const SESSION = id32(7);
export const OFFER = ['v=0', `a=fingerprint:sha-256 ${FINGERPRINT}`, 'm=video 9 X 96', 'a=mid:screen', 'm=video 9 X 98', 'a=mid:camera', 'm=audio 9 X 111', 'a=mid:voice', 'm=video 9 X 100', 'a=mid:face', 'm=application 9 X 1', ''].join('\r\n');

export let vendor, owner, signer, credential;
export let kept, free; // of the notes of a page that may be loaded anew
export let turn, device, presence, identity, refused, now, timers, pending, sent, marks, dropped, peer, session, certificate;

before(async () => {
    [vendor, owner, signer] = [await Vendor.create(), await Owner.create(), await freshSigningKey()];
    credential = await vendor.credential(signer.jwk);
});

export class ScriptedPeer {
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
export async function heard(text) {
    const { message, hash: its, openedBy } = await device.hear(text, signer.jwk);
    sent.push(Object.assign(message, { hash: its, openedBy }));
}

/* Counts what runs on other threads, so that settle() can wait for it. */
export function counted(work) {
    const mine = pending;
    mine.count++;
    return work.finally(() => mine.count--);
}

export class Counted extends Exchange {
    prepare(...args) {
        return counted(super.prepare(...args));
    }
}

/* What the device publishes, verified by the page. */
export const identify = async () => (identity = (await presence.read(device.id, await device.presence([vendor]))).identity);

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
export const settle = async () => {
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    for (let quiet = 0; quiet < 3; quiet++) {
        await turn();
        if (pending.count) quiet = -1;
    }
};

export async function pass(ms) {
    now += ms;
    for (const timer of timers.filter((t) => t.at <= now)) {
        if (!timers.includes(timer)) continue;
        timers.splice(timers.indexOf(timer), 1);
        timer.callback();
    }
    await settle();
}

/* What is under way at the end of a test is not the next one's. */
afterEach(settle);

export const last = (typ) => sent.filter((m) => m.typ === typ).at(-1);
/* Without the hash that the tests put beside it. */
export const claims = ({ hash: _, openedBy: __, ...message }) => message;
export const hashOf = (message) => message.hash;

/* The device says something, in a valid form. */
export async function say(message, as) {
    const { text, hash: its } = await device.say(message, as);
    await session.receive(text);
    await settle();
    return its;
}

export async function challenge(more = {}) {
    const { text, hash: its } = await device.challenge(hashOf(last('hello')), more);
    await session.receive(text);
    await settle();
    return its;
}

export async function hello() {
    await session.hello();
    await settle();
}

export async function reach() {
    await hello();
    return challenge();
}

export async function ask(seconds = 600) {
    await reach();
    session.ask({ reason: 'Jam', seconds });
    await settle();
    return hashOf(last('request'));
}

export const grant = (request, more = {}) => say({ typ: 'grant', request, session: SESSION, scopes: ['view'], seconds: 600, fingerprint: FINGERPRINT, ...more });
export const sdp = (seq, more = {}) => say({ typ: 'sdp', session: SESSION, seq, path: 1, type: 'offer', sdp: OFFER, ...more });
export const ice = (seq, candidate, path = 1) => say({ typ: 'ice', session: SESSION, seq, path, candidate, mline: 0 });

export async function live() {
    const request = await ask();
    await say({ typ: 'progress', request, stage: 'allowed' });
    await grant(request);
    await sdp(0);
    peer.on.connected();
    peer.on.firstFrame();
    assert.equal(session.state, 'live');
    return request;
}

/* What else a test has otherwise than beforeEach() does: by name. */
export function otherwise(changes) {
    if ('turn' in changes) turn = changes.turn;
    if ('certificate' in changes) certificate = changes.certificate;
    if ('free' in changes) free = changes.free;
    if ('identity' in changes) identity = changes.identity;
    if ('refused' in changes) refused = changes.refused;
    if ('device' in changes) device = changes.device;
    if ('credential' in changes) credential = changes.credential;
}

/* So many ms go by, and no timer rings. */
export function wait(ms) {
    now += ms;
}
