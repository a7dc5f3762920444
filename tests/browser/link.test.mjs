// The console over an emulated link between the device and everybody else: the picture comes exactly, only as fast as the link
// is, and goes on where it was cut for a moment.
import assert from 'node:assert/strict';
import { clock, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { agentNetwork, noLink } from '../rig/topology.mjs';

const skip = await agentNetwork() || noLink();

story('a picture over a slow link, which is cut for a moment', { skip }, async ({ rig }) => {
  const topology = await rig.topology({ links: { device: { up: { rate: 2e6, delay: 20, queue: 200 }, down: { delay: 20 } } } }), { links: { device: link } } = topology;
  const screen = await rig.screen(), painter = await rig.painter(screen);
  await painter.command(`picture 2 ${rig.path('truth.ppm')}`);
  const { broker, provider, device } = await rig.cast({ topology, broker: { console: true }, agent: { id: 'boris' }, device: { screen, config: { media: { exact: 'yes' } } } });
  const page = await rig.console(broker);
  await page.choose(device.id);
  await page.request();
  await provider.allow();
  const { state, reason, detail } = await page.state(['live', 'denied', 'ended', 'unreachable']);
  assert.equal(state, 'live', `${reason} ${detail}`);
  const exact = () => until('the picture to be exact', async () => (await page.data('exact')).exact === 'exact', { ms: 30000 });
  await exact();
  const began = clock(), before = await link.counters();
  await painter.command(`picture 4 ${rig.path('truth.ppm')}`);
  await sleep(100);
  await exact();
  const { up } = await link.counters(), bits = (up.wireBytes - before.up.wireBytes) * 8;
  assert.ok(bits > 1e5 && bits / (clock() - began) * 1000 <= 2.1e6, `${bits} bits in ${clock() - began} ms`);
  await link.cut();
  await painter.command(`picture 5 ${rig.path('truth.ppm')}`);
  await sleep(700);
  await link.restore();
  await until('what was cut off to come after all', async () => (await link.counters()).up.wireBytes > up.wireBytes + 20000, { ms: 20000 });
  await exact();
});

// Many messages of the exact layer are on such a way at once, and each that must come waits a round trip for its acknowledgement.
story('a long way that loses some: what scrolls goes on, pages come, and the connection stays', { skip }, async ({ rig }) => {
  const far = { delay: 300, loss: 0.01 };
  const topology = await rig.topology({ links: { device: { up: { rate: 4e6, queue: 300, ...far }, down: far } } });
  const screen = await rig.screen(), painter = await rig.painter(screen);
  const { broker, provider, device } = await rig.cast({ topology, broker: { console: true }, agent: { id: 'boris' }, device: { screen, config: { media: { exact: 'yes' } } } });
  const page = await rig.console(broker);
  await page.choose(device.id);
  await page.request();
  await provider.allow();
  assert.equal((await page.state(['live', 'denied', 'ended', 'unreachable'], 30000)).state, 'live');
  await painter.command('clock scroll');
  await page.page.evaluate(() => {
    const times = window.times = [];
    document.querySelector('oriel-viewer').addEventListener('presented', () => times.push(performance.now()));
  });
  // The last two seconds: how many pictures a second, and the longest without one.
  const look = () => page.page.evaluate(() => {
    const now = performance.now(), last = [now - 2000, ...window.times.filter((at) => at > now - 2000), now];
    return { rate: (last.length - 2) / 2, gap: Math.max(...last.slice(1).map((at, i) => at - last[i])) };
  });
  let seen;
  await until(() => `text that scrolls: ${JSON.stringify(seen)}`, async () => (seen = await look(), seen.rate >= 15 && seen.gap < 1500), { ms: 30000 });
  for (const seed of [1, 2]) {
    await painter.command(`flip ${seed}`);
    await sleep(700);
  }
  await until('the last page to be exact', async () => (await page.data('exact')).exact === 'exact', { ms: 30000 });
  let rttMs; // of the page's last message, which may have been lost once
  await until(() => `an answer to the page: ${rttMs} ms`, async () => ({ rttMs } = await page.figures(), rttMs >= 600 && rttMs < 3000), { every: 500 });
  assert.ok(!device.audit().some(({ event }) => event === 'lost'), 'the connection was given up');
  console.log(`${seen.rate} pictures a second, at most ${Math.round(seen.gap)} ms without one; ${rttMs} ms there and back`);
});
