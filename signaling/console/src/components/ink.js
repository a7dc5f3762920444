/* The agent's hand on the picture: with a tool in it, mouse, finger and pen point or draw instead of moving the picture.
 *
 * What is drawn is shown here at once on a canvas of its own, and only as long as it takes until it comes back in the
 * picture: what stays is what the person sees. */
const COLOUR = '#e6007e';
const FADE_MS = 900;

export class Ink {
    #viewer;
    #stage;
    #lines = []; // {points: [{x, y}], until (ms; null while it is drawn)}
    #dot = null; // {x, y, until}
    #frame = null;

    /* viewer: {tool, video, peer}. */
    constructor(viewer, stage) {
        this.#viewer = viewer;
        this.#stage = stage;
        this.canvas = document.createElement('canvas');
        this.canvas.className = 'ink';
        stage.append(this.canvas);
        stage.addEventListener('pointerdown', (event) => this.#down(event));
        stage.addEventListener('pointermove', (event) => this.#move(event));
        for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) stage.addEventListener(type, (event) => this.#up(event));
    }

    #place({ clientX, clientY }) {
        const box = this.#viewer.video.getBoundingClientRect();
        return { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
    }

    #inside = ({ x, y }) => x >= 0 && x <= 1 && y >= 0 && y <= 1;

    #down(event) {
        const { tool, peer } = this.#viewer;
        const place = this.#place(event);
        if (!tool || !peer || event.button !== 0 || !this.#inside(place)) return;
        event.preventDefault();
        if (tool === 'point') {
            peer.pen.mark(place);
            return this.#show(place);
        }
        this.#stage.setPointerCapture(event.pointerId);
        this.pointer = event.pointerId;
        this.#lines.push({ points: [place], until: null });
        peer.pen.begin(place);
        this.#paint();
    }

    #move(event) {
        const { tool, peer } = this.#viewer;
        if (!tool || !peer) return;
        if (tool === 'point') {
            const place = this.#place(event);
            if (!this.#inside(place)) return;
            peer.pen.point(place);
            return this.#show(place);
        }
        const line = this.#lines.at(-1);
        if (event.pointerId !== this.pointer || line?.until !== null) return;
        for (const each of event.getCoalescedEvents?.() ?? [event]) {
            const place = this.#place(each);
            line.points.push(place);
            peer.pen.move(place);
        }
        this.#paint();
    }

    #up(event) {
        const line = this.#lines.at(-1);
        if (event.pointerId !== this.pointer || line?.until !== null) return;
        this.pointer = null;
        line.until = performance.now() + FADE_MS;
        this.#viewer.peer?.pen.end();
        this.#paint();
    }

    #show(place) {
        this.#dot = { ...place, until: performance.now() + FADE_MS };
        this.#paint();
    }

    clear() {
        this.#lines = [];
        this.#dot = null;
        this.#viewer.peer?.pen.clear();
        this.#paint();
    }

    #paint() {
        this.#frame ??= requestAnimationFrame(() => {
            this.#frame = null;
            this.#draw(performance.now());
        });
    }

    #draw(now) {
        const { canvas } = this;
        const ratio = devicePixelRatio;
        const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
        if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
        const context = canvas.getContext('2d');
        context.clearRect(0, 0, width, height);
        this.#lines = this.#lines.filter(({ until }) => until === null || until > now);
        if (this.#dot && this.#dot.until <= now) this.#dot = null;
        context.strokeStyle = context.fillStyle = COLOUR;
        Object.assign(context, { lineWidth: 3 * ratio, lineCap: 'round', lineJoin: 'round', globalAlpha: 0.55 });
        for (const { points } of this.#lines) {
            context.beginPath();
            points.forEach(({ x, y }) => context.lineTo(x * width, y * height));
            context.stroke();
        }
        if (this.#dot) {
            context.beginPath();
            context.arc(this.#dot.x * width, this.#dot.y * height, 5 * ratio, 0, 2 * Math.PI);
            context.fill();
        }
        if (this.#lines.some(({ until }) => until !== null) || this.#dot) this.#paint();
    }
}
