/* Who is what the state topic says: credentials, owners, seals, wills, and every way to pretend. */
import { before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { Presence, Unverified } from '../src/presence.js';
import { openingKey, seal, sealingKey } from '../src/seal.js';
import { id32 } from './helpers.js';
import { Device, Owner, TIME, Vendor, privateJwk, protocol, publicJwk, signed } from './world.js';

let vendor, rival, owner, device, enrolled, kept, presence;

before(async () => {
    [vendor, rival, owner] = [await Vendor.create(), await Vendor.create({ id: 'rival' }), await Owner.create()];
    device = await Device.create(owner);
    enrolled = { tenant: 'demo', vendor: vendor.id, presence: await openingKey(vendor.presence), owners: [await owner.known()] };
});

const fresh = () => (presence = new Presence({ protocol, enrolled, remember: (id, text) => kept.push([id, text]) }));

beforeEach(() => {
    kept = [];
    fresh();
});

async function refused(reason, text, why = /./, id = device.id) {
    await assert.rejects(
        async () => presence.read(id, await text),
        (e) => {
            assert.ok(e instanceof Unverified, e.stack);
            assert.deepEqual([e.reason, why.test(e.message)], [reason, true], e.message);
            return true;
        },
    );
}

/* The presence of a device whose credential has these claims. */
const withCredential = async (credential, by = owner) => (await Device.create(by, { credential })).presence([vendor]);
/* Sealed for our vendor, whatever it is. */
const sealed = async (text) => JSON.stringify({ v: 1, typ: 'presence', for: { [vendor.id]: await seal(text, await sealingKey(publicJwk(vendor.presence))) } });

test('present: what was verified', async () => {
    const { state, identity } = await presence.read(device.id, await device.presence([rival, vendor], { name: 'Not my name', model: 'Nor this' }));
    assert.equal(state.status, 'ready');
    assert.deepEqual([identity.device, identity.name, identity.model, identity.issued, identity.owner.name], ['filler-1', 'Filler 1', 'BF-200', TIME, 'Example Bottling']);
    assert.deepEqual([identity.signing.jwk, identity.sealing.jwk], [publicJwk(device.key), publicJwk(device.enc)]);
    assert.equal(presence.identity(device.id), identity);
    await presence.read(device.id, await device.presence([vendor]));
    assert.deepEqual(kept, [[device.id, device.credential]]);
});

test('not for us', async () => {
    await refused('not-for-us', device.presence([rival]));
    await refused('not-for-us', device.presence([]));
    await refused('not-for-us', '{"v":1,"typ":"presence","for":{"__proto__":"a..b.c.d"}}'.replace('__proto__', 'constructor'));
    const theirs = JSON.parse(await device.presence([rival])).for[rival.id];
    await refused('unreadable', JSON.stringify({ v: 1, typ: 'presence', for: { [vendor.id]: theirs } }), /another key/);
});

test('unreadable', async () => {
    const good = await device.presence([vendor]);
    for (const text of ['', '{', '[]', 'hello', 'null', good.replace('"v":1', '"v":2'), good.replace('{"v"', '{"x":1,"v"'), `${good}x`, 'x'.repeat(70_000), `{${' '.repeat(70_000)}}`]) await refused('unreadable', text);
    await refused('unreadable', good.replace(/"([^"]*)"}}$/, (_, jwe) => `"${jwe.slice(0, -8)}AAAAAAAA"}}`));
    await refused('unreadable', sealed('not a JWS'), /./);
    await refused('unreadable', sealed(await device.will()), /not online/);
    await refused('unreadable', sealed(await device.state({ device: 'filler-2' })), /another device, filler-2/);
    await refused('unreadable', sealed(await device.state({ status: 'fine' })), /"status"/);
    await refused('unreadable', sealed(await signed({ v: 1, typ: 'cancel', request: id32(1) }, device.key, 'oriel-state+jws')), /no state/);
    const deep = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`v${i}`, 'a..b.c.d']));
    await refused('unreadable', JSON.stringify({ v: 1, typ: 'presence', for: deep }), /more than 8 members/);
});

test('an owner that nobody named', async () => {
    const other = await Owner.create();
    await refused('owner', (await Device.create(other)).presence([vendor]), /signed by the key/);
    await refused('owner', device.presence([vendor], { credential: await signed({}, device.key, 'oriel-device+jwt') }));
    // Under the good owner's key id.
    const [header] = device.credential.split('.');
    const theirs = (await Device.create(other)).credential.split('.');
    await refused('credential', device.presence([vendor], { credential: [header, theirs[1], theirs[2]].join('.') }), /signature/);
});

test('a credential that is not the device’s', async () => {
    await refused('credential', withCredential({ iss: 'other' }), /another owner, other/);
    await refused('credential', withCredential({ sub: 'filler-2' }), /another device, filler-2/);
    await refused('credential', withCredential({ tenant: 'other' }), /another tenant, other/);
    await refused('credential', withCredential({ admin: true }), /unknown member/);
    await refused('credential', withCredential({ name: undefined }), /lacks "name"/);
    await refused('credential', withCredential({ cnf: { jwk: { ...publicJwk(device.key), y: 'A'.repeat(43) } } }), /P-256/);
    const agent = await vendor.credential(publicJwk(device.key));
    await refused('owner', device.presence([vendor], { credential: agent }));
    // The owner's signature, but over something else.
    const other = await signed({ iss: owner.id }, owner.key, 'oriel-agent+jwt');
    await refused('credential', device.presence([vendor], { credential: other }), /another type/);
    assert.equal(presence.identity(device.id), null);
    assert.deepEqual(kept, []);
});

test('signed by another key than the credential’s', async () => {
    await refused('signature', device.presence([vendor], {}, await privateJwk()), /another key/);
    const impostor = await Device.create(owner);
    await refused('signature', impostor.presence([vendor], { credential: device.credential }), /another key/);
    const [header, , signature] = (await device.state()).split('.');
    const [, payload] = (await device.state({ status: 'live' })).split('.');
    await refused('signature', sealed([header, payload, signature].join('.')), /signature is not right/);
    await refused('signature', sealed(await signed({ ...JSON.parse(Buffer.from(payload, 'base64url')) }, device.key, 'oriel-hello+jws')), /another type/);
});

test('of two credentials the newer counts', async () => {
    const newer = await Device.create(owner, { credential: { iat: TIME + 60 } });
    await presence.read(device.id, await device.presence([vendor]));
    await presence.read(device.id, await newer.presence([vendor]));
    assert.equal(kept.length, 2);
    await refused('credential', device.presence([vendor]), /older/);
    assert.equal(presence.identity(device.id).issued, TIME + 60);
    // Also after a restart of the page.
    fresh();
    await presence.recall(kept.slice(1));
    await refused('credential', device.presence([vendor]), /older/);
});

test('wills: by the key that is known, else nothing is', async () => {
    await refused('unknown', device.will(), /never seen/);
    await presence.recall([[device.id, device.credential]]);
    const { state, identity } = await presence.read(device.id, await device.will());
    assert.deepEqual([state.online, identity.name], [false, 'Filler 1']);
    await refused('signature', device.will({}, await privateJwk()), /another key/);
    await refused('signature', device.will({ device: 'filler-2' }), /another device/);
    await refused('unreadable', device.state(), /online, but not sealed/);
    await refused('unreadable', (await device.will()).split('.').slice(0, 2).join('.'), /JWS/);
});

test('what was kept is verified again', async () => {
    const other = await Owner.create();
    await presence.recall([
        ['filler-2', device.credential],
        ['filler-3', (await Device.create(other, { id: 'filler-3' })).credential],
        ['filler-4', 'x'],
        [device.id, device.credential],
    ]);
    assert.deepEqual(['filler-2', 'filler-3', 'filler-4'].map((id) => presence.identity(id)), [null, null, null]);
    assert.equal(presence.identity(device.id).name, 'Filler 1');
});
