/* Talking with the person: mute, push-to-talk, how loud both are, and in words what does not work. */
import { html, nothing } from 'lit';
import { View } from './view.js';
import { icons } from './icons.js';
import { VOICE_TROUBLE } from '../words.js';

const METER_MS = 100;
const KEY = 't'; // held: push-to-talk

const typing = (target) => target?.closest?.('input, textarea, select, [contenteditable]');

class VoiceView extends View {
    static properties = { voice: {}, levels: {}, revision: {} };

    constructor() {
        super();
        this.levels = { microphone: 0, device: 0 };
        this.news = () => this.revision++;
        this.down = (event) => event.key.toLowerCase() === KEY && !event.repeat && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target) && this.voice.hold(true);
        this.up = (event) => event.key.toLowerCase() === KEY && this.voice.hold(false);
        this.away = () => this.voice.hold(false);
    }

    connectedCallback() {
        super.connectedCallback();
        this.voice?.addEventListener('change', this.news);
        document.addEventListener('keydown', this.down);
        document.addEventListener('keyup', this.up);
        window.addEventListener('blur', this.away);
        this.timer = setInterval(() => (this.levels = this.voice.levels()), METER_MS);
    }

    disconnectedCallback() {
        super.disconnectedCallback();
        clearInterval(this.timer);
        this.voice?.removeEventListener('change', this.news);
        document.removeEventListener('keydown', this.down);
        document.removeEventListener('keyup', this.up);
        window.removeEventListener('blur', this.away);
    }

    willUpdate(changed) {
        if (!changed.has('voice') || !this.isConnected) return;
        changed.get('voice')?.removeEventListener('change', this.news);
        this.voice?.addEventListener('change', this.news);
    }

    /* What the agent must know of the person's side. */
    person() {
        const { device } = this.voice;
        if (!device?.on) return 'connecting';
        if (!device.microphone || !device.speaker) return !device.microphone && !device.speaker ? 'no sound on the device' : !device.microphone ? 'no microphone there' : 'no speaker there';
        return device.muted ? 'muted by the person' : '';
    }

    render() {
        const { voice, levels } = this;
        const state = this.person();
        return html`<div class="voice" role="group" aria-label="Voice" data-testid="voice" data-talking=${String(voice.talking)} data-state=${state}>
            <button class="small" data-testid="mute" aria-pressed=${String(voice.muted)} title=${voice.muted ? 'The person does not hear you' : 'The person hears you'} @click=${() => voice.mute(!voice.muted)}>
                ${icons.voice}${voice.muted ? 'Unmute' : 'Mute'}
            </button>
            <button
                class="small"
                data-testid="push-to-talk"
                aria-pressed=${String(voice.pushToTalk)}
                title="You are heard only while the key T is held"
                @click=${() => voice.setPushToTalk(!voice.pushToTalk)}
            >
                Hold T to talk
            </button>
            ${this.meter('You', 'own-level', levels.microphone)} ${this.meter('Device', 'device-level', levels.device)}
            <span class="news" role="status" data-testid="voice-news" title=${voice.device?.why || nothing}
                >${voice.trouble ? html`${VOICE_TROUBLE[voice.trouble]} <button class="small" @click=${() => voice.retry()}>Try again</button>` : state}</span
            >
        </div>`;
    }

    meter(name, id, level) {
        return html`<label class="meter">${name}<meter data-testid=${id} min="0" max="100" .value=${level}></meter></label>`;
    }
}

customElements.define('oriel-voice', VoiceView);
