// JWS and JWE of signaling/PROTOCOL.md for the rig's agent: made and opened by `jose`, another implementation than the
// device's, and held to the exact form. What an attacker would send, which `jose` rightly refuses to make, is made by hand.
import assert from 'node:assert/strict';
import { createCipheriv, createHash, createHmac, createPublicKey, createPrivateKey, diffieHellman, generateKeyPairSync, randomBytes, sign as signBytes } from 'node:crypto';
import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify } from 'jose';

export const hash = (bytes) => createHash('sha256').update(bytes).digest('base64url');
export const nonce = () => randomBytes(32).toString('base64url');

// A P-256 pair: {key (private KeyObject), jwk (public), kid}.
export function pair(privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey) {
  const jwk = publicJwk(privateKey);
  return { key: privateKey, jwk, kid: thumbprint(jwk) };
}

export function publicJwk(key) {
  const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' });
  return { kty, crv, x, y };
}

// RFC 7638.
export const thumbprint = ({ crv, kty, x, y }) => hash(JSON.stringify({ crv, kty, x, y }));
export const fromJwk = (jwk) => ('d' in jwk ? createPrivateKey({ key: jwk, format: 'jwk' }) : createPublicKey({ key: jwk, format: 'jwk' }));

const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
// Members of null are left out.
const changed = (header, changes) => Object.fromEntries(Object.entries({ ...header, ...changes }).filter(([, value]) => value !== null));

// What a JWS says of itself, not verified: {header, claims}.
export function peek(jws) {
  const parts = jws.split('.');
  assert.equal(parts.length, 3, 'not a compact JWS');
  return { header: decode(parts[0]), claims: decode(parts[1]) };
}

// ---- as they should be ----

export async function sign(payload, { key, kid }, typ) {
  return new CompactSign(Buffer.from(payload)).setProtectedHeader({ alg: 'ES256', typ, kid }).sign(key);
}

export async function seal(plain, jwk) {
  return new CompactEncrypt(Buffer.from(plain)).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: thumbprint(jwk) }).encrypt(fromJwk(jwk));
}

// The claims of a JWS by `jwk`; throws what is wrong with it.
export async function verify(jws, jwk, typ) {
  const { header } = peek(jws);
  assert.deepEqual(header, { alg: 'ES256', typ, kid: thumbprint(jwk) }, 'the header of a JWS');
  const { payload } = await compactVerify(jws, fromJwk(jwk), { algorithms: ['ES256'] });
  return JSON.parse(Buffer.from(payload).toString('utf8'));
}

// The plain text of a JWE for the pair.
export async function open(jwe, { key, kid }) {
  const parts = jwe.split('.');
  assert.equal(parts.length, 5, 'not a compact JWE');
  const header = decode(parts[0]);
  assert.deepEqual(Object.keys(header).sort(), ['alg', 'enc', 'epk', 'kid'], 'the header of a JWE');
  assert.deepEqual([header.alg, header.enc, header.kid, parts[1]], ['ECDH-ES', 'A256GCM', kid, ''], 'the header of a JWE');
  assert.deepEqual(Object.keys(header.epk).sort(), ['crv', 'kty', 'x', 'y'], 'epk');
  const { plaintext } = await compactDecrypt(jwe, key, { keyManagementAlgorithms: ['ECDH-ES'], contentEncryptionAlgorithms: ['A256GCM'] });
  return Buffer.from(plaintext).toString('utf8');
}

export const recipient = (jwe) => decode(jwe.split('.')[0]).kid;

// ---- as an attacker makes them ----

// `header`: members to change, add or (null) leave out; `payload`: (text) -> the text that goes out under the signature of
// the other; `signature`: (bytes) -> other ones. `alg` of `none`, HS256 and ES384 in the header get what belongs to them.
export function forgeJws(text, { key, kid }, typ, { header = {}, payload, signature } = {}) {
  const protectedHeader = changed({ alg: 'ES256', typ, kid }, header);
  const head = encode(protectedHeader), input = `${head}.${encode(text)}`;
  const made = {
    none: () => Buffer.alloc(0),
    HS256: () => createHmac('sha256', createPublicKey(key).export({ type: 'spki', format: 'pem' })).update(input).digest(),
    ES384: () => signBytes('sha384', Buffer.from(input), { key: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey, dsaEncoding: 'ieee-p1363' }),
  }[protectedHeader.alg]?.() ?? signBytes('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${head}.${encode(payload ? payload(text) : text)}.${(signature ? signature(made) : made).toString('base64url')}`;
}

// `header`: as above; `parts`: ([header, key, iv, ciphertext, tag]) -> other ones.
export function forgeJwe(plain, jwk, { header = {}, parts = (all) => all } = {}) {
  const epk = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const head = encode(changed({ alg: 'ECDH-ES', enc: 'A256GCM', kid: thumbprint(jwk), epk: publicJwk(epk.privateKey) }, header));
  const length = (n) => { const bytes = Buffer.alloc(4); bytes.writeUInt32BE(n); return bytes; };
  // RFC 7518, section 4.6.2.
  const secret = createHash('sha256').update(length(1)).update(diffieHellman({ privateKey: epk.privateKey, publicKey: fromJwk(jwk) }))
    .update(Buffer.concat([length(7), Buffer.from('A256GCM'), length(0), length(0), length(256)])).digest();
  const iv = randomBytes(12), cipher = createCipheriv('aes-256-gcm', secret, iv);
  cipher.setAAD(Buffer.from(head));
  const text = Buffer.concat([cipher.update(Buffer.from(plain)), cipher.final()]);
  return parts([head, '', iv.toString('base64url'), text.toString('base64url'), cipher.getAuthTag().toString('base64url')]).join('.');
}

// One bit of a base64url text is another.
export function flip(text, at = text.length >> 1) {
  const bytes = Buffer.from(text, 'base64url');
  bytes[Math.min(bytes.length - 1, Math.floor(at * 3 / 4))] ^= 1;
  return bytes.toString('base64url');
}
