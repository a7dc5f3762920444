/* base64url without padding (RFC 4648 section 5), canonical only: two texts of the same bytes would let one message have
 * two hashes. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const CHUNK = 8192; // arguments of one call

export function base64url(bytes) {
    let binary = '';
    for (let i = 0; i < bytes.length; i += CHUNK) binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
    return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/* Whether `text` is the one encoding of some bytes: the bits behind the last byte are zero. */
export function isCanonical(text) {
    if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return false;
    const spare = [0, 0, 15, 3][text.length % 4];
    return (ALPHABET.indexOf(text.at(-1) ?? 'A') & spare) === 0;
}

/* Canonical base64url -> Uint8Array; null for anything else. */
export function fromBase64url(text) {
    if (!isCanonical(text)) return null;
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
}
