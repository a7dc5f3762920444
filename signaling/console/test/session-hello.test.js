/* Whether the device is there: hellos and challenges, verified identities, a device or a broker that goes and comes back. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { id32 } from './helpers.js';
import { Device, publicJwk } from './world.js';
import { owner, credential, device, sent, dropped, peer, session, identify, settle, pass, last, hashOf, say, challenge, hello, reach, ask, grant, sdp, live, otherwise } from './session-rig.js';

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

test('without a verified identity nothing is sent; it comes, and the hello goes out', async () => {
    otherwise({ identity: null });
    await hello();
    assert.deepEqual([session.reach.status, sent.length], ['checking', 0]);
    await identify();
    session.presence({ online: true, boot: id32(1), status: 'ready' });
    await settle();
    await challenge();
    assert.equal(session.reach.status, 'yes');
});

test('a device that is not known at all does not answer', async () => {
    otherwise({ identity: null });
    await hello();
    await pass(5000);
    assert.deepEqual([session.state, session.outcome.reason, sent.length], ['unreachable', 'no-answer', 0]);
});

test('a state that does not verify blocks the request, and one that does frees it', async () => {
    await reach();
    sent.length = 0;
    otherwise({ refused: { reason: 'signature', detail: 'the signature is not right' } });
    session.unverified();
    assert.deepEqual([session.state, session.outcome.reason, session.reach.status], ['unreachable', 'not-verified', 'unverified']);
    assert.match(session.outcome.detail, /signature/);
    session.ask({ reason: 'Jam', seconds: 600 });
    await settle();
    assert.deepEqual([session.state, session.outcome.reason, sent.length], ['unreachable', 'not-verified', 0]);
    otherwise({ refused: null });
    session.presence({ online: true, boot: id32(1), status: 'ready' });
    await settle();
    assert.ok(last('hello'));
});

test('a state that does not verify does not disturb what is under way', async () => {
    const request = await ask();
    otherwise({ refused: { reason: 'unreadable', detail: 'x' } });
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
    otherwise({ device: Object.assign(await Device.create(owner), { boot: id32(1) }) });
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
    otherwise({ credential: null });
    await hello();
    assert.deepEqual([session.state, session.outcome.reason, sent.length], ['unreachable', 'not-enrolled', 0]);
    otherwise({ credential: mine });
    await reach();
    assert.equal(session.state, 'idle');
});
