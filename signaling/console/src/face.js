/* The agent's camera on the panel: taken from the browser when the agent says so, given to whatever path the session has,
 * and let go of at once when the scope or the session ends.
 *
 * Small and slow, since it is for a corner of a panel: 320x240, 15 pictures a second. Event `change`.
 */
const WISH = { video: { width: { ideal: 320 }, height: { ideal: 240 }, frameRate: { ideal: 15, max: 20 } }, audio: false };
const KBITS = 250;

export class Face extends EventTarget {
    #sender = null;
    #granted = false;
    #devices;

    constructor(devices = globalThis.navigator?.mediaDevices) {
        super();
        this.#devices = devices;
        this.state = 'off'; // 'off', 'asking' (the browser asks the agent), 'on', 'failed'
        this.stream = null;
        this.why = '';
    }

    /* The sender of the path's m-line, or null: there is no path. */
    attach(sender) {
        this.#sender = sender;
        this.#give();
    }

    grant(granted) {
        this.#granted = granted;
        if (!granted) this.stop();
    }

    async start() {
        if (!this.#granted || ['asking', 'on'].includes(this.state)) return;
        this.#set('asking');
        try {
            const stream = await this.#devices.getUserMedia(WISH);
            if (!this.#granted || this.state !== 'asking') return stream.getTracks().forEach((track) => track.stop());
            this.stream = stream;
            stream.getVideoTracks()[0].addEventListener('ended', () => this.stop());
            this.#set('on');
            this.#give();
        } catch (error) {
            this.why = error.name === 'NotAllowedError' ? 'This browser was told not to use the camera.' : error.name === 'NotFoundError' ? 'There is no camera here.' : String(error.message ?? error);
            this.#set('failed');
        }
    }

    stop() {
        this.stream?.getTracks().forEach((track) => track.stop());
        this.stream = null;
        if (this.state !== 'off') this.#set('off');
        this.#give();
    }

    async #give() {
        const sender = this.#sender;
        if (!sender) return;
        try {
            await sender.replaceTrack(this.stream?.getVideoTracks()[0] ?? null);
            const parameters = sender.getParameters();
            if (!parameters.encodings?.length) return;
            parameters.encodings[0].maxBitrate = KBITS * 1000;
            await sender.setParameters(parameters);
        } catch (error) {
            console.warn(`face: ${error.message}`); // the path is gone; the next one is given it anew
        }
    }

    #set(state) {
        this.state = state;
        this.dispatchEvent(new Event('change'));
    }
}
