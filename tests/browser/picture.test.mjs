// The picture that arrives is the picture on the screen: pixels are compared, not only a connection made.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { psnr, readPpm } from '../rig/image.mjs';
import { sleep } from '../rig/process.mjs';
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
  await sleep(1000);
  const [truth, seen] = [readPpm(file), await receiver.pixels()];
  const quality = psnr(truth, seen);
  console.log(`${name}: ${quality.toFixed(1)} dB after 1 s at rest`);
  assert.ok(quality > NEEDED, `${name}: ${quality.toFixed(1)} dB after 1 s at rest; ${NEEDED} are needed`);
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
