/* The live figures of a session, from two successive looks at getStats. */

export const STAGES = ['capture', 'convert', 'encode', 'packetize', 'egress'];

/* RTCStatsReport (a Map) -> what we need of it. */
export function readStats(report) {
    let video = null;
    let transport = null;
    for (const entry of report.values()) {
        if (entry.type === 'inbound-rtp' && entry.kind === 'video' && (entry.mid ?? 'screen') === 'screen') video = entry;
        if (entry.type === 'transport') transport = entry;
    }
    // Firefox has no transport entry, but says of the pair itself that it was chosen.
    const pair =
        report.get(transport?.selectedCandidatePairId) ??
        [...report.values()].find((e) => e.type === 'candidate-pair' && e.nominated && e.state === 'succeeded');
    return {
        bytes: video?.bytesReceived ?? 0,
        received: video?.packetsReceived ?? 0,
        lost: video?.packetsLost ?? 0,
        decoded: video?.framesDecoded ?? 0,
        width: video?.frameWidth ?? null,
        height: video?.frameHeight ?? null,
        rtt: pair?.currentRoundTripTime === undefined ? null : pair.currentRoundTripTime * 1000,
    };
}

/* Samples of readStats with `at` (page ms) and `shown` (frames presented so far, 0 when the browser doesn't count) ->
 * {width, height, fps, latency, bitrate (kbit/s), loss (%), rtt, stages}; null is unknown. Times in ms. `trace` is the
 * device's last word on where the time of its pictures goes; `stages` its medians, {capture, convert, encode, packetize, egress}. The round trip is the
 * data channel's, which is measured each second, else the one of ICE, which is seldom fresh. */
export function figures(before, now, { latency, rtt, trace = null }) {
    const seconds = before ? (now.at - before.at) / 1000 : 0;
    const rate = (name) => (seconds > 0 ? Math.max(0, now[name] - before[name]) / seconds : null);
    const lost = before ? Math.max(0, now.lost - before.lost) : 0;
    const packets = before ? now.received - before.received + lost : 0;
    return {
        width: now.width,
        height: now.height,
        fps: now.shown ? rate('shown') : rate('decoded'),
        latency,
        bitrate: seconds > 0 ? (rate('bytes') * 8) / 1000 : null,
        loss: before ? (packets > 0 ? (100 * lost) / packets : 0) : null,
        rtt: rtt ?? now.rtt,
        stages: trace && Object.fromEntries(STAGES.map((stage) => [stage, trace[stage][0] / 1000])),
    };
}
