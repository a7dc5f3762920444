/* Signing and sealing: what goes round comes back, nothing else does. The same hostile variants, with fixed keys, lie in
 * signaling/schema/vectors for the device's side; what that side made lies there for this one. */
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createPrivateKey, createSign, createHmac } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SCHEMA_DIR, bytes } from './helpers.js';
import { privateJwk, publicJwk } from './world.js';
import { base64url, fromBase64url, isCanonical } from '../src/base64url.js';
import { hash } from '../src/protocol.js';
import { SealError, claimsOf, freshOpeningKey, freshSigningKey, keyId, open, openingKey, peek, recipient, seal, sealingKey, sign, signingKey, verify, verifyingKey } from '../src/seal.js';

const TYP = 'oriel-hello+jws';
const CLAIMS = '{"v":1,"typ":"hello"}';
const b64 = (text) => Buffer.from(text).toString('base64url');
const text = (payload) => new TextDecoder().decode(payload);

let jwk, signer, by, receiver, to, jws, jwe;

before(async () => {
    jwk = await privateJwk();
    signer = await signingKey(jwk);
    by = await verifyingKey(publicJwk(jwk));
    receiver = await freshOpeningKey();
    to = await sealingKey(receiver.jwk);
    jws = await sign(bytes(CLAIMS), signer, TYP);
    jwe = await seal(jws, to);
});

const refusedJws = (forged, why) => assert.rejects(async () => verify(forged, by, TYP), (e) => e instanceof SealError && why.test(e.message), `${why}`);
const refusedJwe = (forged, why) => assert.rejects(async () => open(forged, receiver), (e) => e instanceof SealError && why.test(e.message), `${why}`);

/* Signed rightly over any header, as a careless library would. */
function careless(header, payload = CLAIMS, options = { dsaEncoding: 'ieee-p1363' }) {
    const input = `${b64(typeof header === 'string' ? header : JSON.stringify(header))}.${b64(payload)}`;
    const signature = createSign('SHA256').update(input).sign({ key: createPrivateKey({ key: jwk, format: 'jwk' }), ...options });
    return `${input}.${signature.toString('base64url')}`;
}

/* The same JWE with another header. */
const withHeader = (header) => [b64(JSON.stringify(header)), ...jwe.split('.').slice(1)].join('.');
const jweHeader = () => JSON.parse(Buffer.from(jwe.split('.')[0], 'base64url'));

test('there and back', async () => {
    assert.equal(await open(jwe, receiver), jws);
    assert.equal(text(await verify(jws, by, TYP)), CLAIMS);
    assert.deepEqual(JSON.parse(Buffer.from(jws.split('.')[0], 'base64url')), { alg: 'ES256', typ: TYP, kid: by.id });
    assert.deepEqual(Object.keys(jweHeader()).sort(), ['alg', 'enc', 'epk', 'kid']);
    assert.deepEqual(peek(jws), { typ: TYP, kid: by.id });
    assert.equal(recipient(jwe), receiver.id);
    assert.equal(text(claimsOf(jws)), CLAIMS);
});

test('each seal is fresh', async () => {
    const other = await seal(jws, to);
    for (const part of [0, 2, 3, 4]) assert.notEqual(other.split('.')[part], jwe.split('.')[part]);
});

test('keys: fresh ones can not be read out; the key id is that of RFC 7638', async () => {
    for (const { key } of [await freshSigningKey(), await freshOpeningKey(), await openingKey(await privateJwk()), signer]) {
        assert.equal(key.extractable, false);
        await assert.rejects(crypto.subtle.exportKey('jwk', key));
    }
    const { x, y } = jwk;
    assert.equal(await keyId(jwk), await hash(bytes(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`)));
});

test('keys: exactly the members, canonical, on the curve', async () => {
    const good = publicJwk(jwk);
    const flipped = good.y[0] === 'A' ? `B${good.y.slice(1)}` : `A${good.y.slice(1)}`;
    const bad = [null, 'x', [], {}, { ...good, d: jwk.d }, { ...good, kid: 'x' }, { ...good, crv: 'P-384' }, { ...good, kty: 'OKP' }, { ...good, y: undefined }];
    bad.push({ ...good, x: good.x.slice(1) }, { ...good, x: `${good.x}=` }, { ...good, y: flipped }, { ...good, x: 1 }, { ...good, x: 'A'.repeat(43), y: 'A'.repeat(43) });
    for (const key of bad) {
        await assert.rejects(async () => verifyingKey(key), SealError, JSON.stringify(key));
        await assert.rejects(async () => sealingKey(key), SealError, JSON.stringify(key));
    }
    await assert.rejects(async () => signingKey(good), SealError);
    await assert.rejects(async () => openingKey({ ...jwk, d: (await privateJwk()).d }), SealError);
});

test('JWS: another algorithm', async () => {
    const kid = by.id;
    for (const alg of ['none', 'NONE', 'HS256', 'ES384', 'RS256', 'EdDSA', 'es256', '', null, 256])
        await refusedJws(careless({ alg, typ: TYP, kid }), /not exactly/);
    await refusedJws(`${b64(JSON.stringify({ alg: 'none', typ: TYP, kid }))}.${b64(CLAIMS)}.`, /not a compact JWS/);
    // HS256 with the public key as the secret, the oldest trick.
    const input = `${b64(JSON.stringify({ alg: 'HS256', typ: TYP, kid }))}.${b64(CLAIMS)}`;
    for (const secret of [JSON.stringify(by.jwk), fromBase64url(by.jwk.x)])
        await refusedJws(`${input}.${createHmac('sha512', secret).update(input).digest('base64url')}`, /not exactly/);
});

test('JWS: another member, a missing one, one twice, another typ or kid', async () => {
    const header = { alg: 'ES256', typ: TYP, kid: by.id };
    assert.equal(text(await verify(careless(header), by, TYP)), CLAIMS); // what follows differs by one thing
    const more = { crit: ['exp'], jwk: by.jwk, jku: 'https://x/', x5u: 'https://x/', x5c: [], x5t: 'x', b64: false, zip: 'DEF', cty: 'JWT', '': 1, __proto__x: 1 };
    for (const [name, value] of Object.entries(more)) await refusedJws(careless({ ...header, [name]: value }), /not exactly/);
    await refusedJws(careless('{"alg":"ES256","typ":"' + TYP + '","kid":"' + by.id + '","__proto__":{}}'), /not exactly/);
    for (const name of Object.keys(header)) await refusedJws(careless({ ...header, [name]: undefined }), /not exactly/);
    await refusedJws(careless(`{"alg":"ES256","alg":"ES256","typ":"${TYP}","kid":"${by.id}"}`), /stands twice/);
    for (const bad of ['[]', 'null', '"x"']) await refusedJws(careless(bad), /not exactly/);
    for (const bad of ['', '{', '\u0000', `${JSON.stringify(header)}x`]) await refusedJws(careless(bad), /the header/);
    await refusedJws(careless({ ...header, typ: 'oriel-request+jws' }), /another type/);
    await refusedJws(careless({ ...header, typ: TYP.toUpperCase() }), /another type/);
    await refusedJws(careless({ ...header, kid: receiver.id }), /another key/);
    await refusedJws(careless({ ...header, kid: `${by.id}A` }), /not exactly/);
    await refusedJws(await sign(bytes(CLAIMS), await freshSigningKey(), TYP), /another key/);
});

test('JWS: the signature', async () => {
    const [header, payload, signature] = jws.split('.');
    await refusedJws(`${header}.${payload}.${'A'.repeat(86)}`, /signature is not right/); // r = s = 0
    const order = 'FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551';
    await refusedJws(`${header}.${payload}.${Buffer.from(order + order, 'hex').toString('base64url')}`, /signature is not right/);
    await refusedJws(careless({ alg: 'ES256', typ: TYP, kid: by.id }, CLAIMS, { dsaEncoding: 'der' }), /not a compact JWS/);
    // Signed by another key under this key's id.
    const mallory = await freshSigningKey();
    await refusedJws(await sign(bytes(CLAIMS), { ...mallory, id: by.id }, TYP), /signature is not right/);
    await refusedJws(`${header}.${b64('{"v":2}')}.${signature}`, /signature is not right/);
    // The last character carries two bits of the signature and four that must be zero.
    const at = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    await refusedJws(`${header}.${payload}.${signature.slice(0, -1)}${at[at.indexOf(signature.at(-1)) + 1]}`, /not a compact JWS/);
});

test('JWS: taken apart, swapped, cut, padded, no JWS at all', async () => {
    const [header, payload, signature] = jws.split('.');
    const bad = ['', '.', '..', '...', header, `${header}.${payload}`, `${header}.${payload}.`, `.${payload}.${signature}`, `${jws}.`, `.${jws}`, `${jws}.${signature}`, ` ${jws}`, `${jws}\n`, `${jws}=`];
    bad.push(`${payload}.${header}.${signature}`, `${header}.${signature}.${payload}`, `${header}.${payload}.${signature.slice(4)}`, `${header}+.${payload}.${signature}`, jwe, undefined, null, 7, {}, [jws]);
    for (const forged of bad) await refusedJws(forged, /./);
    for (let i = 0; i < jws.length; i += 7) await refusedJws(jws.slice(0, i), /./);
    const one = await sign(bytes('{"v":1}'), signer, TYP);
    await refusedJws(`${header}.${payload}.${one.split('.')[2]}`, /signature is not right/);
});

test('JWE: for another key, by another algorithm, with other members', async () => {
    const header = jweHeader();
    await refusedJwe(await seal(jws, await sealingKey((await freshOpeningKey()).jwk)), /another key/);
    const other = await sealingKey((await freshOpeningKey()).jwk);
    await refusedJwe(await seal(jws, { ...other, id: receiver.id }), /cannot be opened/);
    for (const alg of ['dir', 'ECDH-ES+A256KW', 'RSA-OAEP', 'none', null]) await refusedJwe(withHeader({ ...header, alg }), /not exactly/);
    for (const enc of ['A128GCM', 'A256CBC-HS512', 'none', null]) await refusedJwe(withHeader({ ...header, enc }), /not exactly/);
    const more = { zip: 'DEF', crit: ['exp'], jwk: to.jwk, jku: 'https://x/', x5u: 'https://x/', apu: 'QQ', apv: 'QQ', cty: 'JWT', typ: 'JOSE', p2c: 1e6 };
    for (const [name, value] of Object.entries(more)) await refusedJwe(withHeader({ ...header, [name]: value }), /not exactly/);
    for (const name of Object.keys(header)) await refusedJwe(withHeader({ ...header, [name]: undefined }), /not exactly/);
});

test('JWE: the ephemeral key', async () => {
    const header = jweHeader();
    const { epk } = header;
    for (const bad of [{ ...epk, d: jwk.d }, { ...epk, crv: 'P-384' }, { ...epk, kid: 'x' }, { ...epk, x: epk.x.slice(1) }, 'x', null, []]) await refusedJwe(withHeader({ ...header, epk: bad }), /not exactly/);
    // Points that are not on the curve would give the private key away, a little with each answer.
    await refusedJwe(withHeader({ ...header, epk: { ...epk, y: 'A'.repeat(43) } }), /cannot be opened/);
    await refusedJwe(withHeader({ ...header, epk: { ...epk, x: 'A'.repeat(43), y: 'A'.repeat(43) } }), /cannot be opened/);
    await refusedJwe(withHeader({ ...header, epk: to.jwk }), /cannot be opened/);
});

test('JWE: every part counts', async () => {
    const parts = jwe.split('.');
    for (const i of [0, 2, 3, 4]) {
        const changed = [...parts];
        changed[i] = (changed[i][0] === 'A' ? 'B' : 'A') + changed[i].slice(1);
        await refusedJwe(changed.join('.'), /./);
        await refusedJwe(parts.map((part, n) => (n === i ? part.slice(0, -4) : part)).join('.'), /./);
        await refusedJwe(parts.map((part, n) => (n === i ? '' : part)).join('.'), /./);
    }
    await refusedJwe(parts.map((part, i) => (i === 1 ? 'AAAA' : part)).join('.'), /not a compact JWE/);
    await refusedJwe([parts[0], '', parts[2], parts[4], parts[3]].join('.'), /./);
    const second = (await seal(jws, to)).split('.');
    for (const i of [0, 2, 3, 4]) await refusedJwe(parts.map((part, n) => (n === i ? second[n] : part)).join('.'), /./);
    for (let i = 0; i < jwe.length; i += 13) await refusedJwe(jwe.slice(0, i), /./);
    for (const bad of ['', '....', jws, `${jwe}.`, `${jwe} `, `${jwe}=`, undefined, {}]) await refusedJwe(bad, /./);
});

test('huge input is refused before it is decoded', async () => {
    const huge = 'A'.repeat(70_000);
    await refusedJws(huge, /more than 65536/);
    await refusedJws(`${jws.split('.')[0]}.${huge}.${'A'.repeat(86)}`, /more than 65536/);
    await refusedJwe(`${jwe}${huge}`, /more than 65536/);
    await refusedJws(`${'.'.repeat(60_000)}`, /not a compact JWS/);
    await refusedJws(`${b64(JSON.stringify({ alg: 'ES256', typ: TYP, kid: by.id, x: 'x'.repeat(2000) }))}.${b64(CLAIMS)}.${'A'.repeat(86)}`, /too large/);
});

test('what was sealed is a text of a JWS', async () => {
    for (const inside of ['', 'a\u0000b', 'ä', 'a\nb']) {
        const sealed = await seal(inside, to);
        if (inside === '') await refusedJwe(sealed, /not a compact JWE/);
        else await refusedJwe(sealed, /no JWS/);
    }
});

test('base64url: one text for the same bytes', () => {
    for (let n = 0; n < 70; n++) {
        const some = Buffer.alloc(n, 0xa5 ^ n);
        assert.equal(base64url(some), some.toString('base64url'));
        assert.deepEqual(Buffer.from(fromBase64url(base64url(some))), some);
    }
    const big = crypto.getRandomValues(new Uint8Array(40_000));
    assert.deepEqual(fromBase64url(base64url(big)), big);
    for (const bad of ['A', 'AB', 'AAB', 'AA=', 'A A', 'AA\n', 'A+', 'A/', 'ä', 'AAAAA', 'A.']) assert.equal(isCanonical(bad), false, bad);
    for (const bad of ['AB', 'AAB', '=', ' ']) assert.equal(fromBase64url(bad), null, bad);
});

/* ---- the other side ---- */

const VECTORS = join(SCHEMA_DIR, 'vectors');
const vector = (name) => JSON.parse(readFileSync(join(VECTORS, name), 'utf8'));

for (const name of readdirSync(VECTORS).filter((file) => file.startsWith('good-')))
    test(`vectors: ${name} is opened and verified`, async () => {
        const keys = vector('keys.json');
        const { typ, claims, jws: itsJws, jwe: itsJwe, hash: itsHash } = vector(name);
        const own = await openingKey(keys.seal);
        assert.equal(own.id, keys.seal_id);
        assert.equal(await open(itsJwe, own), itsJws);
        assert.equal(text(await verify(itsJws, await verifyingKey(publicJwk(keys.sign)), typ)), claims);
        assert.equal(await hash(bytes(itsJws)), itsHash);
    });

test('vectors: each of refused.json is refused', async () => {
    const keys = vector('keys.json');
    const own = await openingKey(keys.seal);
    const signedBy = await verifyingKey(publicJwk(keys.sign));
    const { typ, jws: list, jwe: sealed } = vector('refused.json');
    assert.ok(list.length > 20 && sealed.length > 15);
    for (const { why, text: forged } of list) await assert.rejects(async () => verify(forged, signedBy, typ), SealError, why);
    for (const { why, text: forged } of sealed) await assert.rejects(async () => open(forged, own), SealError, why);
});
