/* What counts between a page and a device: keys of each exchange, replays, forgeries. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { freshOpeningKey, sealingKey } from '../src/seal.js';
import { id32 } from './helpers.js';
import { privateJwk } from './world.js';
import { FINGERPRINT, SESSION, OFFER, device, sent, dropped, peer, session, settle, last, hashOf, say, challenge, ask, grant } from './session-rig.js';

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
