// In the receiver's page: writes down when it is given which picture (by its bar code), and keeps pictures to be compared.
//
// A source is a video (WebRTC), a canvas (noVNC) or the console's own element (Oriel: video and what lies over it). All are looked at
// where the page draws its next frame: a video when requestVideoFrameCallback says that there is a new one, a canvas in every
// animation frame, the console's element in the animation frame after it has said `presented`. So all latencies hold the
// wait for the display's next refresh, and none holds what comes after it.
import { CELLS, ROW, age, codeOf, columns, decode, encode } from './barcode.mjs';
import { hash } from './pixels.mjs';

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

// What both others have in common: that they can be drawn.
class Drawn {
  keep() {
    const [width, height] = this.size, context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    this.draw(context);
    return context;
  }
  pixels(context) { return context.getImageData(0, 0, context.canvas.width, context.canvas.height); }

  // One number for all that is shown.
  sum() {
    const [width, height] = this.size;
    if (this.whole?.canvas.width !== width || this.whole.canvas.height !== height) this.whole = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    this.draw(this.whole);
    return hash(this.whole.getImageData(0, 0, width, height).data, width, height, 4);
  }
}

class Canvas extends Drawn {
  constructor(element) { super(); this.element = element; }
  get size() { return [this.element.width, this.element.height]; }
  each(callback) {
    const next = () => requestAnimationFrame(() => { if (this.element.width >= CELLS) callback(); next(); });
    next();
  }

  async levels() {
    const { data } = this.element.getContext('2d').getImageData(0, ROW, this.element.width, 1);
    return columns(this.element.width).map((x) => data[x * 4]);
  }
  draw(context) { context.drawImage(this.element, 0, 0); }
}

class Viewer extends Drawn {
  constructor(element) {
    super();
    this.element = element;
    this.strip = new OffscreenCanvas(CELLS, 1).getContext('2d', { willReadFrequently: true });
  }
  get size() { return [this.element.video?.videoWidth ?? 0, this.element.video?.videoHeight ?? 0]; }
  each(callback) {
    let waits = false;
    this.element.addEventListener('presented', () => {
      if (waits || this.size[0] < CELLS) return;
      if (this.element.layer.canvas.hidden) return void callback(); // it is requestVideoFrameCallback that says so
      waits = true;
      requestAnimationFrame(() => { waits = false; callback(); });
    });
  }

  async levels() {
    // What the video shows alone is read as of a video.
    if (this.element.layer.canvas.hidden) return new Video(this.element.video).levels();
    const [width] = this.size, { strip } = this;
    if (strip.canvas.width !== width) [strip.canvas.width, strip.canvas.height] = [width, ROW + 1];
    this.draw(strip);
    const { data } = strip.getImageData(0, ROW, width, 1);
    return columns(width).map((x) => data[x * 4]);
  }
  draw(context) { this.element.drawInto(context); }
}

function watch(source) {
  let last;
  bench.source = source;
  source.each(async () => {
    const at = wall();
    let code;
    try { code = decode(await source.levels()); } catch (error) { bench.trouble = String(error); return; }
    if (bench.sums) bench.sums.push({ at, sum: source.sum() });
    // What is drawn is also looked at when the code is no new one.
    if (source instanceof Drawn && code === last) return;
    last = code;
    bench.frames.push({ at, code });
  });
}

// The video that the rig's receiver makes (rig/browser.mjs), as soon as it is there.
bench.video = () => {
  const look = () => (window.rig.video ? watch(new Video(window.rig.video)) : requestAnimationFrame(look));
  look();
};

// The console's own connection and element, in the place of what the rig's receiver does (rig/browser.mjs).
bench.viewer = async () => {
  const { Cameras, Chat, Peer, createCertificate } = await import('/viewer.mjs');
  const { rig } = window, Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native { constructor(...args) { super(...args); rig.pc = this; } }; // its counters are asked for
  let certificate, peer;
  rig.certificate = async () => {
    const made = await createCertificate();
    certificate = made.certificate;
    return made.fingerprint;
  };
  rig.answer = (offer, which, [server]) => {
    const turn = server ? { urls: server.urls, username: server.username, password: server.credential } : null;
    peer = new Peer({ certificate, turn, chat: new Chat(), cameras: new Cameras(), on: {
      candidate: (candidate, mline) => rig.candidates.push({ candidate, mline }),
      connected() {}, firstFrame() {}, failed: (why) => { bench.trouble ??= why; },
    } });
    const viewer = Object.assign(document.createElement('oriel-viewer'), { live: true, peer });
    document.body.replaceChildren(viewer);
    watch(new Viewer(viewer));
    return peer.answer(offer);
  };
  rig.add = (candidate, mline) => peer.addCandidate(candidate, mline);
  rig.close = () => peer?.close();
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
// Bytes received so far: {all, and of WebRTC which of them were what}. `repeats` are RTP packets sent again, also as a probe's padding; what
// is in none of the parts is heads, encryption, feedback and the path's own checks.
bench.received = async () => {
  if (!window.rig?.pc) return { all: bench.bytes };
  const sums = { all: 0, video: 0, repeats: 0, tiles: 0 };
  for (const { type, kind, bytesReceived = 0, headerBytesReceived = 0, retransmittedBytesReceived = 0 } of (await window.rig.pc.getStats()).values()) {
    if (type === 'transport') sums.all += bytesReceived;
    else if (type === 'data-channel') sums.tiles += bytesReceived;
    else if (type === 'inbound-rtp' && kind === 'video') {
      sums.video += bytesReceived + headerBytesReceived - retransmittedBytesReceived;
      sums.repeats += retransmittedBytesReceived;
    }
  }
  return sums;
};

// From now on all that is shown is summed up at each change, where it can be exact; then: [{at, sum}].
bench.sum = (on) => {
  const found = bench.sums ?? [];
  bench.sums = on && bench.source instanceof Drawn ? [{ at: wall(), sum: bench.source.sum() }] : null;
  return found;
};

// Keeps what is shown now, and again after as many ms, so many times.
bench.glimpse = async (count, every) => {
  bench.kept = [];
  for (let i = 0; i < count; i++) {
    if (i) await new Promise((resolve) => { setTimeout(resolve, every); });
    bench.kept.push(bench.source.keep());
  }
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
