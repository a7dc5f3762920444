/* Signing and sealing: JWS and JWE compact, exactly as PROTOCOL.md has them; the counterpart of signaling/seal.c. Pure:
 * text and keys in, text out.
 *
 * Policy: one algorithm each (ES256; ECDH-ES with A256GCM), headers of exactly the named members, canonical base64url,
 * sizes bounded before anything is decoded. Nothing of the input chooses a key or an algorithm. The compact forms are
 * taken apart here, strictly; `jose` does the cryptography, and sees only what passed.
 *
 * A key is {id, jwk, key}: key id (RFC 7638), public JWK, CryptoKey. Functions that fail throw SealError with a reason.
 */
import { CompactEncrypt } from 'jose/jwe/compact/encrypt';
import { compactDecrypt } from 'jose/jwe/compact/decrypt';
import { CompactSign } from 'jose/jws/compact/sign';
import { compactVerify } from 'jose/jws/compact/verify';
import { base64url, fromBase64url, isCanonical } from './base64url.js';
import { JsonError, parse } from './json.js';

export class SealError extends Error {}

export const MAX_SEALED = 64 * 1024;
const MAX_HEADER = 1024;
const SIGNATURE_LENGTH = 86;
const IV_LENGTH = 16;
const TAG_LENGTH = 22;
const COORDINATE = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/; // 32 bytes, canonical

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256' };
const SEALING = { name: 'ECDH', namedCurve: 'P-256' };

const bytesOf = (text) => new TextEncoder().encode(text);

/* ---- keys ---- */

const isExactly = (object, names) =>
    typeof object === 'object' && object !== null && Object.keys(object).length === names.length && names.every((name) => Object.hasOwn(object, name));

/* Exactly kty, crv, x, y (and d when `withPrivate`), canonical. That it lies on the curve is seen when it is imported. */
function isKey(jwk, withPrivate = false) {
    const numbers = withPrivate ? ['x', 'y', 'd'] : ['x', 'y'];
    return (
        isExactly(jwk, ['kty', 'crv', ...numbers]) && jwk.kty === 'EC' && jwk.crv === 'P-256' && numbers.every((n) => typeof jwk[n] === 'string' && COORDINATE.test(jwk[n]))
    );
}

const publicPart = ({ kty, crv, x, y }) => ({ kty, crv, x, y });

/* RFC 7638 with SHA-256. */
export async function keyId({ crv, kty, x, y }) {
    return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(JSON.stringify({ crv, kty, x, y })))));
}

async function importKey(jwk, algorithm, usages, withPrivate) {
    if (!isKey(jwk, withPrivate)) throw new SealError('not a P-256 key');
    const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, usages).catch(() => {
        throw new SealError('not a point of P-256');
    });
    return { id: await keyId(jwk), jwk: publicPart(jwk), key };
}

/* Public JWK -> what others signed with it is verified by, or is sealed for it. */
export const verifyingKey = (jwk) => importKey(jwk, SIGNING, ['verify'], false);
export const sealingKey = (jwk) => importKey(jwk, SEALING, [], false);
/* Private JWK -> a key that nobody can read out again. */
export const signingKey = (jwk) => importKey(jwk, SIGNING, ['sign'], true);
export const openingKey = (jwk) => importKey(jwk, SEALING, ['deriveBits'], true);

async function freshKey(algorithm, usages) {
    const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, false, usages);
    const jwk = publicPart(await crypto.subtle.exportKey('jwk', publicKey));
    return { id: await keyId(jwk), jwk, key: privateKey };
}

/* Fresh private keys, non-extractable. */
export const freshSigningKey = () => freshKey(SIGNING, ['sign', 'verify']);
export const freshOpeningKey = () => freshKey(SEALING, ['deriveBits']);

/* ---- compact forms ---- */

/* Splits at the dots; the parts may be empty. */
function split(text, count) {
    if (typeof text !== 'string' || text.length > MAX_SEALED) throw new SealError(`more than ${MAX_SEALED} bytes`);
    const parts = text.split('.', count + 1);
    return parts.length === count && parts.every(isCanonical) ? parts : null;
}

function readHeader(part, names) {
    const bytes = part.length <= MAX_HEADER * 2 ? fromBase64url(part) : null;
    if (!bytes || bytes.length > MAX_HEADER) throw new SealError('the header is too large');
    try {
        const header = parse(bytes);
        return isExactly(header, names) ? header : null;
    } catch (error) {
        if (error instanceof JsonError) throw new SealError(`the header: ${error.message}`);
        throw error;
    }
}

const isKeyId = (value) => typeof value === 'string' && COORDINATE.test(value);

/* ---- JWS ---- */

/* What a JWS says of itself, NOT verified: {typ, kid}, to choose the key to verify it with. */
export function peek(jws) {
    const parts = split(jws, 3);
    if (!parts || parts[2].length !== SIGNATURE_LENGTH) throw new SealError('not a compact JWS with an ES256 signature');
    const header = readHeader(parts[0], ['alg', 'typ', 'kid']);
    if (!header || header.alg !== 'ES256' || typeof header.typ !== 'string' || !isKeyId(header.kid))
        throw new SealError('the JWS header is not exactly alg ES256, typ and kid');
    return { typ: header.typ, kid: header.kid };
}

/* The claims of a JWS, NOT verified, as bytes. Only for what holds the very key that it must be verified with. */
export const claimsOf = (jws) => fromBase64url(split(jws, 3)?.[1] ?? '');

/* Uint8Array -> compact JWS with header {alg, typ, kid}. */
export function sign(bytes, signer, typ) {
    return new CompactSign(bytes).setProtectedHeader({ alg: 'ES256', typ, kid: signer.id }).sign(signer.key);
}

/* Compact JWS -> Uint8Array of the claims that `by` signed with exactly this `typ`. */
export async function verify(jws, by, typ) {
    const says = peek(jws);
    if (says.typ !== typ) throw new SealError(`a JWS of another type than ${typ}`);
    if (says.kid !== by.id) throw new SealError('signed by another key');
    try {
        const { payload } = await compactVerify(jws, by.key, { algorithms: ['ES256'] });
        return payload;
    } catch {
        throw new SealError('the signature is not right');
    }
}

/* ---- JWE ---- */

/* The key id that a JWE is for; throws when it is not of the strict form. */
export function recipient(jwe) {
    const parts = split(jwe, 5);
    if (!parts || parts[1] !== '' || parts[2].length !== IV_LENGTH || parts[3] === '' || parts[4].length !== TAG_LENGTH)
        throw new SealError('not a compact JWE of ECDH-ES and A256GCM');
    const header = readHeader(parts[0], ['alg', 'enc', 'kid', 'epk']);
    if (!header || header.alg !== 'ECDH-ES' || header.enc !== 'A256GCM' || !isKeyId(header.kid) || !isKey(header.epk))
        throw new SealError('the JWE header is not exactly alg ECDH-ES, enc A256GCM, kid and a good epk');
    return header.kid;
}

/* Text -> compact JWE that only `receiver` can open. */
export function seal(text, receiver) {
    return new CompactEncrypt(bytesOf(text)).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: receiver.id }).encrypt(receiver.key);
}

/* Compact JWE for `own` -> text. */
export async function open(jwe, own) {
    if (recipient(jwe) !== own.id) throw new SealError('sealed for another key');
    let plaintext;
    try {
        ({ plaintext } = await compactDecrypt(jwe, own.key, { keyManagementAlgorithms: ['ECDH-ES'], contentEncryptionAlgorithms: ['A256GCM'] }));
    } catch {
        throw new SealError('it cannot be opened');
    }
    // What is sealed is a JWS: ASCII. Anything else fails the next step anyway, but by a clear word here.
    if (plaintext.some((byte) => byte < 0x20 || byte > 0x7e)) throw new SealError('what was sealed is no JWS');
    return new TextDecoder().decode(plaintext);
}
