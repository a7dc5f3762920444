/* Enrolment: request, answer, renewal, revocation; and the service that does it by HTTP. */
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { EnrolmentError, Keys } from '../src/keys.js';
import { openingKey, seal, sealingKey, verify, verifyingKey } from '../src/seal.js';
import { LoginNeeded, askService } from '../src/service.js';
import { Owner, TIME, Vendor, privateJwk, protocol, publicJwk } from './world.js';

let vendor, owner, tables, now, keys;

before(async () => ([vendor, owner] = [await Vendor.create(), await Owner.create()]));

/* The store's interface over memory: node has no IndexedDB. */
function memory() {
    tables = { self: new Map(), devices: new Map() };
    const store = {
        get: async (table, key) => tables[table].get(key),
        put: async (table, key, value) => void tables[table].set(key, Object.freeze(value)),
        settle: async (table, key, value) => tables[table].get(key) ?? (tables[table].set(key, value), value),
        all: async (table) => [...tables[table]],
        clear: async () => Object.values(tables).forEach((table) => table.clear()),
    };
    return store;
}

async function browser(options = {}) {
    const made = new Keys({ store: memory(), protocol, now: () => now, ...options });
    await made.load();
    return made;
}

beforeEach(async () => {
    now = TIME * 1000;
    keys = await browser();
});

const answer = async (more) => vendor.enrol(await keys.request(), [owner], more);
const refused = (text, why) => assert.rejects(async () => keys.take(await text), (e) => (assert.ok(e instanceof EnrolmentError, e.stack), assert.match(e.message, why), true));

test('the request: signed by its key, both keys in it, a check code to read out', async () => {
    const request = await keys.request();
    const claims = protocol.document('enrolment', await verify(request, await verifyingKey(keys.signing.jwk), 'oriel-enrolment+jws'));
    assert.deepEqual(claims, { v: 1, typ: 'enrolment', key: keys.signing.jwk, seal: keys.opening.jwk });
    assert.equal(keys.checkCode, keys.signing.id.slice(0, 8));
    assert.equal(keys.status, 'new');
});

test('the answer is taken, kept and read again; no private key can be read out', async () => {
    const text = await answer();
    await keys.take(`\n ${text.slice(0, 100)}\r\n${text.slice(100)} \n`); // as mail breaks it
    const { tenant, label, claims, owners, password, presence, credential } = keys.enrolled;
    assert.deepEqual([tenant, label, claims.sub, claims.name, owners[0].name, password], ['demo', 'Fill & Cap GmbH', 'anna', 'Anna Weber', 'Example Bottling', 'secret-of-anna']);
    assert.equal(keys.status, 'good');
    assert.equal(credential.split('.').length, 3);
    for (const { key } of [keys.signing, keys.opening, presence, tables.self.get('enrolled').presence]) assert.equal(key.extractable, false);
    assert.ok(!JSON.stringify(keys.enrolled).includes(vendor.presence.d));
    assert.equal((await openingKey(vendor.presence)).id, presence.id);
    const again = new Keys({ store: { get: async (table, key) => tables[table].get(key) }, protocol, now: () => now });
    await again.load();
    assert.equal(again.enrolled.claims.sub, 'anna');
});

const TURN = { urls: ['turn:turn.example:3478', 'turns:[2001:db8::7]:443?transport=tcp'], username: `${TIME + 28_800}:anna`, password: 'Pj0sNh9cZx7d' };

test('TURN: servers and credentials come with the answer, go with the next one, and are optional', async () => {
    await keys.take(await answer({ answer: { turn: TURN } }));
    assert.deepEqual(keys.enrolled.turn, TURN);
    assert.deepEqual(tables.self.get('enrolled').turn, TURN);
    const next = { ...TURN, username: `${TIME + 50_000}:anna`, password: 'next' };
    await keys.take(await answer({ claims: { exp: TIME + 50_000 }, answer: { turn: next } }));
    assert.deepEqual(keys.enrolled.turn, next);
    await refused(answer({ answer: { turn: { ...TURN, urls: ['turn:[1::2::3]'] } } }), /TURN server in the answer has no valid address/);
    await refused(answer({ answer: { turn: { ...TURN, urls: ['stun:turn.example'] } } }), /not signed.*"turn.urls\[0\]" must be a TURN URI/);
    await refused(answer({ answer: { turn: { ...TURN, password: 'a b' } } }), /not signed.*"turn.password" must be 1 to 128 printable/);
    assert.deepEqual(keys.enrolled.turn, next);
    await keys.take(await answer());
    assert.equal(keys.enrolled.turn, null);
});

test('two tabs that make keys at once end up with the same', async () => {
    const store = memory();
    const [one, two] = [new Keys({ store, protocol }), new Keys({ store, protocol })];
    await Promise.all([one.load(), two.load()]);
    assert.equal(one.signing.id, two.signing.id);
});

test('answers that are none, in words', async () => {
    const good = await answer();
    await refused('', /Paste the answer first/);
    await refused('  \n', /Paste the answer first/);
    await refused('hello', /not an answer/);
    await refused(keys.request(), /the request above/);
    await refused(good.slice(0, -1), /not the whole/);
    await refused(good.slice(0, -22) + 'A'.repeat(22), /damaged/);
    await refused('A'.repeat(100_000), /not an answer/);
    const stranger = await browser();
    await refused(vendor.enrol(await stranger.request(), [owner]), /another browser/);
    assert.equal(keys.enrolled, null);
});

test('answers that are not right, in words', async () => {
    const mallory = await privateJwk();
    await refused(answer({ key: mallory }), /not signed as it should be.*another key/);
    await refused(answer({ answer: { vendor: publicJwk(mallory) } }), /not signed/);
    await refused(answer({ answer: { owners: [] } }), /not signed.*"owners"/);
    await refused(answer({ answer: { extra: 1 } }), /unknown member/);
    const other = await privateJwk();
    await refused(answer({ claims: { cnf: { jwk: publicJwk(other) } } }), /another key than this browser/);
    await refused(answer({ claims: { exp: TIME } }), /expired already/);
    await refused(answer({ claims: { iat: TIME + 301, exp: TIME + 900 } }), /from the future/);
    await refused(answer({ claims: { exp: TIME + 86_401 } }), /longer than a day/);
    await refused(answer({ claims: { scopes: [] } }), /credential in the answer is not valid/);
    await refused(answer({ answer: { credential: await (await Vendor.create()).credential(keys.signing.jwk) } }), /credential in the answer is not valid/);
    await refused(answer({ answer: { presence: { ...vendor.presence, d: other.d } } }), /key in the answer is not valid/);
    await refused(answer({ answer: { presence: publicJwk(vendor.presence) } }), /lacks "d"/);
    assert.equal(keys.enrolled, null);
    assert.equal(tables.self.has('enrolled'), false);
});

test('an answer for another tenant than the page’s', async () => {
    keys = await browser({ tenant: 'plant' });
    await refused(answer(), /for demo, but this page serves plant/);
});

test('later answers: only by the first company key, only for the same agent', async () => {
    await keys.take(await answer());
    const impostor = await Vendor.create();
    await refused(impostor.enrol(await keys.request(), [owner]), /another company key/);
    await refused(answer({ claims: { sub: 'bert', name: 'Bert' } }), /another agent, Bert \(bert\)/);
    assert.equal(keys.enrolled.claims.exp, TIME + 8 * 3600);
    now += 7.5 * 3600_000;
    await keys.take(await answer({ claims: { iat: TIME + 27_000, exp: TIME + 50_000 }, answer: { password: 'new' } }));
    assert.deepEqual([keys.enrolled.claims.exp, keys.enrolled.password, keys.status], [TIME + 50_000, 'new', 'good']);
});

test('the life of a credential', async () => {
    await keys.take(await answer());
    const at = (seconds) => ((now = (TIME + seconds) * 1000), [keys.status, keys.usable]);
    assert.deepEqual(at(7 * 3600 - 1), ['good', true]);
    assert.deepEqual(at(7 * 3600), ['ending', true]);
    assert.equal(Math.round(keys.left), 3600);
    assert.deepEqual(at(8 * 3600 - 1), ['ending', true]);
    assert.deepEqual(at(8 * 3600), ['expired', false]);
    now = TIME * 1000;
    await keys.take(await answer({ claims: { exp: TIME + 600 } }));
    assert.deepEqual(at(299), ['good', true]); // a short one is renewed in its second half
    assert.deepEqual(at(300), ['ending', true]);
});

test('revocation: by epoch and by key, the newest counts, only the vendor’s', async () => {
    await keys.take(await answer());
    assert.equal(await keys.revoked(await (await Vendor.create()).revoke({ epoch: 1 })), false);
    assert.equal(await keys.revoked('x'), false);
    assert.equal(await keys.revoked(await vendor.revoke({ iss: 'other', epoch: 1 })), false);
    assert.equal(keys.status, 'good');
    assert.equal(await keys.revoked(await vendor.revoke({ epoch: 1 })), true);
    assert.deepEqual([keys.status, keys.usable], ['revoked', false]);
    assert.equal(await keys.revoked(await vendor.revoke({ iat: TIME - 1 })), false); // an older one takes nothing back
    assert.equal(await keys.revoked(await vendor.revoke({ iat: TIME + 999, epoch: 0 })), false); // nor does one of a lower epoch
    assert.equal(keys.status, 'revoked');
    await keys.take(await answer({ claims: { epoch: 1 } }));
    assert.equal(keys.status, 'good');
    await keys.revoked(await vendor.revoke({ iat: TIME + 1, epoch: 1, keys: [keys.signing.id] }));
    assert.deepEqual([keys.status, keys.usable], ['barred', false]);
    assert.equal(await keys.revoked(await vendor.revoke({ iat: 1, epoch: 2 })), true); // the epoch comes before the number
});

test('signing out forgets everything', async () => {
    await keys.take(await answer());
    await keys.keepDevice('filler-1', 'x');
    const { id } = keys.signing;
    await keys.forget();
    assert.deepEqual([tables.self.size, tables.devices.size, keys.enrolled], [0, 0, null]);
    await keys.load();
    assert.notEqual(keys.signing.id, id);
});

/* ---- the service ---- */

let server, url, reply;

before(async () => {
    server = createServer((request, response) => {
        let body = '';
        request.on('data', (text) => (body += text));
        request.on('end', () => reply(request, body, response));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${server.address().port}/enrol`;
});

after(() => server.close());

const asked = async () => askService(url, await keys.request());
const say = (status, text, headers = {}) => (reply = (_, __, response) => response.writeHead(status, headers).end(text));
const fails = (why, kind = EnrolmentError) => assert.rejects(asked, (e) => (assert.ok(e instanceof kind, e.stack), assert.match(e.message, why), true));

test('service: the same two texts over HTTP', async () => {
    reply = async (request, body, response) => {
        assert.deepEqual([request.method, request.headers['content-type']], ['POST', 'application/jose']);
        response.end(await vendor.enrol(body, [owner]));
    };
    await keys.take(await asked());
    assert.equal(keys.status, 'good');
});

test('service: what went wrong, in words', async () => {
    say(403, 'You are not\n in the support team.');
    await fails(/^You are not in the support team\.$/);
    say(401, 'no');
    await fails(/Log in/, LoginNeeded);
    say(403, '<html>Forbidden</html>');
    await fails(/failed \(403\)/);
    say(400, 'x'.repeat(301));
    await fails(/failed \(400\)/);
    say(500, 'Trouble');
    await fails(/failed \(500\)/);
    say(200, 'x'.repeat(70_000));
    await fails(/no usable answer/);
    say(302, '', { location: '/login' });
    await fails(/302|Log in/); // node tells the status, browsers only that there was a redirect
    reply = (request) => request.socket.destroy();
    await fails(/does not answer/);
});

test('service: an answer of nobody changes nothing', async () => {
    const stranger = await seal('x', await sealingKey(publicJwk(await privateJwk())));
    say(200, stranger);
    await refused(asked(), /another browser/);
    assert.equal(keys.enrolled, null);
});
