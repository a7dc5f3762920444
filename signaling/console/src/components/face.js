/* The agent's own camera, while the person at the panel may see it: a button, and what they see. */
import { html, nothing } from 'lit';
import { View } from './view.js';
import { icons } from './icons.js';

class FaceView extends View {
    static properties = { face: {}, chat: {}, granted: {}, revision: {} };

    constructor() {
        super();
        this.revision = 0;
        this.news = () => this.revision++;
    }

    willUpdate(changed) {
        for (const name of ['face', 'chat']) {
            if (!changed.has(name)) continue;
            changed.get(name)?.removeEventListener('change', this.news);
            this[name]?.addEventListener('change', this.news);
        }
    }

    updated() {
        const video = this.querySelector('video');
        if (!video || video.srcObject === this.face.stream) return;
        video.muted = true;
        video.srcObject = this.face.stream;
        video.play().catch((error) => console.warn(`face: ${error.message}`));
    }

    render() {
        const { face } = this;
        if (!face || !this.granted) return nothing;
        if (face.state === 'on')
            return html`<section class="face" data-testid="face" aria-label="Your camera">
                <video data-testid="face-picture" muted playsinline autoplay disablepictureinpicture></video>
                <p><b>${icons.view}The person at the machine sees you</b><button data-testid="face-off" title="Stop showing yourself" @click=${() => face.stop()}>Stop</button></p>
            </section>`;
        const can = this.chat?.can.face;
        return html`<button
            class="face-handle"
            data-testid="face-on"
            data-state=${face.state}
            ?disabled=${!can || face.state === 'asking'}
            title=${can ? face.why || 'Your camera is shown on the panel' : 'This panel can’t show it'}
            @click=${() => face.start()}
        >
            ${icons.face}<span>${face.state === 'asking' ? 'Waiting for the browser …' : face.state === 'failed' ? face.why : 'Show my face'}</span>
        </button>`;
    }
}

customElements.define('oriel-face', FaceView);
