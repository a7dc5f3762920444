/* Looks at the device's offer before the browser does.
 *
 * The browser checks the DTLS certificate against a=fingerprint; that only proves something when a=fingerprint is what
 * the grant announced. So every fingerprint line must be exactly that one, and there must be nothing but the m-lines
 * that the protocol knows.
 */

/* Returns null when all is well, else {reason, detail} for the `end`. */
export function refuseOffer(sdp, fingerprint) {
    const lines = sdp.split(/\r\n|\n/);
    const fingerprints = lines.filter((line) => line.startsWith('a=fingerprint:')).map((line) => line.slice(14).trim());
    if (!fingerprints.length) return { reason: 'protocol', detail: 'the offer has no fingerprint' };
    for (const text of fingerprints) {
        const [algorithm, value = ''] = text.split(/\s+/, 2);
        if (algorithm.toLowerCase() !== 'sha-256') return { reason: 'protocol', detail: 'a fingerprint of the offer is not sha-256' };
        if (value.toUpperCase() !== fingerprint)
            return { reason: 'fingerprint', detail: "the offer's fingerprint is not the grant's" };
    }
    const kinds = lines.filter((line) => line.startsWith('m=')).map((line) => line.slice(2).split(' ', 1)[0]);
    if (kinds.filter((kind) => kind === 'video').length !== 1 || kinds.filter((kind) => kind === 'application').length !== 1)
        return { reason: 'protocol', detail: 'the offer needs one video and one data m-line' };
    if (kinds.length !== 2) return { reason: 'protocol', detail: 'the offer has an m-line that was not agreed on' };
    return null;
}
