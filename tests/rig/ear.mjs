// Ear and mouth of an agent's page, for a Receiver (browser.mjs): what comes by the m-line `voice` is kept with its time, and what
// is said goes out by it.
import { Receiver } from './browser.mjs';

// ---- in the page ----

function install() {
  const rig = window.rig, ear = rig.ear = { blocks: [] };
  const WORKLET = `registerProcessor('ear', class extends AudioWorkletProcessor {
    process([input]) { this.port.postMessage({ at: Date.now(), time: currentTime, samples: input[0]?.slice() ?? new Float32Array(128) }); return true; }
  });`;
  ear.ready = (async () => {
    ear.context = new AudioContext({ sampleRate: 48000, latencyHint: 'interactive' });
    await ear.context.resume();
    await ear.context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: 'text/javascript' })));
    ear.mouth = ear.context.createMediaStreamDestination();
  })();
  rig.beforeAnswer = (pc) => {
    const line = ear.line = pc.getTransceivers().find(({ mid }) => mid === 'voice');
    line.direction = 'sendrecv';
    if (ear.opened) ear.open();
    // Chromium gives a track's sound to Web Audio only while an element plays it.
    ear.element = Object.assign(new Audio(), { muted: true, srcObject: new MediaStream([line.receiver.track]) });
    ear.element.play();
    ear.source?.disconnect();
    ear.source = ear.context.createMediaStreamSource(new MediaStream([line.receiver.track]));
    ear.node = new AudioWorkletNode(ear.context, 'ear');
    ear.node.port.onmessage = ({ data }) => { ear.offset = Math.min(ear.offset ?? Infinity, data.at - data.time * 1000); if (ear.on) ear.blocks.push(data); };
    ear.source.connect(ear.node);
    ear.node.connect(ear.context.destination);
  };
  ear.listen = () => { ear.blocks = []; ear.on = true; };
  ear.open = () => { ear.opened = true; return ear.line.sender.replaceTrack(ear.mouth.stream.getAudioTracks()[0]); };
  ear.shut = () => { ear.opened = false; return ear.line.sender.replaceTrack(null); };
  // 16-bit samples as base64 -> when the first leaves the mouth, ms since 1970.
  ear.say = (base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)), samples = new Int16Array(bytes.buffer);
    const buffer = ear.context.createBuffer(1, samples.length, 48000);
    buffer.copyToChannel(Float32Array.from(samples, (sample) => sample / 32768), 0);
    const source = ear.context.createBufferSource(), at = ear.context.currentTime + 0.05, from = Date.now() + 50;
    source.buffer = buffer;
    source.connect(ear.mouth);
    source.start(at);
    return from;
  };
  // {from (ms since 1970), samples as base64}
  ear.heard = async () => {
    ear.on = false;
    const all = ear.blocks, samples = new Int16Array(all.length * 128);
    all.forEach((block, i) => block.samples.forEach((sample, k) => { samples[i * 128 + k] = Math.max(-32768, Math.min(32767, sample * 32767)); }));
    const url = await new Promise((resolve) => { const reader = new FileReader(); reader.onload = () => resolve(reader.result); reader.readAsDataURL(new Blob([samples])); });
    return { from: all.length ? ear.offset + all[0].time * 1000 : 0, samples: url.slice(url.indexOf(',') + 1) };
  };
  ear.stats = async () => {
    const found = {};
    for (const entry of (await rig.pc.getStats()).values()) if (entry.kind === 'audio' && ['inbound-rtp', 'outbound-rtp', 'remote-inbound-rtp'].includes(entry.type)) found[entry.type] = entry;
    return found;
  };
}

export class Ear {
  // A receiver with ears; sound needs a page that a server gave.
  static async open(browser) {
    const url = 'http://localhost/ear', ear = new Ear();
    await browser.context.route(url, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
    ear.receiver = await Receiver.open(browser, url);
    ear.page = ear.receiver.page;
    await ear.page.evaluate(install);
    await ear.page.evaluate(() => window.rig.ear.ready);
    return ear;
  }

  listen() { return this.page.evaluate(() => window.rig.ear.listen()); }
  open() { return this.page.evaluate(() => window.rig.ear.open()); }
  shut() { return this.page.evaluate(() => window.rig.ear.shut()); }
  stats() { return this.page.evaluate(() => window.rig.ear.stats()); }
  say(raw) { return this.page.evaluate((base64) => window.rig.ear.say(base64), raw.toString('base64')); }
  async heard() {
    const { from, samples } = await this.page.evaluate(() => window.rig.ear.heard()), bytes = Buffer.from(samples, 'base64');
    return { from, samples: Float32Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(2 * i) / 32768) };
  }
}
