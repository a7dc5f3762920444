// The picture that arrives is the picture on the screen: pixels are compared, not only a connection made.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { psnr, readPpm } from '../rig/image.mjs';
import { clock, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const NEEDED = 30; // dB

// A known picture on an Xvfb, drawn by rig-painter, and a session that shows it in Chromium.
async function watched(rig, { screen: size, device, ...options } = {}) {
  const screen = await rig.screen(size);
  const painter = await rig.painter(screen);
  const cast = await rig.cast({ device: { screen, ...device }, ...options });
  const receiver = await rig.receiver();
  return { screen, painter, ...cast, receiver };
}

async function compare(rig, { painter, receiver }, name, command) {
  const file = join(rig.directory, `${name}.ppm`);
  await painter.command(`${command} ${file}`);
  const truth = readPpm(file), from = clock();
  let quality;
  await until(() => `${name}: it has ${quality.toFixed(1)} dB; ${NEEDED} are needed`, async () => (quality = psnr(truth, await receiver.pixels())) > NEEDED, { every: 200 });
  console.log(`${name}: ${quality.toFixed(1)} dB after ${Math.round(clock() - from)} ms`);
}

story('a known picture arrives with more than 30 dB', async ({ rig }) => {
  const cast = await watched(rig);
  await cast.painter.command(`picture 1 ${join(rig.directory, 'first.ppm')}`);
  await cast.receiver.watchDevice(cast.agent, () => cast.provider.allow());
  const { size } = await cast.receiver.picture({ width: 1280, height: 720 });
  assert.deepEqual(size, [1280, 720]);
  await cast.provider.next('session live');
  await compare(rig, cast, 'the first picture', 'picture 1');
  await compare(rig, cast, 'a new picture', 'picture 2');
  await cast.painter.command('moves 3');
  await sleep(2000);
  await compare(rig, cast, 'after motion', 'rest');
});

story('the screen is resized in mid-session', async ({ rig }) => {
  const cast = await watched(rig);
  await cast.receiver.watchDevice(cast.agent, () => cast.provider.allow());
  await cast.receiver.picture({ width: 1280, height: 720 });
  for (const [width, height] of [[1024, 600], [1921, 1081], [640, 480], [1280, 720]]) {
    await cast.screen.resize(width, height);
    await cast.painter.sized(width, height);
    // An odd size is sent without its last row or column, or with one more: VP8 has any size, browsers show it.
    await cast.receiver.picture({ width, height });
    await compare(rig, cast, `${width}x${height}`, 'picture 4');
  }
  assert.equal((await cast.receiver.state()).connection, 'connected');
  assert.equal(cast.device.captures(), 1);
});

story('every frame of a clock arrives in order, with little delay', async ({ rig }) => {
  const cast = await watched(rig);
  await cast.receiver.watchDevice(cast.agent, () => cast.provider.allow());
  await cast.receiver.picture();
  await cast.painter.command('clock small');
  await sleep(1000);
  await cast.receiver.watch(true);
  await sleep(3000);
  const frames = await cast.receiver.codes();
  await cast.receiver.watch(false);
  const read = frames.filter(Boolean);
  // How many there are is the machine's business (./run bench); that they can be read and are in order is ours.
  assert.ok(read.length >= 10, `only ${read.length} of ${frames.length} frames had a readable clock`);
  assert.ok(read.length >= frames.length * 0.95, `${frames.length - read.length} of ${frames.length} frames had no readable clock`);
  for (let i = 1; i < read.length; i++) assert.ok(read[i].code >= read[i - 1].code, 'a frame went back in time');
  const latency = read.map((frame) => frame.latency).sort((a, b) => a - b);
  const middle = latency[latency.length >> 1];
  console.log(`screen to page: p50 ${middle.toFixed(1)} ms, ${(read.length / 3).toFixed(0)} frames/s`);
  // Not a benchmark (./run bench): a second of delay would be a queue somewhere.
  assert.ok(middle > 0 && middle < 500, `p50 ${middle.toFixed(1)} ms`);
});

story('the picture stays right while the agent loses packets of time', async ({ rig }) => {
  // The page is frozen for a while, as a laptop does; afterwards the picture is whole again without a new session.
  const cast = await watched(rig);
  await cast.receiver.watchDevice(cast.agent, () => cast.provider.allow());
  await cast.receiver.picture();
  await cast.painter.command('moves 5');
  await sleep(500);
  await cast.receiver.page.evaluate(() => { const end = Date.now() + 1500; while (Date.now() < end); });
  await compare(rig, cast, 'after a frozen page', 'rest');
});
