// The agent's camera on the panel: Chromium's own test camera (a green picture), decoded in media, in the demo panel's
// corner, in oriel-consent's bar and in the GTK example, through liboriel. Shown only when granted and when the agent wants
// it; gone with the scope, at once. What a page sends without the scope comes to no decoder.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Accessible } from '../rig/accessible.mjs';
import { readPpm } from '../rig/image.mjs';
import { Panel } from '../rig/panel.mjs';
import { program } from '../rig/paths.mjs';
import { Process, clock, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

// How green the middle of this place of the screen is: the share of pixels.
async function green(rig, screen, place) {
  const { width, rgb } = readPpm(await screen.shot(join(rig.directory, 'screen.ppm')));
  let count = 0, all = 0;
  for (let y = place.y + (place.height >> 2); y < place.y + (place.height >> 1); y++)
    for (let x = place.x + (place.width >> 2); x < place.x + 3 * (place.width >> 2); x++, all++) {
      const i = 3 * (y * width + x);
      if (rgb[i + 1] > rgb[i] + 60 && rgb[i + 1] > rgb[i + 2] + 60) count++;
    }
  return count / all;
}

// A page of an attacker's: video and sound on every m-line that it can send on, whatever was granted. How many packets went.
async function sendAll(page) {
  const sent = () => page.evaluate(async () => [...(await window.pc.getStats()).values()].filter(({ type }) => type === 'outbound-rtp').map(({ packetsSent }) => packetsSent));
  await page.evaluate(async () => {
    const canvas = document.createElement('canvas'), context = canvas.getContext('2d');
    setInterval(() => { context.fillStyle = `rgb(0,${150 + Math.floor(Math.random() * 100)},0)`; context.fillRect(0, 0, 300, 150); }, 30);
    const audio = new AudioContext(), tone = audio.createOscillator(), speaker = audio.createMediaStreamDestination();
    tone.connect(speaker);
    tone.start();
    const tracks = { face: canvas.captureStream(30).getVideoTracks()[0], voice: speaker.stream.getAudioTracks()[0] };
    for (const { mid, sender } of window.pc.getTransceivers()) if (tracks[mid]) await sender.replaceTrack(tracks[mid]);
  });
  const before = await sent();
  let now;
  await until(() => `30 packets of both more than ${before}; sent were ${now}`, async () => (now = await sent()).length === 2 && now.every((count, i) => count > before[i] + 30), { ms: 15000 });
}

// What media has begun for RTP that comes in: its jitter buffers, by their threads.
const taken = (device) => {
  const { pid } = device.helper('oriel-media');
  const name = (task) => { try { return readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8'); } catch { return ''; } }; // it has ended
  return readdirSync(`/proc/${pid}/task`).filter((task) => /jitter/.test(name(task))).length;
};

story('the agent\'s face: only when granted and wanted; on the panel in a moment; gone with the scope; in three programs', async ({ rig }) => {
  const scopes = ['view', 'face'];
  const broker = await rig.broker({ console: { scopes: 'view,face' } });
  const screen = await rig.screen();
  const device = await rig.device({ broker, screen, watch: true, trust: { 'fill-cap': { label: 'Fill & Cap GmbH', scopes, seconds: 3600 } }, config: { session: { scopes: scopes.join(';') } } });
  const panel = await rig.panel(device, screen);
  await device.online();
  const console = await rig.console(broker, { args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required'] });
  const { page } = console;
  await page.evaluate(() => { window.RTCPeerConnection = class extends RTCPeerConnection { constructor(...how) { super(...how); window.pc = this; } }; });
  const tracks = () => page.evaluate(() => document.querySelector('oriel-face').face.stream?.getTracks().map(({ readyState }) => readyState) ?? []);
  const shows = async (place) => { let share; await until(() => `a green picture; ${share} of it was`, async () => (share = await green(rig, screen, place)) > 0.6); };
  await console.choose(device.id);
  await console.request();
  await panel.event('allow-live');
  await panel.click(screen, 'allow');
  await console.state('live');
  // Not granted: what is sent all the same is dropped before anything is made for it.
  await sendAll(page);
  assert.equal(taken(device), 0);
  assert.ok(!panel.places.has('face'));
  await page.evaluate(() => window.pc.getTransceivers().forEach(({ sender }) => sender.replaceTrack(null)));
  await console.find('ask-more').click();
  await page.click('.ask-more [data-scope="face"]');
  await console.find('more-reason').fill('So that you know me');
  await console.find('request-more').click();
  await panel.event('allow-live');
  await panel.click(screen, 'allow');
  // Granted, but the agent has not begun: no camera runs, nothing is on the panel.
  await page.waitForSelector('[data-testid="face-on"]:enabled');
  assert.deepEqual(await tracks(), []);
  assert.ok(!panel.places.has('face'));
  const from = clock();
  await console.find('face-on').click();
  await panel.event('face');
  globalThis.console.log(`click to face on the panel: ${Math.round(clock() - from)} ms`);
  await shows(await panel.place('face'));
  assert.equal(taken(device), 1);
  assert.match(await console.find('face').innerText(), /The person at the machine sees you/);
  await console.shot(join(rig.directory, 'console-face.png'));
  await screen.shot(join(rig.directory, 'panel-face.png'));
  // The agent stops, and begins again.
  await console.find('face-off').click();
  await panel.event('face gone');
  await console.find('face-on').click();
  await panel.event('face');
  // The person takes it away: gone at once, and the browser's camera is let go of. A page that goes on gets nowhere.
  const took = await panel.click(screen, 'remove-face');
  await panel.event('face gone');
  globalThis.console.log(`click on the scope to the face gone: ${Math.round(clock() - took)} ms`);
  await page.waitForSelector('[data-testid="face"], [data-testid="face-on"]', { state: 'detached' });
  assert.deepEqual(await tracks(), []);
  await sendAll(page);
  assert.ok(!panel.places.has('face'), 'a face after the scope was gone');
  await console.state('live');
  await panel.click(screen, 'stop');
  await console.state('ended');
  await panel.stop();
  // The same in an HMI that can't be changed, with the consent app above it, and in the example for those who write their own.
  const again = async () => {
    await console.find('again').click();
    await page.check('[data-testid="scope"][data-scope="face"]');
    await console.request();
  };
  const consent = rig.own(await Panel.start({ app: 'oriel-consent', socket: device.consent, env: screen.env, log: rig.path('consent.log') }));
  await again();
  await consent.event('allow-live');
  await consent.click(screen, 'allow');
  await page.waitForSelector('[data-testid="face-on"]:enabled');
  await console.find('face-on').click();
  await consent.event('face');
  await shows(await consent.place('face'));
  await screen.shot(join(rig.directory, 'consent-face.png'));
  await console.find('face-off').click();
  await consent.event('face gone');
  await consent.click(screen, 'stop');
  await console.state('ended');
  await consent.stop();
  const accessible = await Accessible.start(rig);
  rig.own(new Process('example-gtk', program('example-gtk'), [device.consent], { env: { ...screen.env, ...accessible.env }, log: rig.path('example.log') }));
  await device.process.line(/consent provider 'example-gtk' is connected/);
  await again();
  await accessible.press(screen, 'example-gtk', 'Allow');
  await page.waitForSelector('[data-testid="face-on"]:enabled');
  await console.find('face-on').click();
  await shows({ x: 560, y: 100, width: 160, height: 160 }); // in the middle, below the words and the button
  await screen.shot(join(rig.directory, 'example-face.png'));
  await accessible.press(screen, 'example-gtk', 'Stop');
  const { by, reason } = await console.state('ended');
  assert.deepEqual([by, reason], ['person', 'stopped']);
});
