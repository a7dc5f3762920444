/* The connection of a session breaks, moves to another path, or its page is loaded anew. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { id32 } from './helpers.js';
import { FINGERPRINT, MINE, SESSION, OFFER, kept, sent, peer, session, settle, pass, last, say, challenge, sdp, ice, live, otherwise } from './session-rig.js';

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
    otherwise({ free: false });
    session.rejoin(notes);
    await settle();
    assert.deepEqual([session.state, session.outcome.reason], ['ended', 'elsewhere']);
    otherwise({ free: true });
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
