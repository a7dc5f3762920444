/* A session that was granted: its offer and answer, what holds in it and how that changes, and more scopes in its midst. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { id32 } from './helpers.js';
import { MINE, SESSION, OFFER, device, sent, peer, session, settle, pass, last, hashOf, say, challenge, reach, ask, grant, sdp, ice, live } from './session-rig.js';

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
