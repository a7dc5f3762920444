// The device's camera as the agent sees it: granted in mid-session, switched, pulled out and back, taken away. What is
// behind it are files (MJPEG and YUYV as a camera gives them) and the test picture, through the code that a V4L2 camera
// goes through, and a camera of a real PipeWire server; tests/unit/test_v4l2.c has the driver's side.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alive, clock, until } from '../rig/process.mjs';
import { NODE, PipeWire } from '../rig/pipewire.mjs';
import { story } from '../rig/story.mjs';

// Four fields, each of one colour: top left, top right, bottom left, bottom right.
const COLOURS = [[200, 40, 40], [40, 160, 40], [40, 60, 200], [220, 220, 220]];

function mjpeg(directory, name) {
  const field = ([r, g, b]) => `xc:rgb(${r},${g},${b})`;
  const jpeg = join(directory, 'one.jpg');
  execFileSync('convert', ['(', ...COLOURS.slice(0, 2).map(field), '+append', ')', '(', ...COLOURS.slice(2).map(field), '+append', ')', '-append', '-filter', 'point', '-resize', '640x360!', '-sampling-factor', '4:2:2', '-quality', '92', jpeg]);
  const one = readFileSync(jpeg);
  writeFileSync(join(directory, name), Buffer.concat([one, one, one.subarray(0, one.length >> 1), one])); // one is damaged
  return join(directory, name);
}

// The same as YUYV, BT.601, of `width` and `height`.
function yuyv(directory, name, width = 640, height = 360) {
  const pixels = Buffer.alloc(width * height * 2);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x += 2) {
      const [r, g, b] = COLOURS[(y >= height / 2 ? 2 : 0) + (x >= width / 2 ? 1 : 0)];
      const luma = 16 + 0.257 * r + 0.504 * g + 0.098 * b, at = 2 * (y * width + x);
      pixels.set([luma, 128 - 0.148 * r - 0.291 * g + 0.439 * b, luma, 128 + 0.439 * r - 0.368 * g - 0.071 * b].map(Math.round), at);
    }
  writeFileSync(join(directory, name), pixels);
  return join(directory, name);
}

// The camera's picture in the page, at these places (0 to 1): [[r, g, b], …]; null before there is one.
const look = (page, places) => page.evaluate((at) => {
  const video = document.querySelector('[data-testid="camera-picture"]');
  if (!video?.videoWidth || video.hidden) return null;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0);
  return at.map(([x, y]) => [...context.getImageData(Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data.subarray(0, 3)]);
}, places);

const within = ([r, g, b]) => (seen) => seen && seen.every((rgb) => rgb.every((value, c) => Math.abs(value - [r, g, b][c]) < 26));
const MIDDLES = [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]];
const fits = (seen) => seen && seen.every((rgb, i) => rgb.every((value, c) => Math.abs(value - COLOURS[i][c]) < 26));

async function shows(page, what) {
  let seen;
  await until(() => `the four colours of ${what}; seen were ${JSON.stringify(seen)}`, async () => fits(seen = await look(page, MIDDLES)));
}

// The number that the test picture's bar code shows (src/capture/test.c), or null.
async function number(page, width = 640, height = 360) {
  const cell = Math.floor(width / 32) & ~1;
  const row = (y) => Array.from({ length: 32 }, (_, i) => [((i + 0.5) * cell) / width, (height - y) / height]);
  const seen = await look(page, [...row(48), ...row(16)]);
  if (!seen) return null;
  const bits = seen.map(([r, g, b]) => (r + g + b > 384 ? 1 : 0));
  return bits.slice(0, 32).every((bit, i) => bit !== bits[32 + i]) ? bits.slice(0, 32).reduce((sum, bit) => sum * 2 + bit, 0) : null;
}

story('the camera: no process without the grant; MJPEG, YUYV, a bar code; pulled out and back; gone with the scope', async ({ rig }) => {
  const files = [mjpeg(rig.directory, 'nozzle.mjpeg'), yuyv(rig.directory, 'belt.yuyv')];
  const pipewire = await PipeWire.start(rig, COLOURS[1]);
  const scopes = ['view', 'camera'];
  const broker = await rig.broker({ console: { scopes: 'view,camera' } });
  const device = await rig.device({ broker, watch: true, trust: { 'fill-cap': { label: 'Fill & Cap GmbH', scopes, seconds: 3600 } },
    config: { session: { scopes: scopes.join(';') }, camera: { devices: [...files, 'test', `pipewire:${pipewire.socket}:${NODE}`].join(';'), size: '640x360' } } });
  const provider = await rig.provider(device);
  await device.online();
  const console = await rig.console(broker);
  const { page } = console;
  const state = (name) => page.waitForSelector(`[data-testid="camera"][data-state="${name}"]`);
  const process = () => device.helper('oriel-camera');
  await console.choose(device.id);
  await page.click('[data-testid="scope"][data-scope="camera"]');
  await console.request('Show me the nozzle');
  provider.decide(await provider.asked(), true, ['view']);
  await console.state('live');
  // ---- not granted: nothing of it is there, and a page that asks all the same gets nothing
  await page.evaluate(() => document.querySelector('oriel-viewer').peer.cameras.choose(1));
  await console.find('ask-more').click();
  await page.click('.ask-more [data-scope="camera"]');
  await console.find('more-reason').fill('Show me the nozzle');
  await console.find('request-more').click();
  const question = await provider.asked();
  assert.equal(await page.locator('[data-testid="camera"], [data-testid="camera-on"]').count(), 0);
  assert.ok(!device.started().includes('oriel-camera'), 'a camera without the grant');
  // ---- granted: the first one goes on
  provider.decide(question, true);
  await state('on');
  await shows(page, 'the MJPEG camera');
  // ---- one beyond the list is none
  await page.evaluate(() => document.querySelector('oriel-viewer').peer.cameras.choose(9));
  const pid = process().pid;
  assert.ok(existsSync(`/proc/${pid}/root${files[0]}`), 'its camera in its sandbox');
  assert.ok(!existsSync(`/proc/${pid}/root${files[1]}`) && !existsSync(`/proc/${pid}/root${pipewire.socket}`) && !existsSync(`/proc/${pid}/root${device.file}`), 'anything else in its sandbox');
  await console.shot(join(rig.directory, 'console-camera.png'));
  // ---- another one, by the list; and the one that tells numbers
  await console.find('camera-choice').selectOption('2');
  await page.waitForSelector('[data-testid="camera"][data-state="on"][data-use="2"]');
  await shows(page, 'the YUYV camera');
  await until('the first camera\'s process to be gone', () => !alive(pid));
  await console.find('camera-choice').selectOption('3');
  const first = await until('the bar code', () => number(page));
  await until('a later number', async () => (await number(page)) > first + 10);
  await console.find('camera-large').click();
  // What is saved is what is seen, and nobody draws on the screen that is behind it.
  const [saved] = await Promise.all([page.waitForEvent('download'), console.find('save-picture').click()]);
  assert.equal(readFileSync(await saved.path()).readUInt32BE(16), 640, 'the camera\'s width');
  assert.ok(!(await console.find('draw').isVisible()));
  await console.shot(join(rig.directory, 'console-camera-large.png'));
  // ---- a camera of PipeWire, whose server only this process sees; its cable is pulled
  await console.find('camera-choice').selectOption('4');
  await pipewire.link();
  await page.waitForSelector('[data-testid="camera"][data-state="on"][data-use="4"]');
  let seen;
  await until(() => `the colour of PipeWire's camera; seen was ${JSON.stringify(seen)}`, async () => within(COLOURS[1])(seen = await look(page, MIDDLES)));
  assert.ok(existsSync(`/proc/${process().pid}/root${pipewire.socket}`) && !existsSync(`/proc/${process().pid}/root${files[0]}`), 'PipeWire alone in its sandbox');
  pipewire.camera.signal('SIGKILL');
  await state('gone');
  await until('its process to go', () => !process());
  // ---- pulled out, and back
  await console.find('camera-choice').selectOption('2');
  await page.waitForSelector('[data-testid="camera"][data-state="on"][data-use="2"]');
  renameSync(files[1], `${files[1]}.away`);
  await state('gone');
  await until('its process to go', () => !process());
  renameSync(`${files[1]}.away`, files[1]);
  await state('on');
  await shows(page, 'the camera that is back');
  // ---- off by the agent: the process is gone, the scope is not
  await console.find('camera-off').click();
  await console.find('camera-on').click();
  await state('on');
  // ---- the picture stands still: no picture of the camera either
  provider.indicator = false;
  await page.waitForSelector('[data-testid="paused"]');
  provider.indicator = true;
  provider.send({ t: 'state', indicator: true });
  await page.waitForSelector('[data-testid="paused"]', { state: 'detached' });
  await shows(page, 'the camera after a pause');
  // ---- taken away: dead at once, and the screen goes on
  const last = process().pid, from = clock();
  provider.send({ t: 'remove', session: provider.session, scope: 'camera' });
  await until('the camera\'s process to die', () => !alive(last), { every: 0 });
  globalThis.console.log(`scope removed to camera dead: ${(clock() - from).toFixed(1)} ms`);
  await page.waitForSelector('[data-testid="camera"]', { state: 'detached' });
  await page.evaluate(() => document.querySelector('oriel-viewer').peer.cameras.choose(1));
  await console.state('live');
  const starts = device.started().filter((name) => name === 'oriel-camera').length;
  provider.stopSession();
  await console.state('ended');
  assert.equal(device.started().filter((name) => name === 'oriel-camera').length, starts, 'a camera after the scope was gone');
  const log = await until('the end in the log', () => device.audit().some(({ event }) => event === 'end') && device.audit());
  const camera = log.filter(({ event }) => event === 'camera');
  assert.equal(device.started().filter((name) => name === 'oriel-camera').length, 7, 'a process for each that is on record, and no other');
  assert.deepEqual(camera.map(({ on, name }) => (on ? name : 'off')),
    ['nozzle.mjpeg', 'off', 'belt.yuyv', 'off', 'Test picture', 'off', NODE, 'off', 'belt.yuyv', 'off', 'belt.yuyv', 'off', 'nozzle.mjpeg', 'off']);
});
