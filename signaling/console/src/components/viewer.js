/* The picture: fitted or 1:1, panned by scrolling and dragging, in full screen; and its figures.
 *
 * It is two layers: the video, and over it the exact layer's canvas (src/exact.js). Over both, what the machine hides on
 * purpose is hatched and says so; that is not part of the picture: no screenshot has it. For screenshots, recording and
 * measuring: drawInto(context) draws what is shown now, both of them, in the picture's own pixels; the event `presented` says that
 * it has changed, at a frame of the video or a tile (detail: {exact: 'exact', 'settling', 'motion' or 'none'}). */
import { html, nothing } from 'lit';
import { View } from './view.js';
import { icons } from './icons.js';
import { place } from '../scale.js';
import { Ink } from './ink.js';
import { STAGES, wayDetail, wayWords } from '../figures.js';

const show = (value, digits = 0) => (value === null ? '–' : value.toFixed(digits));
const attribute = (value, digits = 1) => (value === null ? '' : String(Number(value.toFixed(digits))));
const bitrate = (kbps) => (kbps === null ? ['–', 'kbit/s'] : kbps < 1000 ? [show(kbps), 'kbit/s'] : [show(kbps / 1000, 1), 'Mbit/s']);

const TOOLS = {
    point: ['point', 'Point', 'Show the person a place: move to point, press to ring it'],
    draw: ['pen', 'Draw', 'Draw on the panel; it fades after some seconds'],
};

const NOTHING_YET = { width: null, height: null, fps: null, latency: null, bitrate: null, loss: null, rtt: null, stages: null, way: null };

const MARKS = {
    exact: ['Exact', 'Each pixel is as it is on the screen of the device'],
    settling: ['Settling', 'What has just changed is video, until its exact pixels are there'],
    motion: ['Motion', 'What moves is video; the rest is exact'],
    none: ['Video', 'The picture is video alone: near to what is on the screen, not the same in each pixel'],
};

const HIDDEN = 'hidden by the machine';

/* What of a mask lies in the picture. */
function clip([x, y, width, height], pictureWidth, pictureHeight) {
    const [left, top] = [Math.min(x, pictureWidth), Math.min(y, pictureHeight)];
    return [left, top, Math.min(x + width, pictureWidth) - left, Math.min(y + height, pictureHeight) - top];
}

class Viewer extends View {
    static properties = { peer: {}, path: {}, live: {}, lost: {}, mode: {}, figures: {}, full: {}, exact: {}, masks: {}, chat: {}, tool: {}, revision: {} };

    constructor() {
        super();
        this.mode = 'fit';
        this.figures = NOTHING_YET;
        this.exact = 'none';
        this.masks = [];
        this.layer = null;
        this.tool = null; // in the agent's hand: 'point', 'draw' or none
        this.news = () => this.revision++;
        this.escape = (event) => event.key === 'Escape' && (this.tool = null);
        this.presented = () => this.present();
        this.relayout = () => this.layout();
        this.fullChanged = () => (this.full = document.fullscreenElement !== null);
    }

    connectedCallback() {
        super.connectedCallback();
        window.addEventListener('resize', this.relayout); // zooming changes the pixel ratio as well
        document.addEventListener('fullscreenchange', this.fullChanged);
        document.addEventListener('keydown', this.escape);
    }

    disconnectedCallback() {
        super.disconnectedCallback();
        window.removeEventListener('resize', this.relayout);
        document.removeEventListener('fullscreenchange', this.fullChanged);
        document.removeEventListener('keydown', this.escape);
        this.chat?.removeEventListener('change', this.news);
        this.observer?.disconnect();
        if (document.fullscreenElement) document.exitFullscreen();
    }

    firstUpdated() {
        this.stage = this.querySelector('.stage');
        this.video = this.querySelector('video');
        this.ink = new Ink(this, this.stage);
        this.video.muted = true; // the attribute alone is not enough for a template's element
        this.observer = new ResizeObserver(this.relayout);
        this.observer.observe(this.stage);
        this.video.addEventListener('resize', this.relayout);
    }

    willUpdate(changed) {
        if (changed.has('chat')) {
            changed.get('chat')?.removeEventListener('change', this.news);
            this.chat?.addEventListener('change', this.news);
        }
        if (!this.chat?.can.draw) this.tool = null;
    }

    updated(changed) {
        if (changed.has('peer') && this.peer) this.attach(this.peer);
        if (changed.has('mode') || changed.has('masks')) this.layout();
    }

    attach(peer) {
        const { video } = this;
        this.layer?.removeEventListener('presented', this.presented);
        this.layer?.canvas.remove();
        this.layer = peer.exact;
        this.layer.canvas.dataset.testid = 'exact-layer';
        this.layer.addEventListener('presented', this.presented);
        this.ink.canvas.before(this.layer.canvas);
        this.layout();
        const play = (stream) => {
            video.srcObject = stream;
            video.play().catch((error) => console.warn(`video: ${error.message}`));
        };
        if (peer.stream) play(peer.stream);
        else peer.addEventListener('stream', (event) => play(event.detail), { once: true });
        this.masks = peer.masks;
        peer.addEventListener('masks', () => (this.masks = peer.masks));
        peer.addEventListener('figures', (event) => (this.figures = event.detail));
        if (!video.requestVideoFrameCallback) {
            peer.exact.refuse();
            video.addEventListener('loadeddata', () => peer.frameDecoded(), { once: true });
            return;
        }
        const shown = (now, metadata) => {
            if (this.peer !== peer || !this.isConnected) return;
            video.requestVideoFrameCallback(shown); // first: one that comes meanwhile is told of, too
            peer.frameShown(now, metadata, video);
            if (this.layer.canvas.hidden) this.present();
        };
        video.requestVideoFrameCallback(shown);
    }

    present() {
        this.exact = this.layer.state;
        this.dispatchEvent(new CustomEvent('presented', { detail: { exact: this.exact } }));
    }

    /* Draws what is shown now at 0, 0 of a 2D context, in the picture's own pixels; {width, height}. */
    drawInto(context) {
        const { video, layer } = this;
        const { videoWidth: width, videoHeight: height } = video;
        if (layer && !layer.canvas.hidden) context.drawImage(layer.canvas, 0, 0);
        else if (width) context.drawImage(video, 0, 0, width, height);
        return { width, height };
    }

    /* What is seen as a file: the picture, or the camera's in its place. */
    async save() {
        const canvas = document.createElement('canvas');
        const camera = this.closest('.watch')?.querySelector('.camera.large video:not([hidden])');
        const video = camera?.videoWidth ? camera : this.video;
        [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
        if (!canvas.width) return;
        if (video === camera) canvas.getContext('2d').drawImage(camera, 0, 0);
        else this.drawInto(canvas.getContext('2d'));
        const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
        const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(blob), download: `picture-${new Date().toISOString().replaceAll(':', '-')}.png` });
        link.click();
        URL.revokeObjectURL(link.href);
    }

    layout() {
        const { video, stage } = this;
        if (!video?.videoWidth) return;
        const box = place({
            mode: this.mode,
            width: video.videoWidth,
            height: video.videoHeight,
            stageWidth: stage.clientWidth,
            stageHeight: stage.clientHeight,
            ratio: devicePixelRatio,
        });
        for (const layer of [video, this.layer?.canvas, this.ink.canvas].filter(Boolean)) {
            for (const side of ['width', 'height', 'left', 'top']) layer.style[side] = `${box[side]}px`;
            layer.classList.toggle('enlarged', box.scale > 1);
        }
        for (const [i, mask] of [...this.querySelectorAll('.mask')].entries()) {
            const [x, y, width, height] = clip(this.masks[i] ?? [0, 0, 0, 0], video.videoWidth, video.videoHeight);
            const scale = box.width / video.videoWidth;
            Object.assign(mask.style, { left: `${box.left + x * scale}px`, top: `${box.top + y * scale}px`, width: `${width * scale}px`, height: `${height * scale}px` });
            mask.hidden = width * scale < 1 || height * scale < 1;
            mask.classList.toggle('narrow', width * scale < 150 || height * scale < 28);
        }
        this.toggleAttribute('data-pans', box.width > stage.clientWidth + 1 || box.height > stage.clientHeight + 1);
    }

    async toggleMode(event) {
        if (this.tool) return;
        if (this.mode === 'one') return void (this.mode = 'fit');
        // What was under the pointer comes to lie under it again.
        const box = this.video.getBoundingClientRect();
        const x = (event.clientX - box.left) / box.width;
        const y = (event.clientY - box.top) / box.height;
        this.mode = 'one';
        await this.updateComplete;
        const stage = this.stage.getBoundingClientRect();
        this.stage.scrollLeft = this.video.offsetWidth * x - (event.clientX - stage.left);
        this.stage.scrollTop = this.video.offsetHeight * y - (event.clientY - stage.top);
    }

    drag(event) {
        if (this.tool || event.button !== 0 || event.pointerType === 'touch' || !this.hasAttribute('data-pans')) return;
        const { stage } = this;
        const from = { x: event.clientX + stage.scrollLeft, y: event.clientY + stage.scrollTop };
        const move = (e) => stage.scrollTo(from.x - e.clientX, from.y - e.clientY);
        const up = () => {
            stage.removeEventListener('pointermove', move);
            stage.classList.remove('dragging');
        };
        stage.classList.add('dragging');
        stage.setPointerCapture(event.pointerId);
        stage.addEventListener('pointermove', move);
        stage.addEventListener('lostpointercapture', up, { once: true });
    }

    toggleFull() {
        if (document.fullscreenElement) document.exitFullscreen();
        else this.closest('oriel-device-page').requestFullscreen();
    }

    render() {
        return html`<div class="stage" tabindex="0" aria-label="Picture of the device" data-mode=${this.mode} data-tool=${this.tool ?? nothing} ?data-still=${this.lost} @dblclick=${this.toggleMode} @pointerdown=${this.drag}>
                <video data-testid="picture" muted playsinline autoplay disablepictureinpicture></video>
                ${this.masks.map((mask) => html`<div class="mask" data-testid="mask" data-rect=${mask.join()} title=${HIDDEN}><span>${HIDDEN}</span></div>`)}
                ${this.live ? this.way() : this.lost ? nothing : html`<p class="veil">Making the picture …</p>`}
            </div>
            <div class="foot">
                ${this.figuresElement()}
                ${this.mark()}
                ${this.tools()}
                <div class="buttons" role="group" aria-label="The picture">
                    <button data-testid="save-picture" title="Saves the picture as it is shown now" @click=${() => this.save()}>${icons.save}Save</button>
                    ${this.button('fit', icons.fit, 'Fit', this.mode === 'fit', () => (this.mode = 'fit'))}
                    ${this.button('one-to-one', icons.one, '1:1', this.mode === 'one', () => (this.mode = 'one'))}
                    ${this.button('fullscreen', this.full ? icons.shrink : icons.full, 'Full screen', Boolean(this.full), () => this.toggleFull())}
                </div>
            </div>`;
    }

    /* What shows on the panel. */
    tools() {
        const can = Boolean(this.chat?.can.draw);
        return html`<div class="buttons tools" role="group" aria-label="Show on the panel">
            ${Object.entries(TOOLS).map(
                ([tool, [icon, text, title]]) => html`<button
                    data-testid=${tool}
                    aria-pressed=${String(this.tool === tool)}
                    title=${can ? title : 'This panel can’t show it'}
                    ?disabled=${!can}
                    @click=${() => (this.tool = this.tool === tool ? null : tool)}
                >
                    ${icons[icon]}${text}
                </button>`,
            )}
            <button data-testid="clear" title="Takes away what you have drawn" ?disabled=${!can} @click=${() => this.ink.clear()}>Clear</button>
        </div>`;
    }

    button(id, icon, text, pressed, action) {
        return html`<button data-testid=${id} aria-pressed=${String(pressed)} @click=${action}>${icon}${text}</button>`;
    }

    /* How true the picture is. */
    mark() {
        const [text, title] = MARKS[this.exact];
        return html`<span class="exact ${this.exact}" data-testid="exact" data-exact=${this.exact} title=${title}>${text}</span>`;
    }

    /* What slows the picture down. */
    way() {
        const { way } = this.figures, words = wayWords(way);
        return html`<p class="way" role="status" data-testid="way" data-state=${way?.state ?? ''} data-kbits=${way?.kbits ?? ''} ?hidden=${!words}>${words}</p>`;
    }

    figuresElement() {
        const f = this.figures;
        const [rate, rateUnit] = bitrate(f.bitrate);
        return html`<dl
            class="figures"
            data-testid="figures"
            data-width=${f.width ?? ''}
            data-height=${f.height ?? ''}
            data-fps=${attribute(f.fps)}
            data-latency-ms=${attribute(f.latency)}
            data-bitrate-kbps=${attribute(f.bitrate)}
            data-loss-percent=${attribute(f.loss, 2)}
            data-rtt-ms=${attribute(f.rtt)}
            data-recoveries=${f.way?.recoveries ?? ''}
            data-keyframes=${f.way?.keyframes ?? ''}
            data-capture-ms=${attribute(f.stages?.capture ?? null, 3)}
            data-convert-ms=${attribute(f.stages?.convert ?? null, 3)}
            data-encode-ms=${attribute(f.stages?.encode ?? null, 3)}
            data-packetize-ms=${attribute(f.stages?.packetize ?? null, 3)}
            data-egress-ms=${attribute(f.stages?.egress ?? null, 3)}
        >
            ${this.figure('Size', f.width === null ? '–' : `${f.width} × ${f.height}`, '', 'wide')}
            ${this.figure('Frames', show(f.fps), '/s')} ${this.figure('Latency', show(f.latency), 'ms', '', this.stages())}
            ${this.figure('Rate', rate, rateUnit, 'wide', wayDetail(f.way) ?? nothing)} ${this.figure('Loss', show(f.loss, 1), '%', '', wayDetail(f.way) ?? nothing)}
            ${this.figure('Round trip', show(f.rtt), 'ms')}
        </dl>`;
    }

    /* Of the latency: how much of it the device needs, and for what. */
    stages() {
        const { stages } = this.figures;
        if (!stages) return nothing;
        return `On the device, median of the last second: ${STAGES.map((stage) => `${stage} ${show(stages[stage], 1)} ms`).join(', ')}`;
    }

    figure(name, value, unit, kind = '', title = nothing) {
        return html`<div class=${kind} title=${title}><dt>${name}</dt><dd>${value}<small>${unit}</small></dd></div>`;
    }
}

customElements.define('oriel-viewer', Viewer);
