// Firefox as people have it: the console, a session, the picture. In a network of its own, because Firefox uses no
// candidates on loopback and the tests bind to nothing else on the machine's own.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Console } from '../rig/console.mjs';
import { Firefox } from '../rig/firefox.mjs';
import { psnr, readPpm } from '../rig/image.mjs';
import { ADDRESS, ownNetwork } from '../rig/network.mjs';
import { until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const skip = await ownNetwork();

async function live({ page, provider }) {
  await page.choose('filler-1');
  await page.request();
  await provider.allow();
  const { state, reason, detail } = await page.state(['live', 'denied', 'ended', 'unreachable']);
  assert.equal(state, 'live', `${reason} ${detail}`);
  await provider.next('session live');
}

async function hangUp({ page, provider, device }) {
  await page.find('hangup').click();
  const ended = await page.state('ended');
  assert.deepEqual([ended.by, ended.reason], ['agent', 'hung-up']);
  await provider.next('session ended');
  await until('the helpers to be gone', () => device.picture().length === 0);
}

async function compare(rig, { page, painter }, name, command) {
  const file = join(rig.directory, `${name}.ppm`);
  await painter.command(`${command} ${file}`);
  const truth = readPpm(file);
  let quality;
  await until(() => `${name}: it has ${quality.toFixed(1)} dB`, async () => (quality = psnr(truth, await page.pixels({ exact: true }))) > 30, { every: 200 });
  return quality;
}

// Its own addresses under random names only: as it is set up for everybody.
async function hidesAddresses(page) {
  const candidates = await page.page.evaluate(async () => {
    const pc = new RTCPeerConnection(), found = [];
    pc.createDataChannel('');
    const all = new Promise((resolve) => { pc.onicecandidate = ({ candidate }) => (candidate ? found.push(candidate.candidate) : resolve()); });
    await pc.setLocalDescription(await pc.createOffer());
    await all;
    pc.close();
    return found.filter(Boolean);
  });
  assert.ok(candidates.length > 0);
  for (const candidate of candidates) assert.match(candidate, /^candidate:\S+ 1 \w+ \d+ [0-9a-f-]{36}\.local /);
}

story('from request to picture to hanging up in Firefox', { skip }, async ({ rig }) => {
  const broker = await rig.broker({ console: true });
  const screen = await rig.screen();
  const painter = await rig.painter(screen);
  const device = await rig.device({ broker, screen, config: { media: { addresses: ADDRESS } } });
  const provider = await rig.provider(device);
  await device.online();
  const browser = rig.own(await Firefox.start(rig.folder('browser')));
  const page = await Console.open(browser, broker.page);
  const cast = { page, painter, device, provider };
  await hidesAddresses(page);

  await live(cast);
  const marks = await page.marks();
  const still = await compare(rig, cast, 'a picture', 'picture 1');
  await painter.command('moves 2');
  // How many frames a loaded machine shows is no matter of this test, nor are packets that it was too late to take. The exact layer
  // shows the motion; the video is a beat each 1.4 s, so that a second without any has a bitrate of 0.
  let figures = {};
  await until(() => `figures of motion: ${JSON.stringify(figures)}`, async () => (figures = await page.figures()).fps > 0 && figures.bitrateKbps > 0 && figures.lossPercent < 50 && figures.rttMs < 1000, { ms: 20000 });
  assert.deepEqual([figures.width, figures.height], [1280, 720]);
  // How late the picture is can only be told when Firefox tells which frame it shows; not every version does.
  const tells = await page.page.evaluate(() => new Promise((resolve) => {
    document.querySelector('[data-testid="picture"]').requestVideoFrameCallback((_, { rtpTimestamp }) => resolve(rtpTimestamp !== undefined));
  }));
  assert.equal(figures.latencyMs !== undefined, tells, JSON.stringify(figures));
  if (tells) await until(() => `a latency: ${JSON.stringify(figures)}`, async () => (figures = await page.figures()).latencyMs > 0 && figures.latencyMs < 1000, { every: 200 });
  const moved = await compare(rig, cast, 'after motion', 'rest');
  console.log(`Firefox: consent to first picture ${Math.round(marks.firstFrame - marks.allowed)} ms, ${still.toFixed(1)} dB, after motion ${moved.toFixed(1)} dB, ${JSON.stringify(figures)}`);
  await hangUp(cast);

  // Older ones don't tell a certificate's fingerprint: then the console finds it in an SDP. That it is the right one
  // shows when the device accepts the connection.
  await browser.context.addInitScript(() => { delete RTCCertificate.prototype.getFingerprints; });
  const older = { ...cast, page: await Console.open(browser, broker.page) };
  assert.equal(await older.page.page.evaluate(() => 'getFingerprints' in RTCCertificate.prototype), false);
  await live(older);
  await compare(rig, older, 'by the fingerprint of an SDP', 'picture 3');
  await hangUp(older);
  assert.deepEqual(browser.log.filter((line) => line.startsWith('page error') || line.startsWith('error')), []);
});
