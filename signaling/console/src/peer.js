/* The browser's half of the media: one RTCPeerConnection that answers, receives the screen, the camera and the person's
 * voice, sends the agent's voice and face, and talks on the data channels. Nothing here decides anything; src/session.js
 * and src/path.js do.
 *
 * Candidates are of all kinds: to a device that is reached through its TURN server only, our relay candidate is the one that
 * always works, and `.local` ones never do (PROTOCOL.md, TURN). jitterBufferTarget is 0: the device's playout-delay
 * extension says the same to Chromium, Firefox only knows this; any positive value would switch low-latency rendering off.
 */
import { ClockOffset, FrameClock, RecentMedian, Silence } from './clock.js';
import { readStats, figures } from './figures.js';
import { readChannel } from './channel.js';
import { ExactLayer } from './exact.js';
import { Pen } from './pen.js';
import { iceServers } from './turn.js';

const TICK_MS = 1000;
const LATENCY_SPAN_MS = 2000;
const TRACE_MS = 2500;
const SLOW_MS = 4000; // so long a slow way is said to be slow
const WATCH_MS = 250;
const SILENT_MS = 700; // at least, beyond the second in which the device answers
const FAREWELL_MS = 500;

/* -> {certificate, fingerprint}: what the browser will use in DTLS, and its SHA-256 in upper-case hex pairs. */
export async function createCertificate() {
    if (typeof RTCPeerConnection === 'undefined') throw new Error('WebRTC is switched off in this browser');
    const certificate = await RTCPeerConnection.generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' });
    const listed = certificate.getFingerprints?.().find((f) => f.algorithm.toLowerCase() === 'sha-256')?.value;
    const fingerprint = listed ?? (await fingerprintFromOffer(certificate));
    return { certificate, fingerprint: fingerprint.toUpperCase() };
}

/* Older Firefox doesn't tell a certificate's fingerprint, but writes it into its SDP. */
async function fingerprintFromOffer(certificate) {
    const pc = new RTCPeerConnection({ certificates: [certificate] });
    try {
        pc.createDataChannel('');
        const { sdp } = await pc.createOffer();
        const match = /^a=fingerprint:sha-256 ([0-9A-Fa-f:]{95})\s*$/m.exec(sdp);
        if (!match) throw new Error('the browser does not tell the fingerprint of its certificate');
        return match[1];
    } finally {
        pc.close();
    }
}

/* Events: `stream` (detail: MediaStream), `camera` (its stream is there), `figures` (detail: see figures.js), `masks` (what is
 * hidden has changed), all for the page. */
export class Peer extends EventTarget {
    #pc;
    #on;
    #early = []; // candidates that came before the description they belong to
    #described = false;
    #channel = null;
    #pings = new Map(); // id -> page ms
    #pingId = 0;
    #signAt = null; // of life: a message or a picture came
    #received = { bytes: 0, at: 0 }; // by the transport, and when it last was more
    #silence = new Silence(WATCH_MS);
    #silent = false;
    #offset = new ClockOffset();
    #frames = new FrameClock();
    #latency = new RecentMedian(LATENCY_SPAN_MS);
    #trace = null; // the last one, and when it came
    #way = null; // likewise: the last one that was not free, for a while
    #shown = { count: 0, at: 0 };
    #exactly = 0; // pictures shown without a frame
    #sample = null;
    #timers;

    /* `turn`: of the enrolment, or null; `chat`, `cameras`, `face`, `voice`: of the session, they outlive the path; `on`: {candidate(candidate, mline), connected(), firstFrame(), silent() and heard() (again), failed(why)}. */
    constructor({ certificate, turn, chat, cameras, face, voice, on }) {
        super();
        this.#on = on;
        this.chat = chat;
        this.cameras = cameras;
        this.face = face;
        this.voice = voice;
        this.camera = null; // its MediaStream
        this.pen = new Pen({ send: (message) => this.#say(message) });
        this.stream = null;
        this.exact = new ExactLayer();
        this.exact.addEventListener('shown', ({ detail }) => this.#pictureShown(detail, performance.now()));
        this.masks = []; // [x, y, width, height] in the picture's pixels
        const pc = (this.#pc = new RTCPeerConnection({ certificates: [certificate], iceServers: iceServers(turn), bundlePolicy: 'max-bundle' }));
        pc.onicecandidate = ({ candidate }) => {
            // Firefox marks the end of each m-line by an empty candidate of its own; one at the very end is enough.
            if (candidate === null) on.candidate('', 0);
            else if (candidate.candidate) on.candidate(candidate.candidate, candidate.sdpMLineIndex ?? 0);
        };
        pc.onconnectionstatechange = () => {
            if (pc.connectionState === 'connected') on.connected();
            if (pc.connectionState === 'failed') on.failed('the connection to the device broke');
        };
        pc.ontrack = ({ track, receiver, transceiver }) => {
            if (transceiver.mid === 'voice') this.voice?.hear(track);
            if (!['screen', 'camera'].includes(transceiver.mid)) return;
            if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
            if (transceiver.mid === 'camera') {
                this.camera = new MediaStream([track]);
                return void this.dispatchEvent(new Event('camera'));
            }
            this.stream = new MediaStream([track]);
            this.dispatchEvent(new CustomEvent('stream', { detail: this.stream }));
        };
        pc.ondatachannel = ({ channel }) => {
            if (channel.label === 'oriel') this.#opened(channel);
            if (channel.label === 'oriel-exact') this.exact.attach(channel);
        };
        this.#timers = [setInterval(() => this.#tick(), TICK_MS), setInterval(() => this.#watch(), WATCH_MS)];
    }

    /* Offer SDP -> answer SDP. Candidates follow by on.candidate. */
    async answer(sdp) {
        await this.#pc.setRemoteDescription({ type: 'offer', sdp });
        this.#described = true;
        for (const early of this.#early.splice(0)) this.#add(early);
        // It may be sent without a new offer, when it is granted; until then nothing is.
        const face = this.#pc.getTransceivers().find(({ mid }) => mid === 'face');
        if (face) face.direction = 'sendonly';
        const line = this.#pc.getTransceivers().find(({ mid }) => mid === 'voice');
        if (line) this.voice?.attach(line);
        const answer = await this.#pc.createAnswer();
        await this.#pc.setLocalDescription(answer);
        this.face?.attach(face?.sender ?? null);
        return answer.sdp;
    }

    addCandidate(candidate, mline) {
        const init = { candidate, sdpMLineIndex: mline };
        if (this.#described) this.#add(init);
        else this.#early.push(init);
    }

    /* For each frame that the page shows: requestVideoFrameCallback's arguments, and the element. */
    frameShown(now, { rtpTimestamp, presentedFrames }, video) {
        this.#shown = { count: presentedFrames, at: now };
        this.#sign();
        this.#on.firstFrame();
        this.exact.frame(rtpTimestamp, video); // older Firefox has none, and so no exact layer
        if (rtpTimestamp !== undefined) this.#latencyOf(rtpTimestamp, now);
    }

    /* One that the exact layer shows without a frame. */
    #pictureShown(rtp, now) {
        this.#exactly++;
        this.#latencyOf(rtp, now);
    }

    #latencyOf(rtpTimestamp, now) {
        const screenAt = this.#frames.at(rtpTimestamp);
        const pageAt = screenAt === null ? null : this.#offset.toPage(screenAt);
        if (pageAt !== null) this.#latency.add(now, now - pageAt);
    }

    /* The first frame is there, although nobody could say when it was shown (a tab in the background). */
    frameDecoded() {
        this.#on.firstFrame();
    }

    close() {
        this.#timers.forEach(clearInterval);
        const pc = this.#pc;
        pc.onicecandidate = pc.onconnectionstatechange = pc.ontrack = pc.ondatachannel = null;
        this.exact.close();
        this.chat.detach();
        this.cameras.detach();
        this.face?.attach(null);
        if (this.#channel) this.#channel.onmessage = this.#channel.onclose = this.#channel.onopen = null;
        // The end that was sent by the broker is to be there before the connection breaks: else the device's record says that
        // it lost this page. Nothing is shown meanwhile.
        setTimeout(() => pc.close(), FAREWELL_MS);
    }

    #add(init) {
        // One candidate that the browser can't use is no reason to give the others up.
        this.#pc.addIceCandidate(init).catch((error) => console.warn(`candidate refused: ${error.message}`));
    }

    #opened(channel) {
        this.#channel = channel;
        this.#sign();
        channel.onmessage = ({ data }) => this.#heard(data);
        channel.onclose = () => this.#on.failed('the device closed the connection');
        // Two early exchanges, so that the first latency figures don't wait for a second.
        const open = () => {
            this.#ping();
            for (const end of [this.chat, this.cameras]) end.attach((message) => this.#say(message));
        };
        if (channel.readyState === 'open') open();
        else channel.onopen = open;
    }

    #sign() {
        this.#signAt = performance.now();
        this.#silence.heard(this.#signAt);
        if (!this.#silent) return;
        this.#silent = false;
        this.#on.heard();
    }

    #count(report) {
        const bytes = [...report.values()].find(({ type }) => type === 'transport')?.bytesReceived ?? 0;
        if (bytes !== this.#received.bytes) this.#received = { bytes, at: performance.now() };
    }

    /* Silent is a device of which nothing comes at all: a message may be late on a bad way, while pictures pass it. */
    async #watch() {
        const limit = TICK_MS + Math.max(SILENT_MS, 3 * (this.#offset.rtt ?? 0));
        const quiet = this.#silence.tick(performance.now());
        if (this.#signAt === null || this.#silent || quiet < limit) return;
        this.#count(await this.#pc.getStats());
        const now = performance.now();
        if (this.#silent || now - this.#signAt < limit || now - this.#received.at < TICK_MS) return;
        this.#silent = true;
        this.#on.silent();
    }

    #say(message) {
        if (this.#channel?.readyState === 'open') this.#channel.send(JSON.stringify(message));
    }

    #ping() {
        if (this.#channel?.readyState !== 'open') return;
        const id = ++this.#pingId;
        this.#pings.set(id, performance.now());
        this.#pings.delete(id - 10);
        this.#say({ t: 'ping', id });
    }

    #heard(data) {
        const message = readChannel(data);
        if (!message) return;
        this.#sign();
        if (message.t === 'way') return void this.#hearWay({ ...message, at: this.#signAt });
        if (message.t === 'trace') return void (this.#trace = { ...message, at: this.#signAt });
        if (['chat', 'heard', 'panel'].includes(message.t)) return this.chat.take(message);
        if (message.t === 'voice') return this.voice?.take(message);
        if (message.t === 'masks') {
            this.masks = message.masks;
            return void this.dispatchEvent(new CustomEvent('masks'));
        }
        if (message.t === 'cameras') return this.cameras.take(message);
        if (message.t === 'time') return this.#frames.set(message.rtp, message.at);
        const sent = this.#pings.get(message.id);
        if (sent === undefined) return;
        this.#pings.delete(message.id);
        this.#offset.add(sent, performance.now(), message.now);
        if (message.id === 1) this.#ping();
    }

    /* What was slow a moment ago is not fast because there is nothing to send. */
    #hearWay(way) {
        if (way.state !== 'free' || !this.#way || way.at - this.#way.at > SLOW_MS) this.#way = way;
    }

    async #tick() {
        this.#ping();
        this.chat.tick();
        const pc = this.#pc;
        const report = await pc.getStats();
        if (pc.connectionState === 'closed') return;
        const now = performance.now();
        this.#count(report);
        const sample = { ...readStats(report), at: now, shown: this.#shown.count + this.#exactly };
        // A screen at rest has none: what is old says nothing.
        const trace = this.#trace && now - this.#trace.at < TRACE_MS ? this.#trace : null;
        const detail = figures(this.#sample, sample, { latency: this.#latency.median(now), rtt: this.#offset.rtt, trace, way: this.#way });
        this.#sample = sample;
        if (sample.decoded > 0 && document.hidden) this.frameDecoded();
        this.dispatchEvent(new CustomEvent('figures', { detail }));
    }
}
