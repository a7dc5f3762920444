// The console over an emulated link that becomes slower: nothing piles up in the network, the agent is told
// why it is slow, and the rate comes back with the link. And over one of 64 kbit/s from the start, then of 100.
import assert from 'node:assert/strict';
import { different, psnr, readPpm } from '../rig/image.mjs';
import { clock, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { agentNetwork, noLink } from '../rig/topology.mjs';

const skip = await agentNetwork() || noLink();

story('a link that becomes slower: no queue, a word for the agent, and back', { skip }, async ({ rig }) => {
  const topology = await rig.topology({ links: { device: { up: { rate: 4e6, delay: 20, queue: 1000 }, down: { delay: 20 } } } }), { links: { device: link } } = topology;
  const screen = await rig.screen(), painter = await rig.painter(screen);
  const { broker, provider, device } = await rig.cast({ topology, broker: { console: true }, agent: { id: 'boris' }, device: { screen, config: { media: { exact: 'no' } } } });
  const page = await rig.console(broker);
  await page.choose(device.id);
  await page.request();
  await provider.allow();
  assert.equal((await page.state(['live', 'denied', 'ended', 'unreachable'])).state, 'live');
  const way = async () => (await device.status()).session?.figures?.way ?? {};
  await painter.command('clock video');
  await until('the link to be known', async () => (await way()).state !== 'start' && (await way()).kbps > 1500, { ms: 20000 });
  await link.set({ up: { rate: 4e5 } });
  await until('the rate to follow', async () => (await way()).kbps < 600, { ms: 30000 });
  let last;
  await until(() => `the agent to be told; the way was ${JSON.stringify(last)}`, async () => (last = await way(), /slow: \d+ kbit\/s/.test(await page.find('way').textContent())), { ms: 30000 });
  const from = clock() + 2000, before = await link.counters();
  await sleep(5000);
  const { up } = await link.counters(), waited = await link.waited('up', from, clock());
  assert.ok(waited < 600, `packets waited ${waited} ms`); // of 1000 that they could
  assert.equal(up.dropped - before.up.dropped, 0);
  assert.ok(up.wireBytes - before.up.wireBytes > 4e5 / 8 * 5 * 0.4, 'the link was left empty');
  await link.set({ up: { rate: 4e6 } });
  await until('the rate to come back', async () => (await way()).kbps > 1500, { ms: 30000 });
});

story('a link that is slow from the start: a readable picture, no queue that overflows, and what rests becomes exact', { skip }, async ({ rig }) => {
  const topology = await rig.topology({ links: { device: { up: { rate: 6.4e4, delay: 100, queue: 3000 }, down: { delay: 100 } } } }), { links: { device: link } } = topology;
  const screen = await rig.screen(), painter = await rig.painter(screen), file = rig.path('truth.ppm');
  await painter.command(`picture 1 ${file}`);
  const { broker, provider, device } = await rig.cast({ topology, broker: { console: true }, agent: { id: 'boris' }, device: { screen } });
  const page = await rig.console(broker);
  await page.choose(device.id);
  await page.request();
  await provider.allow();
  const allowed = clock();
  assert.equal((await page.state(['live', 'denied', 'ended', 'unreachable'])).state, 'live');
  await link.set({ up: { rate: 1e5 } });
  let quality = 0, wrong;
  const live = clock(), truth = readPpm(file);
  await until(() => `text that can be read: ${quality.toFixed(1)} dB`, async () => (quality = psnr(truth, await page.pixels({ exact: true }))) > 22, { ms: 20000 });
  const read = clock();
  assert.equal((await link.counters()).up.dropped, 0); // a keyframe of its usual 70 kB would overflow
  await painter.command('flip 8');
  await painter.command(`rest ${file}`);
  const other = readPpm(file), rest = clock();
  await until(() => `the page to be exact: ${wrong?.length} pixels and more are not`, async () => (await page.data('exact')).exact === 'exact' && !(wrong = different(other, await page.pixels({ exact: true }))).length, { ms: 30000 });
  console.log(`at 64 kbit/s live after ${Math.round(live - allowed)} ms; at 100 readable after ${Math.round(read - allowed)}; the next page exact after ${Math.round(clock() - rest)}`);
});
