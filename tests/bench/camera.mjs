// `./run bench camera`: the device's camera, 720p at 30 a second, beside a call of Chrome's (getUserMedia into an
// RTCPeerConnection with its defaults), in one run and of the same pictures: an MJPEG file that stands for the camera of both.
// It is no test.
//
// Latency is from the moment in which the sender has the picture (Oriel: oriel-camera has taken it from the driver; Chrome: a
// MediaStreamTrackProcessor is given it) to the callback by which the receiving page may read it. A picture is known by the bar
// code along its upper edge in Chrome's case, by its RTP timestamp in Oriel's. Processor time is that of all of the sender's
// processes: oriel-camera, oriel-media, orield and the rest; the whole sending Chromium.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from '../rig/browser.mjs';
import { sleep } from '../rig/process.mjs';
import { Rig } from '../rig/story.mjs';
import { Meter } from './measure.mjs';
import { quantile } from './stats.mjs';

const SECONDS = Number(process.env.ORIEL_BENCH_SECONDS ?? 15);
const [WIDTH, HEIGHT, COUNT, BITS] = [1280, 720, 60, 8];
const CELL = WIDTH / (2 * BITS);
const PAGE = 'http://localhost/';

// Something a camera sees: a wall that moves a little, with noise. Above it the number of the picture and its opposite, bit by bit.
function clip(directory) {
  execFileSync('convert', ['-size', '1500x900', '-seed', '7', 'plasma:', '-attenuate', '0.15', '+noise', 'Gaussian', join(directory, 'wall.png')]);
  const draw = [];
  for (let i = 0; i < COUNT; i++) {
    const cells = [...Array(BITS).keys()].flatMap((bit) => { const one = (i >> (BITS - 1 - bit)) & 1; return [one, 1 - one]; });
    draw.push('(', '-clone', '0', '-crop', `${WIDTH}x${HEIGHT}+${(i * 3) % 200}+${(i * 2) % 160}`, '+repage', '-fill', 'black', '-draw', `rectangle 0,0 ${WIDTH},47`, '-fill', 'white',
      ...cells.flatMap((on, k) => (on ? ['-draw', `rectangle ${k * CELL},0 ${(k + 1) * CELL - 1},47`] : [])), ')');
  }
  execFileSync('convert', [join(directory, 'wall.png'), ...draw, '-delete', '0', '-sampling-factor', '4:2:2', '-quality', '80', join(directory, 'frame-%03d.jpg')]);
  const frames = readdirSync(directory).filter((name) => name.startsWith('frame-')).sort().map((name) => readFileSync(join(directory, name)));
  const file = join(directory, 'clip.mjpeg');
  writeFileSync(file, Buffer.concat(frames));
  return file;
}

// In a page: reads the number of a picture; null where it can't be.
function install([width, cell, bits]) {
  const canvas = new OffscreenCanvas(2 * bits, 1), context = canvas.getContext('2d', { willReadFrequently: true });
  window.number = (picture) => {
    const scale = (picture.videoWidth ?? picture.displayWidth) / width; // Chrome may send a smaller one
    for (let k = 0; k < 2 * bits; k++) context.drawImage(picture, (k * cell + cell / 2) * scale, 24 * scale, 1, 1, k, 0, 1, 1);
    const { data } = context.getImageData(0, 0, 2 * bits, 1);
    let value = 0;
    for (let bit = 0; bit < bits; bit++) {
      const [one, other] = [data[8 * bit] > 127, data[8 * bit + 4] > 127];
      if (one === other) return null;
      value = value * 2 + (one ? 1 : 0);
    }
    return value;
  };
  window.wall = () => performance.timeOrigin + performance.now();
}

function report(name, { latencies, seconds, cpu, kbits, parts }) {
  const ms = (q) => quantile(latencies, q)?.toFixed(0).padStart(6) ?? '     –';
  console.log(`  ${name.padEnd(34)}${ms(0.5)}${ms(0.95)}${(latencies.length / seconds).toFixed(1).padStart(8)}${cpu.toFixed(0).padStart(7)} %${(kbits / 1000).toFixed(2).padStart(8)}   ${parts}`);
}

const bits = (page) => page.evaluate(async () => [...(await window.pc.getStats()).values()].filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'video').reduce((sum, entry) => sum + entry.bytesReceived * 8, 0));
const parts = (of) => of.processes.filter(({ cpu }) => cpu >= 1).map(({ name, cpu }) => `${name} ${cpu.toFixed(0)}`).join(', ');

async function measure(page, pids, latencies) {
  await sleep(4000); // its rates have settled
  await page.evaluate(() => { window.seen = []; });
  const before = await bits(page), meter = await new Meter({ sender: pids }).over(SECONDS);
  const kbits = (await bits(page) - before) / SECONDS / 1000, of = meter.of('sender');
  return { latencies: await latencies(), seconds: SECONDS, cpu: of.cpu, kbits, parts: parts(of), busy: meter.machineBusy };
}

async function oriel(rig, file) {
  const scopes = ['view', 'camera'];
  const broker = await rig.broker({ console: { scopes: scopes.join() } });
  const device = await rig.device({ broker, trust: { 'fill-cap': { label: 'Fill & Cap GmbH', scopes, seconds: 3600 } },
    config: { session: { scopes: scopes.join(';') }, capture: { display: '64x64@0' }, camera: { devices: file } } });
  const provider = await rig.provider(device);
  await device.online();
  const browser = await rig.browser(), page = await browser.page();
  await page.addInitScript(() => {
    const Whole = RTCPeerConnection;
    window.RTCPeerConnection = class extends Whole {
      constructor(...args) {
        super(...args);
        window.pc = this;
        this.addEventListener('datachannel', ({ channel }) => channel.addEventListener('message', ({ data }) => {
          if (typeof data === 'string' && JSON.parse(data).t === 'time') window.zero = JSON.parse(data).at / 1000;
        }));
      }
    };
  });
  await page.goto(broker.page);
  await page.waitForSelector('[data-testid="connection"][data-phase="connected"]');
  await page.click(`[data-testid="device-card"][data-device="${device.id}"][data-status="ready"]`);
  await page.waitForSelector('[data-testid="reachable"][data-reachable="yes"]');
  await page.click('[data-testid="scope"][data-scope="camera"]');
  await page.fill('[data-testid="reason"]', 'Bench');
  await page.click('[data-testid="request"]');
  await provider.allow();
  await page.waitForSelector('[data-testid="camera"][data-shown="true"]');
  await page.evaluate(() => {
    window.seen = [];
    const video = document.querySelector('[data-testid="camera-picture"]');
    const shown = (now, { rtpTimestamp }) => {
      window.seen.push([performance.timeOrigin + now, rtpTimestamp]);
      video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  });
  // CLOCK_MONOTONIC, which the device's times are of, against the wall clock that the page's are of.
  const offset = performance.timeOrigin + performance.now() - Number(process.hrtime.bigint()) / 1e6;
  const result = await measure(page, [device.process.pid], async () => {
    const { seen, zero } = await page.evaluate(() => ({ seen: window.seen, zero: window.zero }));
    return seen.map(([at, rtp]) => at - (zero + rtp / 90 + offset));
  });
  provider.stopSession();
  return result;
}

async function chrome(rig, file) {
  const fake = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${file}`];
  const sending = rig.own(await Browser.start(rig.folder('sender'), { args: fake })), receiving = await rig.browser();
  const [sender, receiver] = [await sending.page(), await receiving.page()];
  for (const page of [sender, receiver]) {
    await page.route(`${PAGE}**`, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>call</title><video muted autoplay></video>' }));
    await page.goto(PAGE);
    await page.evaluate(install, [WIDTH, CELL, BITS]);
    await page.evaluate(() => {
      const pc = window.pc = new RTCPeerConnection();
      window.candidates = [];
      pc.onicecandidate = ({ candidate }) => { if (candidate) window.candidates.push(candidate.toJSON()); };
    });
  }
  const offer = await sender.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720, frameRate: 30 } });
    const [track] = stream.getVideoTracks();
    window.pc.addTrack(track, stream);
    window.taken = [];
    const reader = new MediaStreamTrackProcessor({ track: track.clone() }).readable.getReader();
    (async () => {
      for (;;) {
        const { value: frame, done } = await reader.read();
        if (done) return;
        const at = window.wall(), number = window.number(frame);
        frame.close();
        if (number !== null) window.taken.push([at, number]);
      }
    })();
    await window.pc.setLocalDescription(await window.pc.createOffer());
    return window.pc.localDescription.toJSON();
  });
  const answer = await receiver.evaluate(async (description) => {
    const video = document.querySelector('video');
    window.seen = [];
    window.pc.ontrack = ({ track, receiver: from }) => {
      from.jitterBufferTarget = 0;
      video.srcObject = new MediaStream([track]);
      const shown = (now) => {
        window.seen.push([performance.timeOrigin + now, window.number(video)]);
        video.requestVideoFrameCallback(shown);
      };
      video.requestVideoFrameCallback(shown);
    };
    await window.pc.setRemoteDescription(description);
    await window.pc.setLocalDescription(await window.pc.createAnswer());
    return window.pc.localDescription.toJSON();
  }, offer);
  await sender.evaluate((description) => window.pc.setRemoteDescription(description), answer);
  for (let i = 0; i < 20; i++, await sleep(50))
    for (const [from, to] of [[sender, receiver], [receiver, sender]])
      for (const candidate of await from.evaluate(() => window.candidates.splice(0))) await to.evaluate((one) => window.pc.addIceCandidate(one), candidate);
  const result = await measure(receiver, [sending.pid], async () => {
    const taken = await sender.evaluate(() => window.taken), seen = await receiver.evaluate(() => window.seen);
    // The newest picture of that number that was taken before it was shown; the numbers come again every two seconds.
    return seen.map(([at, number]) => at - (taken.filter(([when, of]) => of === number && when < at).at(-1)?.[0] ?? NaN)).filter((value) => value < 1900);
  });
  return result;
}

const rig = new Rig();
let problems = [];
try {
  const file = clip(rig.directory);
  const results = [['Oriel', await oriel(rig, file)], ['Chrome getUserMedia', await chrome(rig, file)]];
  console.log(`\nA camera, ${WIDTH}x${HEIGHT}, 30 a second, MJPEG from a file; ${SECONDS} s each    (machine busy: ${results.map(([, { busy }]) => `${busy.toFixed(0)} %`).join(', ')})`);
  console.log(`  ${''.padEnd(34)}${'p50'.padStart(6)}${'p95'.padStart(6)}${'fps'.padStart(8)}${'CPU'.padStart(9)}${'Mbit/s'.padStart(8)}   of it, % of a core`);
  for (const [name, result] of results) report(name, result);
  console.log('');
} finally {
  problems = await rig.close();
  rmSync(rig.directory, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
process.exit(problems.length ? 1 : 0);
