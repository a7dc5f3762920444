/* Looks at the device's offer before the browser does.
 *
 * The browser checks the DTLS certificate against a=fingerprint; that only proves something when a=fingerprint is what
 * the grant announced. So every fingerprint line must be exactly that one, and there must be nothing but the m-lines
 * that the protocol knows.
 */

/* Always the same, in this order, whatever was granted (PROTOCOL.md, Media). */
const MLINES = [['video', 'screen'], ['video', 'camera'], ['audio', 'voice'], ['video', 'face'], ['application']];

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
    const media = sdp.split(/^(?=m=)/m).slice(1).map((section) => [/^m=(\S+)/.exec(section)[1], /^a=mid:(\S+)/m.exec(section)?.[1]]);
    if (media.length !== MLINES.length || !media.every(([kind, mid], i) => kind === MLINES[i][0] && (!MLINES[i][1] || mid === MLINES[i][1])))
        return { reason: 'protocol', detail: `the offer's m-lines are not ${MLINES.map((line) => line[1] ?? line[0]).join(', ')}` };
    return null;
}
