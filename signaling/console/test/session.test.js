/* The state machine with one device: request, consent, grant and end, as what is sent and what comes of it. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { schemas, id32 } from './helpers.js';
import { MINE, SESSION, OFFER, credential, turn, identity, now, timers, sent, marks, peer, session, settle, pass, last, claims, hashOf, say, challenge, hello, reach, ask, grant, sdp, ice, live, otherwise, wait } from './session-rig.js';

test('the whole story, and what it sends', async () => {
    await hello();
    assert.equal(session.reach.status, 'checking');
    wait(12);
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

test('the owner’s authorisation goes along, and who granted is told', async () => {
    await reach();
    session.ask({ reason: 'Jam', seconds: 600, authorisation: 'a.b.c' });
    await settle();
    assert.equal(last('request').authorisation, 'a.b.c');
    await grant(hashOf(last('request')), { by: 'owner' });
    assert.equal(session.grant.by, 'owner');
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

test('back-off: the agent is told how long', async () => {
    const request = await ask();
    await say({ typ: 'denial', request, reason: 'backoff', retry: 812 });
    assert.equal(session.state, 'denied');
    assert.equal(session.outcome.retry, 812);
});

test('TURN: the device gets the credentials and no address of a server; each connection those of the day', async () => {
    otherwise({ turn: { urls: ['turn:turn.example:3478'], username: '1800000000:anna', password: 'c2VjcmV0' } });
    await live();
    assert.deepEqual(last('request').turn, { username: '1800000000:anna', password: 'c2VjcmV0' });
    assert.deepEqual(peer.turn, turn);
    otherwise({ turn: { ...turn, username: '1800028800:anna', password: 'renewed' } });
    await sdp(1, { path: 2 });
    assert.equal(peer.turn.password, 'renewed');
    assert.ok(sent.filter(({ typ }) => typ !== 'request').every((message) => !JSON.stringify(message).includes('c2VjcmV0')));
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

test('a browser without WebRTC says so', async () => {
    otherwise({
        certificate: async () => {
            throw new Error('WebRTC is switched off in this browser');
        },
    });
    await reach();
    session.ask({ reason: 'Jam', seconds: 600 });
    await settle();
    assert.deepEqual([session.state, session.outcome.reason], ['unreachable', 'no-webrtc']);
    assert.equal(last('request'), undefined);
});

test('a grant of more time than was asked for is refused', async () => {
    const request = await ask(300);
    await grant(request, { seconds: 600 });
    assert.deepEqual([session.state, session.outcome.reason], ['ended', 'protocol']);
    assert.equal(last('end').session, SESSION);
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
