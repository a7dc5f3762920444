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

const SLOW = 1500; // kbit/s
const VERY_SLOW = 300;

const rateWords = (kbits) => (kbits < 950 ? `${kbits < 100 ? kbits : Math.round(kbits / 10) * 10} kbit/s` : `${(kbits / 1000).toFixed(1)} Mbit/s`);

/* The device's last word on its way to us (PROTOCOL.md, `way`) -> what the agent should know of it; '' when all is well. */
export function wayWords(way) {
    if (!way) return '';
    if (way.state === 'silent') return 'Nothing gets through to us and back at the moment. The picture goes on as soon as it does.';
    if (!['full', 'queuing'].includes(way.state) || way.kbits >= SLOW) return '';
    const rate = rateWords(way.kbits);
    return way.kbits < VERY_SLOW
        ? `The device’s connection is very slow: ${rate}. What moves comes seldom and blurred; what rests becomes sharp.`
        : `The device’s connection is slow: ${rate}. The picture will be slower, text stays readable.`;
}

const STATES = {
    start: 'nothing is known of it yet',
    free: 'it is fast enough for all that there is to send',
    full: 'it is at its limit, so pictures come more slowly or less sharp',
    queuing: 'it has just become slower',
    silent: 'nothing comes back from it',
};
const times = (count, one, many) => (count === 1 ? `one ${one}` : `${count} ${many}`);

/* The same, in full: for whoever wants to know why the picture is as it is. null: the device has not said. */
export function wayDetail(way) {
    if (!way) return null;
    const waits = Math.round(way.queue + way.waiting);
    return [
        `The device’s connection: ${STATES[way.state] ?? way.state}. It takes ${rateWords(way.kbits)}, packets wait ${waits} ms, ${(way.loss / 10).toFixed(1)} % are lost.`,
        ...(way.recoveries === undefined ? [] : [`Since the start ${times(way.recoveries, 'picture was', 'pictures were')} repaired after a loss, ${times(way.keyframes, 'was', 'were')} sent as a whole.`]),
    ].join(' ');
}

/* Samples of readStats with `at` (page ms) and `shown` (frames presented so far, 0 when the browser doesn't count) ->
 * {width, height, fps, latency, bitrate (kbit/s), loss (%), rtt, stages}; null is unknown. Times in ms. `trace` is the
 * device's last word on where the time of its pictures goes; `stages` its medians, {capture, convert, encode, packetize, egress}. The round trip is the
 * data channel's, which is measured each second, else the one of ICE, which is seldom fresh. */
export function figures(before, now, { latency, rtt, trace = null, way = null }) {
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
        way,
        stages: trace && Object.fromEntries(STAGES.map((stage) => [stage, trace[stage][0] / 1000])),
    };
}
