// In the receiver's page: writes down when it is given which picture (by its bar code), and keeps pictures to be compared.
//
// A source is a video (WebRTC) or a canvas (noVNC). Both are looked at where the page draws its next frame: a video when
// requestVideoFrameCallback says that there is a new one, a canvas in every animation frame. So both latencies hold the
// wait for the display's next refresh, and neither holds what comes after it.
import { CELLS, ROW, age, codeOf, columns, decode, encode } from './barcode.mjs';

const bench = window.bench = { frames: [], bytes: 0 };

// The wall clock with parts of a millisecond. performance.timeOrigin may be off it: by the ticks of Date.now().
function wallOffset() {
  const offsets = [];
  for (let last = Date.now(); offsets.length < 15;) {
    const now = Date.now(), precise = performance.now();
    if (now !== last) offsets.push(now - precise);
    last = now;
  }
  return offsets.sort((a, b) => a - b)[7];
}
const offset = wallOffset();
const wall = () => offset + performance.now();

class Video {
  constructor(element) { this.element = element; }
  get size() { return [this.element.videoWidth, this.element.videoHeight]; }
  each(callback) {
    const next = () => this.element.requestVideoFrameCallback(() => { callback(); next(); });
    next();
  }

  // The brightness of the bar code's cells. Only those rows are copied, and nothing is converted.
  async levels() {
    const frame = await this.#frame();
    try {
      const rect = { x: 0, y: ROW, width: frame.visibleRect.width & ~1, height: 2 }, bytes = new Uint8Array(frame.allocationSize({ rect }));
      const layout = await frame.copyTo(bytes, { rect });
      if (!/^(I420|NV12)/.test(frame.format)) throw new Error(`a video frame of format ${frame.format}`);
      return columns(frame.visibleRect.width).map((x) => bytes[layout[0].offset + x]);
    } finally { frame.close(); }
  }

  // The very first one is not to be had yet when it is announced, but one animation frame later.
  async #frame() {
    for (let tries = 0; ; tries++) {
      try { return new VideoFrame(this.element); } catch (error) { if (tries === 5) throw error; }
      await new Promise(requestAnimationFrame);
    }
  }

  // What is shown now, kept; and its pixels as RGBA, later.
  keep() { return new VideoFrame(this.element); }
  pixels(frame) {
    const { width, height } = frame.visibleRect;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    context.drawImage(frame, 0, 0);
    frame.close();
    return context.getImageData(0, 0, width, height);
  }
}

class Canvas {
  constructor(element) { this.element = element; }
  get size() { return [this.element.width, this.element.height]; }
  each(callback) {
    const next = () => requestAnimationFrame(() => { if (this.element.width >= CELLS) callback(); next(); });
    next();
  }

  async levels() {
    const { data } = this.element.getContext('2d').getImageData(0, ROW, this.element.width, 1);
    return columns(this.element.width).map((x) => data[x * 4]);
  }

  keep() {
    const { width, height } = this.element, context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    context.drawImage(this.element, 0, 0);
    return context;
  }
  pixels(context) { return context.getImageData(0, 0, context.canvas.width, context.canvas.height); }
}

function watch(source) {
  let last;
  bench.source = source;
  source.each(async () => {
    const at = wall();
    let code;
    try { code = decode(await source.levels()); } catch (error) { bench.trouble = String(error); return; }
    // A canvas is also looked at when it has nothing new.
    if (source instanceof Canvas && code === last) return;
    last = code;
    bench.frames.push({ at, code });
  });
}

// The video that the rig's receiver makes (rig/browser.mjs), as soon as it is there.
bench.video = () => {
  const look = () => (window.rig.video ? watch(new Video(window.rig.video)) : requestAnimationFrame(look));
  look();
};

// noVNC at a WebSocket, with its defaults.
bench.novnc = async (url) => {
  const { default: RFB } = await import('/novnc/core/rfb.js');
  const channel = new WebSocket(url); // after the import, or its first message finds nobody
  channel.binaryType = 'arraybuffer';
  channel.addEventListener('message', ({ data }) => { bench.bytes += data.byteLength; });
  const place = document.createElement('div');
  document.body.replaceChildren(place);
  const rfb = bench.rfb = new RFB(place, channel, { shared: true });
  rfb.addEventListener('disconnect', ({ detail }) => { bench.trouble = `noVNC disconnected${detail.clean ? '' : ', not cleanly'}`; });
  rfb.addEventListener('securityfailure', ({ detail }) => { bench.trouble = `noVNC: ${detail.reason}`; });
  watch(new Canvas(place.querySelector('canvas')));
};

bench.take = () => bench.frames.splice(0);
// `first`: when the picture with that code was first there.
bench.state = (wanted) => ({ first: bench.frames.find(({ code }) => code === wanted)?.at, frames: bench.frames.length, trouble: bench.trouble, size: bench.source?.size });
bench.received = async () => {
  if (!window.rig?.pc) return bench.bytes;
  for (const entry of (await window.rig.pc.getStats()).values()) if (entry.type === 'transport') return entry.bytesReceived;
  return 0;
};

// Keeps what is shown some ms after the moment of a bar code.
bench.sample = async (code, delays) => {
  const zero = wall() - age(wall(), code);
  bench.kept = await Promise.all(delays.map(async (delay) => {
    await new Promise((resolve) => { setTimeout(resolve, zero + delay - wall()); });
    return bench.source.keep();
  }));
};
// Sends the pixels of what was kept to the bench, which has time for it now.
bench.send = async (url) => {
  for (const [i, picture] of bench.kept.splice(0).entries()) {
    const { width, height, data } = bench.source.pixels(picture);
    await fetch(`${url}/${i}?width=${width}&height=${height}`, { method: 'POST', body: data });
  }
};

// The reader against itself: a code of a known age on a canvas must be read with that age. Gives back the worst error, ms.
bench.check = async () => {
  const canvas = document.createElement('canvas'), context = canvas.getContext('2d');
  let worst = 0;
  for (const [width, old] of [[1280, 0], [1281, 5], [1920, 40], [3840, 250], [640, 1000]]) {
    [canvas.width, canvas.height] = [width, 40];
    const cell = Math.floor(width / 48), code = codeOf(wall() - old);
    encode(code).forEach((bit, i) => { context.fillStyle = bit ? '#fff' : '#000'; context.fillRect(i * cell, 0, cell, 32); });
    const read = decode(await new Canvas(canvas).levels());
    worst = Math.max(worst, read === null ? Infinity : Math.abs(age(wall(), read) - old));
  }
  return worst;
};
bench.ready = true;
