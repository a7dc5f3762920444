// The same grant through changes of the network, with device, cloud and agent on machines of their own: a machine comes to
// another network, a cable is cut for a while, or for too long. Nobody is asked again, and who has waited is told why.
import assert from 'node:assert/strict';
import { clock, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { agentNetwork, noLink } from '../rig/topology.mjs';

const skip = await agentNetwork() || noLink();
const events = (device, name) => device.audit().filter(({ event }) => event === name);

async function stage(rig, { links, outage = 60 } = {}) {
  const topology = await rig.topology(links ? { links } : {});
  const screen = await rig.screen(), painter = await rig.painter(screen);
  await painter.command(`picture 2 ${rig.path('truth.ppm')}`);
  const cast = await rig.cast({ topology, broker: { console: true }, agent: { id: 'boris' }, device: { screen, config: { media: { 'outage-seconds': outage } } } });
  const page = await rig.console(cast.broker);
  await page.choose(cast.device.id);
  await page.request();
  await cast.provider.allow();
  await live(page);
  return { topology, screen, painter, page, ...cast };
}

async function live(page) {
  const { state, reason, detail } = await page.state(['live', 'denied', 'ended', 'unreachable'], 30000);
  assert.equal(state, 'live', `${reason} ${detail}`);
}

const lost = (page) => page.find('lost').waitFor({ timeout: 30000 });

// Both sides say it while it lasts; the grant, the person's word, media and capture are the same after it.
async function through(name, { page, provider, device }, leave, come) {
  const pids = device.picture().map(({ pid }) => pid), paths = events(device, 'live').length;
  leave();
  await lost(page);
  assert.match(await page.find('lost').textContent(), /Connection lost, trying again … since \d+ s/);
  await provider.next((packet) => packet.t === 'session' && packet.state === 'paused' && packet.why === 'connection');
  const from = clock();
  await come();
  await live(page);
  console.log(`${name}: the picture is back ${Math.round(clock() - from)} ms after the network`);
  await provider.next('session live');
  await until('the log to say so', () => events(device, 'live').length > paths);
  assert.deepEqual([events(device, 'prompt').length, events(device, 'grant').length], [1, 1]);
  assert.ok(events(device, 'lost').length >= 1);
  for (const pid of pids) assert.ok(device.picture().some((process) => process.pid === pid), 'a helper was started anew');
}

// Nothing passes any more by the connection that is, and nobody is told; another one would work.
async function forgotten({ page, device, topology }) {
  const { local } = topology.device.sockets().find(({ process, state }) => process === 'oriel-egress' && state === 'ESTAB'), paths = events(device, 'live').length;
  topology.firewall(`udp sport ${local.split(':').at(-1)} drop`);
  const from = clock();
  await until('another path', () => events(device, 'live').length > paths);
  await live(page);
  console.log(`a NAT forgets the connection: the picture is back ${Math.round(clock() - from)} ms after it`);
  assert.equal(events(device, 'prompt').length, 1);
}

story('device and agent come to other networks, a NAT forgets: the same grant, nobody is asked', { skip }, async ({ rig }) => {
  const cast = await stage(rig), { topology } = cast;
  await through('the device changes its network', cast, () => topology.unplug('device'), () => topology.plug('device'));
  await through('the agent changes its network', cast, () => topology.unplug('agent'), () => topology.plug('agent'));
  await forgotten(cast);
  cast.provider.stopSession();
  assert.equal((await cast.page.state('ended')).by, 'person');
});

story('a cable that is cut for a moment, and for longer than the device waits', { skip }, async ({ rig }) => {
  const cast = await stage(rig, { links: { device: { up: { delay: 10 }, down: { delay: 10 } } }, outage: 5 });
  const { page, provider, device, topology: { links: { device: link } } } = cast;
  await link.cut();
  await lost(page);
  await sleep(500);
  const from = clock();
  await link.restore();
  await live(page);
  console.log(`the cable is whole again: the picture is back ${Math.round(clock() - from)} ms after it`);
  assert.equal(events(device, 'prompt').length, 1);
  await link.cut();
  const end = await provider.next((packet) => packet.t === 'session' && packet.state === 'ended', 30000);
  assert.deepEqual([end.by, end.reason], ['device', 'peer-lost']);
  const record = device.audit().findLast(({ event }) => event === 'end');
  assert.deepEqual([record.by, record.reason, record.detail], ['device', 'peer-lost', 'there was no connection for 5 s']);
  const ended = await page.state('ended', 30000); // no word of the device reaches it
  assert.equal(ended.reason, 'peer-lost');
  await link.restore();
});
