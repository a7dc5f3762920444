/* The picture of the device's camera: a tile over the screen's picture, or in its place. */
import { html, nothing } from 'lit';
import { View } from './view.js';
import { icons } from './icons.js';

const SAYS = {
    starting: 'The camera is starting …',
    gone: 'The camera is gone. It goes on when it is back.',
};

class CameraView extends View {
    static properties = { cameras: {}, peer: {}, large: {}, revision: {}, shown: {} };

    constructor() {
        super();
        this.large = false;
        this.revision = 0;
        this.shown = false; // a frame of it was
        this.news = () => this.revision++;
        this.stream = () => this.play();
    }

    willUpdate(changed) {
        if (changed.has('cameras')) {
            changed.get('cameras')?.removeEventListener('change', this.news);
            this.cameras?.addEventListener('change', this.news);
        }
        if (this.cameras?.state !== 'on') this.shown = false;
    }

    updated(changed) {
        if (changed.has('peer')) {
            changed.get('peer')?.removeEventListener('camera', this.stream);
            this.peer?.addEventListener('camera', this.stream);
        }
        this.play();
    }

    play() {
        const video = this.querySelector('video');
        const stream = this.peer?.camera ?? null;
        if (!video || video.srcObject === stream) return;
        video.muted = true;
        video.srcObject = stream;
        if (stream) video.play().catch((error) => console.warn(`camera: ${error.message}`));
    }

    render() {
        const { cameras } = this;
        if (!cameras?.list.length) return nothing;
        const { list, use, state } = cameras;
        if (!use) return html`<button class="camera-handle" data-testid="camera-on" title="Look through the device's camera" @click=${() => cameras.choose(list[0].id)}>${icons.camera}<span>Camera</span></button>`;
        return html`<section class="camera ${this.large ? 'large' : ''}" data-testid="camera" data-state=${state} data-use=${use} data-shown=${String(this.shown)} aria-label="Camera of the device">
            <video data-testid="camera-picture" muted playsinline autoplay disablepictureinpicture ?hidden=${state !== 'on'} @timeupdate=${() => (this.shown ||= state === 'on')} @loadeddata=${() => (this.shown = true)}></video>
            ${SAYS[state] ? html`<p>${SAYS[state]}</p>` : nothing}
            <div class="camera-bar">
                ${list.length > 1
                    ? html`<select data-testid="camera-choice" aria-label="Which camera" @change=${(event) => cameras.choose(Number(event.target.value))}>
                          ${list.map(({ id, name }) => html`<option value=${id} ?selected=${id === use}>${name}</option>`)}
                      </select>`
                    : html`<span class="camera-name">${list[0].name}</span>`}
                <button data-testid="camera-large" aria-pressed=${String(this.large)} title=${this.large ? 'Beside the screen' : 'In place of the screen'} @click=${() => (this.large = !this.large)}>${this.large ? icons.shrink : icons.full}</button>
                <button data-testid="camera-off" title="Switch the camera off" aria-label="Switch the camera off" @click=${() => cameras.choose(0)}>${icons.close}</button>
            </div>
        </section>`;
    }
}

customElements.define('oriel-camera', CameraView);
