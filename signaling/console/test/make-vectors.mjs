/* Writes signaling/schema/vectors: what this side signs and seals with fixed keys, and what both sides must refuse.
 * `node test/make-vectors.mjs` keeps keys.json when it is there. The keys are for tests: they are public. */
import { createPrivateKey, createSign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CompactEncrypt } from 'jose';
import { SCHEMA_DIR, bytes, id32 } from './helpers.js';
import { privateJwk, protocol, publicJwk } from './world.js';
import { hash } from '../src/protocol.js';
import { keyId, seal, sealingKey, sign, signingKey } from '../src/seal.js';

const DIR = join(SCHEMA_DIR, 'vectors');
mkdirSync(DIR, { recursive: true });
const write = (name, value) => writeFileSync(join(DIR, name), `${JSON.stringify(value, null, 1)}\n`);

if (!existsSync(join(DIR, 'keys.json'))) {
    const [signKey, sealKey, other] = [await privateJwk(), await privateJwk(), await privateJwk()];
    write('keys.json', { sign: signKey, sign_id: await keyId(signKey), seal: sealKey, seal_id: await keyId(sealKey), other, other_id: await keyId(other) });
}
const keys = JSON.parse(readFileSync(join(DIR, 'keys.json'), 'utf8'));
const signer = await signingKey(keys.sign);
const to = await sealingKey(publicJwk(keys.seal));
const b64 = (text) => Buffer.from(text).toString('base64url');

const typ = 'oriel-cancel+jws';
const claims = new TextDecoder().decode(protocol.encode({ typ: 'cancel', request: id32(7) }));
const jws = await sign(bytes(claims), signer, typ);
const jwe = await seal(jws, to);
write('good-js.json', { by: 'npm jose, src/seal.js', typ, claims, jws, jwe, hash: await hash(bytes(jws)) });

const key = createPrivateKey({ key: keys.sign, format: 'jwk' });
function forge(header, payload = claims, dsaEncoding = 'ieee-p1363') {
    const input = `${b64(typeof header === 'string' ? header : JSON.stringify(header))}.${b64(payload)}`;
    return `${input}.${createSign('SHA256').update(input).sign({ key, dsaEncoding }).toString('base64url')}`;
}
const good = { alg: 'ES256', typ, kid: keys.sign_id };
const [h, p, s] = jws.split('.');
const last = (text) => text.slice(0, -1) + 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(text.at(-1)) + 1];
const badJws = {
    'alg none, without a signature': `${b64(JSON.stringify({ ...good, alg: 'none' }))}.${p}.`,
    ...Object.fromEntries(['none', 'HS256', 'ES384', 'es256', null].map((alg) => [`alg ${alg}, signed rightly`, forge({ ...good, alg })])),
    ...Object.fromEntries(
        Object.entries({ crit: ['exp'], jwk: publicJwk(keys.sign), jku: 'https://example.com/', x5u: 'https://example.com/', x5c: [], b64: false, zip: 'DEF', cty: 'JWT' }).map(([name, value]) => [`member ${name}`, forge({ ...good, [name]: value })]),
    ),
    ...Object.fromEntries(Object.keys(good).map((name) => [`without ${name}`, forge({ ...good, [name]: undefined })])),
    'alg twice': forge(`{"alg":"ES256","alg":"ES256","typ":"${typ}","kid":"${keys.sign_id}"}`),
    'header an array': forge('[]'),
    'header with a NUL': forge(`{"alg":"ES256","typ":"${typ}\\u0000","kid":"${keys.sign_id}"}`),
    'header of 2 KiB': forge(JSON.stringify(good) + ' '.repeat(2048)),
    'another typ': forge({ ...good, typ: 'oriel-end+jws' }),
    'kid of another key': forge({ ...good, kid: keys.other_id }),
    'signed by another key': await sign(bytes(claims), await signingKey(keys.other), typ),
    'signed by another key under this kid': await sign(bytes(claims), { ...(await signingKey(keys.other)), id: keys.sign_id }, typ),
    'all-zero signature': `${h}.${p}.${'A'.repeat(86)}`,
    'DER signature': forge(good, claims, 'der'),
    'payload changed': `${h}.${b64(claims.replace('cancel', 'cancem'))}.${s}`,
    'signature not canonical': `${h}.${p}.${last(s)}`,
    'padded': `${jws}=`,
    'parts swapped': `${p}.${h}.${s}`,
    'signature cut': `${h}.${p}.${s.slice(0, -4)}`,
    'two parts': `${h}.${p}`,
    'four parts': `${jws}.${s}`,
    'line feed at the end': `${jws}\n`,
    'empty': '',
};

const header = JSON.parse(Buffer.from(jwe.split('.')[0], 'base64url'));
const [, , iv, ct, tag] = jwe.split('.');
const withHeader = (members) => [b64(JSON.stringify(members)), '', iv, ct, tag].join('.');
const sealedAs = (members) => new CompactEncrypt(bytes(jws)).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: keys.seal_id, ...members }).encrypt(to.key);
const badJwe = {
    'for another key': await seal(jws, await sealingKey(publicJwk(keys.other))),
    'for another key under this kid': await seal(jws, { ...(await sealingKey(publicJwk(keys.other))), id: keys.seal_id }),
    'A128GCM': await sealedAs({ enc: 'A128GCM' }),
    'ECDH-ES+A256KW': await sealedAs({ alg: 'ECDH-ES+A256KW' }),
    'member cty': await sealedAs({ cty: 'JWT' }),
    'without kid': await sealedAs({ kid: undefined }),
    ...Object.fromEntries(Object.entries({ zip: 'DEF', crit: ['exp'], jwk: publicJwk(keys.seal), apu: 'QQ', apv: 'QQ' }).map(([name, value]) => [`member ${name}`, withHeader({ ...header, [name]: value })])),
    'alg dir': withHeader({ ...header, alg: 'dir' }),
    'epk with d': withHeader({ ...header, epk: { ...header.epk, d: keys.other.d } }),
    'epk on P-384': withHeader({ ...header, epk: { ...header.epk, crv: 'P-384' } }),
    'epk not on the curve': withHeader({ ...header, epk: { ...header.epk, y: 'A'.repeat(43) } }),
    'epk 0, 0': withHeader({ ...header, epk: { ...header.epk, x: 'A'.repeat(43), y: 'A'.repeat(43) } }),
    'an encrypted key': [jwe.split('.')[0], 'AAAA', iv, ct, tag].join('.'),
    'tag cut': jwe.slice(0, -4),
    'tag all zero': [jwe.split('.')[0], '', iv, ct, 'A'.repeat(22)].join('.'),
    'tag not canonical': last(jwe),
    'iv of 16 bytes': [jwe.split('.')[0], '', 'A'.repeat(22), ct, tag].join('.'),
    'ciphertext empty': [jwe.split('.')[0], '', iv, '', tag].join('.'),
    'NUL inside': await seal('a\u0000b', to),
    'four parts': [jwe.split('.')[0], iv, ct, tag].join('.'),
    'a JWS': jws,
};
const list = (table) => Object.entries(table).map(([why, text]) => ({ why, text }));
write('refused.json', { typ, jws: list(badJws), jwe: list(badJwe) });
console.log(`${DIR}: ${Object.keys(badJws).length} JWS and ${Object.keys(badJwe).length} JWE to refuse`);
