// Debian's Chromium, headless, driven by playwright-core; and in it a plain receiver of the picture that is not the
// console, so that tests can do what the console never would (another certificate, no answer, two fingerprints).
import { chromium } from 'playwright-core';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromRgba } from './image.mjs';
import { commandLine, descendants, tidy, until } from './process.mjs';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
// Host candidates on loopback, so that nothing leaves the machine.
const LOOPBACK = '--allow-loopback-in-peer-connection';

// A program of that name that starts the browser with some words before it. As root Chromium would raise the priority of its threads,
// which no user's does.
function program(directory, executable, wrap) {
  const words = [...wrap, ...(process.getuid() === 0 ? ['setpriv', '--bounding-set', '-sys_nice', '--'] : [])], file = join(directory, 'chromium');
  if (!words.length) return executable;
  writeFileSync(file, `#!/bin/sh\nexec ${words.join(' ')} ${executable} "$@"\n`, { mode: 0o700 });
  return file;
}

export class Browser {
  // Options: args (more flags), env, wrap (words before the command, e.g. those that enter a network namespace), headless (false: with a window, on the screen of `env`), loopback (false: as people start it).
  static async start(directory, { width = 1440, height = 900, executable = '/usr/bin/chromium', args = [], wrap = [], env = {}, headless = true, loopback = true } = {}) {
    const browser = new Browser();
    browser.log = [];
    browser.profile = join(directory, 'profile');
    const environment = { ...process.env, ...tidy, HOME: directory, XDG_CONFIG_HOME: directory, XDG_CACHE_HOME: directory, XDG_RUNTIME_DIR: directory, ...env };
    browser.context = await chromium.launchPersistentContext(browser.profile, {
      executablePath: program(directory, executable, wrap), headless, args: [...FLAGS, ...(loopback ? [LOOPBACK] : []), ...args], ignoreDefaultArgs: ['--disable-dev-shm-usage'],
      env: Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined)),
      viewport: headless ? { width, height } : null, timeout: 30000, handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false,
    });
    browser.context.setDefaultTimeout(30000);
    return browser;
  }

  async page(url = 'about:blank') {
    const page = this.context.pages().find((candidate) => candidate.url() === 'about:blank' && !candidate.taken) ?? await this.context.newPage();
    page.taken = true;
    page.on('console', (message) => this.log.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.log.push(`page error: ${error.stack}`));
    if (url !== 'about:blank') await page.goto(url);
    return page;
  }

  version() {
    return this.context.browser()?.version() ?? 'unknown version';
  }

  // The process that has all others below it.
  get pid() {
    return descendants(process.pid).find(({ pid }) => commandLine(pid).includes(`--user-data-dir=${this.profile}`))?.pid;
  }

  async stop() {
    await this.context.close();
    return {};
  }
}

// ---- in the page ----

// What a test calls in the page, as `rig`. One peer connection at a time.
function install() {
  const rig = { certificates: [], candidates: [], marks: {}, codes: [] };
  window.rig = rig;
  rig.certificate = async () => {
    const certificate = await RTCPeerConnection.generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' });
    rig.certificates.push(certificate);
    return certificate.getFingerprints().find(({ algorithm }) => algorithm === 'sha-256').value.toUpperCase();
  };
  rig.answer = async (offer, which, iceServers = []) => {
    rig.pc?.close();
    rig.candidates = [];
    Object.assign(rig, { marks: {}, frames: 0, size: undefined, video: undefined }); // what the last one still shows does not count
    const pc = rig.pc = new RTCPeerConnection({ certificates: [rig.certificates.at(which)], iceServers, bundlePolicy: 'max-bundle' });
    pc.onicecandidate = ({ candidate }) => rig.candidates.push(candidate ? { candidate: candidate.candidate, mline: candidate.sdpMLineIndex ?? 0 } : { candidate: '', mline: 0 });
    pc.ontrack = ({ track, receiver, transceiver }) => {
      // Oriel's has a name among others; who has one only (the bench's other senders) calls it anything.
      if (transceiver.mid !== 'screen' && /^a=mid:screen\s*$/m.test(offer)) return;
      receiver.jitterBufferTarget = 0;
      const video = rig.video = document.createElement('video');
      Object.assign(video, { muted: true, autoplay: true, playsInline: true, srcObject: new MediaStream([track]) });
      document.body.replaceChildren(video);
      const shown = (now, data) => {
        if (rig.video !== video) return; // of a connection that was replaced
        rig.marks.first ??= Date.now();
        rig.size = [data.width, data.height];
        rig.frames = data.presentedFrames;
        rig.onFrame?.();
        video.requestVideoFrameCallback(shown);
      };
      video.requestVideoFrameCallback(shown);
    };
    pc.ondatachannel = ({ channel }) => {
      if (channel.label !== 'oriel') return; // as a receiver that knows no exact layer
      rig.channel = channel;
      rig.heard = [];
      channel.onmessage = ({ data }) => rig.heard.push(JSON.parse(data));
      rig.pinger = setInterval(() => channel.readyState === 'open' && !rig.mute && channel.send(JSON.stringify({ t: 'ping', id: rig.pings = (rig.pings ?? 0) + 1 })), 1000);
    };
    await pc.setRemoteDescription({ type: 'offer', sdp: offer });
    rig.beforeAnswer?.(pc);
    await pc.setLocalDescription(await pc.createAnswer());
    return pc.localDescription.sdp;
  };
  rig.take = () => rig.candidates.splice(0);
  rig.add = (candidate, mline) => rig.pc.addIceCandidate({ candidate, sdpMLineIndex: mline });
  rig.state = () => ({ connection: rig.pc?.connectionState, size: rig.size, frames: rig.frames ?? 0, first: rig.marks.first, now: Date.now() });
  rig.received = async () => {
    const sum = { packets: 0, bytes: 0, decoded: 0, dropped: 0, lost: 0, messages: 0, dtls: undefined };
    for (const entry of (await rig.pc.getStats()).values()) {
      if (entry.type === 'inbound-rtp') { sum.packets += entry.packetsReceived; sum.bytes += entry.bytesReceived; sum.decoded += entry.framesDecoded ?? 0; sum.dropped += entry.framesDropped ?? 0; sum.lost += entry.packetsLost; }
      if (entry.type === 'data-channel') sum.messages += entry.messagesReceived;
      if (entry.type === 'transport') sum.dtls = entry.dtlsState;
    }
    return sum;
  };
  // The pixels of what is shown, RGBA as base64.
  rig.pixels = async (video = rig.video) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const blob = new Blob([data]);
    const url = await new Promise((resolve) => { const reader = new FileReader(); reader.onload = () => resolve(reader.result); reader.readAsDataURL(blob); });
    return { width: canvas.width, height: canvas.height, rgba: url.slice(url.indexOf(',') + 1) };
  };
  // The bar code in the first rows (painter.c): its time, or null where it can't be read.
  const strip = document.createElement('canvas');
  rig.code = (video = rig.video) => {
    const width = video.videoWidth, cell = Math.floor(width / 48);
    [strip.width, strip.height] = [48, 1];
    const context = strip.getContext('2d', { willReadFrequently: true });
    // One pixel from the middle of each cell.
    context.imageSmoothingEnabled = false;
    for (let i = 0; i < 48; i++) context.drawImage(video, i * cell + (cell >> 1), 16, 1, 1, i, 0, 1, 1);
    const { data } = context.getImageData(0, 0, 48, 1);
    let bytes = [];
    for (let i = 0; i < 48; i += 8) bytes.push([0, 1, 2, 3, 4, 5, 6, 7].reduce((value, k) => value * 2 + (data[(i + k) * 4] > 127 ? 1 : 0), 0));
    const check = bytes.pop();
    bytes = bytes.reverse(); // the checksum goes from the lowest byte on
    const sum = bytes.reduce((total, byte) => (total * 31 + byte) >>> 0, 0) & 255;
    return sum === check ? bytes.reduceRight((value, byte) => value * 256 + byte, 0) : null;
  };
  // Collects {latency ms, code} of each frame shown.
  rig.watch = (on) => {
    rig.codes = [];
    rig.onFrame = on ? () => {
      const now = performance.timeOrigin + performance.now(), code = rig.code();
      rig.codes.push(code === null ? null : { code, latency: (((now * 10 - code) % 2 ** 40) + 2 ** 40) % 2 ** 40 / 10 });
    } : undefined;
  };
  rig.close = () => { clearInterval(rig.pinger); rig.pc?.close(); };
}

export class Receiver {
  // In a page of its own at `url`.
  static async open(browser, url) {
    const receiver = new Receiver();
    receiver.page = await browser.page(url);
    await receiver.page.evaluate(install);
    return receiver;
  }

  #call(name, ...args) {
    return this.page.evaluate(([method, values]) => window.rig[method](...values), [name, args]);
  }

  certificate() { return this.#call('certificate'); }
  state() { return this.#call('state'); }
  received() { return this.#call('received'); }
  close() { clearInterval(this.pump); return this.#call('close'); }
  watch(on) { return this.#call('watch', on); }
  codes() { return this.page.evaluate(() => window.rig.codes); }
  answer(offer, which = -1, servers = []) { return this.#call('answer', offer, which, servers); }
  add(candidate, mline) { return this.#call('add', candidate, mline); }

  async pixels() {
    const { width, height, rgba } = await this.#call('pixels');
    return fromRgba(width, height, Buffer.from(rgba, 'base64'));
  }

  // Asks by `agent`, lets `allow` say yes, answers, and pumps candidates both ways until pictures are shown.
  // Options: certificate (index of the one used in DTLS; the last is the one of the request), sdp (changes the answer), seconds.
  async watchDevice(agent, allow, { certificate = -1, sdp = (text) => text, seconds = 600, fingerprint } = {}) {
    const request = await agent.request({ fingerprint: fingerprint ?? await this.certificate(), seconds });
    await allow();
    await agent.grant();
    return this.connect(agent, { certificate, sdp, request });
  }

  // Answers the next offer, and those after it, as the console does: a page that was silent for long, since the machine is busy, is
  // offered another path.
  async connect(agent, { certificate = -1, sdp = (text) => text } = {}) {
    clearInterval(this.pump);
    const { session } = agent, answer = async (offer) => agent.sequenced('sdp', { type: 'answer', sdp: sdp(await this.answer(offer.sdp, certificate, agent.iceServers)) }, session);
    const offer = await agent.offer();
    let { path } = offer; // of the newest; an offer may be said again, when the device was away from the broker
    await answer(offer);
    let busy = false;
    this.pump = setInterval(async () => {
      if (busy || agent.session !== session) return;
      busy = true;
      try {
        const newer = agent.messages.findIndex(({ typ, session: of, path: number }) => typ === 'sdp' && of === session && number > path);
        if (newer >= 0) {
          const [next] = agent.messages.splice(newer, 1);
          ({ path } = next);
          await answer(next);
        }
        for (const candidate of await this.#call('take')) await agent.sequenced('ice', candidate, session);
        // Those of a newer path wait until its offer is answered: the offer may have come just now.
        for (let i; (i = agent.messages.findIndex(({ typ, session: of, path: number }) => typ === 'ice' && of === session && number <= path)) >= 0;) {
          const [{ candidate, mline, path: number }] = agent.messages.splice(i, 1);
          if (candidate && number === path) await this.add(candidate, mline);
        }
      } catch { /* the page or the agent is gone: the test says so */ }
      busy = false;
    }, 10);
  }

  // Until the page's data channel is open.
  channel() {
    let last;
    return until(() => `the data channel in the page: ${JSON.stringify(last)}`, async () => {
      last = await this.page.evaluate(() => ({ channel: window.rig.channel?.readyState, sctp: window.rig.pc.sctp?.state, dtls: window.rig.pc.sctp?.transport.state, connection: window.rig.pc.connectionState }));
      return last.channel === 'open';
    });
  }

  // Whether it keeps silent on the data channel, as if there were none.
  mute(on) { return this.page.evaluate((mute) => { window.rig.mute = mute; }, on); }

  // Until a picture is shown (of this size).
  picture({ width, height, ms = 30000 } = {}) {
    let last;
    return until(() => `a picture${width ? ` of ${width}x${height}` : ''} in the page; it is ${JSON.stringify(last)}`, async () => {
      last = await this.state();
      return last.frames > 0 && (!width || (last.size?.[0] === width && last.size?.[1] === height)) && last;
    }, { ms });
  }

  async stop() {
    clearInterval(this.pump);
    return {};
  }
}
