// A link that loses packets, repeats among them: the browser's decoder goes on over the gaps, by pictures that refer to one that it
// has for certain. It never has to ask for a keyframe, and what it shows is not smeared.
import assert from 'node:assert/strict';
import { psnr, readPpm } from '../rig/image.mjs';
import { until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { agentNetwork, noLink } from '../rig/topology.mjs';

const skip = await agentNetwork() || noLink();

story('what is lost beyond repeats is made good without a keyframe', { skip }, async ({ rig }) => {
  const topology = await rig.topology({ links: { device: { up: { rate: 3e6, delay: 40, queue: 200 }, down: { delay: 40 } } } }), { links: { device: link } } = topology;
  const screen = await rig.screen(), painter = await rig.painter(screen);
  const file = rig.path('truth.ppm');
  await painter.command(`picture 1 ${file}`);
  const { provider, agent, device } = await rig.cast({ topology, device: { screen, config: { media: { exact: 'no' } } } });
  const receiver = await rig.receiver();
  await receiver.watchDevice(agent, () => provider.allow());
  await receiver.picture({ width: 1280, height: 720 });
  const way = async () => (await device.status()).session?.figures?.way ?? {};
  const decoded = () => receiver.page.evaluate(async () => [...(await window.rig.pc.getStats()).values()].find(({ type, kind, packetsReceived }) => type === 'inbound-rtp' && kind === 'video' && packetsReceived));
  await painter.command('moves 1');
  await until('the link to be known', async () => (await way()).kbps > 1500, { ms: 20000 });
  const [before, counted] = [await decoded(), await way()];
  await link.set({ up: { loss: 0.1, burst: { share: 0.05, length: 6 } } });
  await until('recoveries, and pictures among them', async () => (await way()).recoveries >= counted.recoveries + 4 && (await decoded()).framesDecoded > before.framesDecoded + 30, { ms: 40000 });
  await link.set({ up: { loss: 0, burst: null } });
  await painter.command(`rest ${file}`);
  const truth = readPpm(file);
  let quality = 0;
  await until(() => `the picture to be whole: it has ${quality.toFixed(1)} dB`, async () => (quality = psnr(truth, await receiver.pixels())) > 34, { ms: 30000 }); // 35.9 dB without any loss: VP8 halves the colours
  const [after, { recoveries, keyframes }] = [await decoded(), await way()];
  console.log(`${recoveries - counted.recoveries} recoveries, ${after.framesDecoded - before.framesDecoded} pictures, ${after.packetsLost - before.packetsLost} packets lost, ${quality.toFixed(1)} dB`);
  assert.equal(keyframes, counted.keyframes, 'a keyframe was made');
  assert.equal(after.keyFramesDecoded, before.keyFramesDecoded);
  assert.equal(after.pliCount, before.pliCount, 'the browser had to ask for a keyframe');
  assert.ok(after.packetsLost > before.packetsLost);
});
