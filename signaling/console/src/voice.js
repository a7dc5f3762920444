/* The agent's half of the voice: the microphone, and what comes from the device. Of the session: it outlives a path, each of which brings an
 * m-line `voice` of its own.
 *
 * Policy: the microphone is opened when the person has granted `voice`, and let go when that ends. Muted, and while
 * push-to-talk is on and the key is up, its track is off. The m-line is answered as sending from the start, since it can't be
 * negotiated again; without a track nothing is sent by it.
 * Events: `change`. Without DOM until it is opened. */
const MICROPHONE = { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 } };

/* Of the newest samples of an analyser: 0 (silent) to 100, decibels from -60 up. */
export function loudness(samples) {
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    const decibels = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
    return Math.round(Math.max(0, Math.min(100, ((decibels + 60) * 100) / 60)));
}

export class Voice extends EventTarget {
    #line = null; // the transceiver of the present path
    #microphone = null; // MediaStream
    #remote = null; // track
    #audio = null; // element that plays it
    #context = null;
    #meters = {}; // name -> AnalyserNode
    #granted = false;
    #held = false;

    constructor() {
        super();
        this.device = null; // {on, microphone, speaker, muted, why}: how it stands with the person's side
        this.muted = false;
        this.pushToTalk = false;
        this.trouble = ''; // why the agent can't be heard: a word of words.js
    }

    #changed() {
        this.dispatchEvent(new Event('change'));
    }

    /* Whether what the agent says leaves this page now. */
    get talking() {
        return Boolean(this.#microphone) && !this.muted && (!this.pushToTalk || this.#held);
    }

    /* The m-line of a new path, before the answer. */
    attach(line) {
        this.#line = line;
        line.direction = 'sendrecv';
        this.#apply();
    }

    /* Its sound. */
    hear(track) {
        this.#remote = track;
        this.#play();
    }

    /* What the device says of the person's side. */
    take({ on, microphone, speaker, muted, why }) {
        this.device = { on, microphone, speaker, muted, why };
        this.#changed();
    }

    /* Whether the person has granted it; as often as that may have changed. */
    grant(granted) {
        if (granted === this.#granted) return;
        this.#granted = granted;
        if (granted) this.#open();
        else this.#close();
        this.#play();
    }

    async #open() {
        this.trouble = '';
        try {
            const stream = await navigator.mediaDevices.getUserMedia(MICROPHONE);
            if (!this.#granted) return stream.getTracks().forEach((track) => track.stop());
            this.#microphone = stream;
            stream.getAudioTracks()[0].onended = () => this.#lost();
            this.#meter('microphone', stream);
        } catch (error) {
            this.trouble = error.name === 'NotAllowedError' ? 'refused' : error.name === 'NotFoundError' ? 'none' : 'failed';
        }
        this.#apply();
    }

    /* It was pulled out. */
    #lost() {
        this.#microphone = null;
        this.trouble = 'none';
        this.#apply();
    }

    /* Tries again, when there was none. */
    retry() {
        if (this.#granted && !this.#microphone) this.#open();
    }

    #close() {
        this.#microphone?.getTracks().forEach((track) => track.stop());
        this.#microphone = null;
        this.device = null;
        this.#apply();
    }

    mute(muted) {
        this.muted = muted;
        this.#apply();
    }

    setPushToTalk(on) {
        this.pushToTalk = on;
        this.#held = false;
        this.#apply();
    }

    /* The key or button of push-to-talk is down, or up. */
    hold(down) {
        if (!this.pushToTalk || down === this.#held) return;
        this.#held = down;
        this.#apply();
    }

    #apply() {
        const track = this.#microphone?.getAudioTracks()[0] ?? null;
        if (track) track.enabled = this.talking;
        this.#line?.sender.replaceTrack(this.talking ? track : null).catch(() => {}); // of a path that is gone
        this.#changed();
    }

    #play() {
        if (!this.#granted || !this.#remote) return void this.#audio?.pause();
        this.#audio ??= new Audio();
        const stream = new MediaStream([this.#remote]);
        this.#audio.srcObject = stream;
        this.#audio.play().catch((error) => console.warn(`voice: ${error.message}`));
        this.#meter('device', stream);
    }

    #meter(name, stream) {
        this.#context ??= new AudioContext();
        const analyser = this.#context.createAnalyser();
        analyser.fftSize = 2048;
        this.#context.createMediaStreamSource(stream).connect(analyser);
        this.#meters[name] = analyser;
    }

    /* {microphone, device}: how loud both are now. */
    levels() {
        const level = (name) => {
            const analyser = this.#meters[name];
            if (!analyser) return 0;
            const samples = new Float32Array(analyser.fftSize);
            analyser.getFloatTimeDomainData(samples);
            return loudness(samples);
        };
        return { microphone: this.talking ? level('microphone') : 0, device: this.#granted ? level('device') : 0 };
    }

    close() {
        this.#granted = false;
        this.#close();
        this.#audio?.pause();
        if (this.#audio) this.#audio.srcObject = null;
        this.#context?.close();
        this.#context = null;
        this.#meters = {};
    }
}
