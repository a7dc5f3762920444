// A session by way of TURN, with device, cloud and agent on machines of their own (rig/topology.mjs): for each way that a
// network leaves open, a picture that is checked, and on the device's cable nothing but broker and TURN.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { psnr, readPpm } from '../rig/image.mjs';
import { root } from '../rig/paths.mjs';
import { sleep } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { ADDRESS, NAME, agentNetwork } from '../rig/topology.mjs';

const skip = await agentNetwork();

const BROKER = { device: 443, agent: 8080 }, TURN = { plain: 3478, tls: 443 }, PROXY = 3128;
const NEEDED = 30; // dB
// By the firewall's rule: what the device's cable may carry, as Capture.peers() says it, and of that what carries media.
const BROKER_443 = `tcp ${ADDRESS.cloud}:${BROKER.device}`, UDP = `udp ${ADDRESS.turn}:${TURN.plain}`, TCP = `tcp ${ADDRESS.turn}:${TURN.plain}`, TLS = `tcp ${ADDRESS.turn}:${TURN.tls}`, BY_PROXY = `tcp ${ADDRESS.cloud}:${PROXY}`;
const WAYS = {
  // What the TURN server still sends after the end is told that nobody is there.
  UDP: { rule: 'all', media: UDP, also: [BROKER_443, `icmp ${ADDRESS.turn}`] },
  'TCP, where UDP is blocked': { rule: 'no udp', media: TCP, also: [BROKER_443, UDP, TLS] },
  'TLS, where all but 443 is blocked': { rule: 'only 443', media: TLS, also: [BROKER_443, UDP, TCP] },
  'TLS through a proxy, where all but the proxy is blocked': { rule: `ip daddr ${ADDRESS.cloud} tcp dport ${PROXY} accept\ndrop`, proxy: true, media: BY_PROXY, also: [UDP] },
};

async function stage(rig, { rule, proxy }) {
  const topology = await rig.topology(), { device: machine, cloud } = topology;
  const broker = await rig.broker({ wrap: cloud.wrap, address: cloud.address, name: NAME.cloud, ports: BROKER });
  await rig.turn({ keys: broker.keys, vendor: 'fill-cap', address: ADDRESS.turn, ports: TURN, wrap: cloud.wrap, allowed: ['10.77.0.0-10.77.255.255'] });
  if (proxy) await rig.own(cloud.start('proxy', process.execPath, [join(root, 'tests/rig/connect-proxy.mjs'), ADDRESS.cloud, PROXY])).line(/^ready/);
  topology.firewall(rule);
  const capture = await topology.capture();
  const screen = await rig.screen(), painter = await rig.painter(screen);
  const by = proxy ? { proxy: `${NAME.cloud}:${PROXY}` } : {};
  const device = await rig.device({ broker, screen, wrap: machine.wrap, config: { broker: by, media: { path: 'relay', addresses: null }, relay: { ca: broker.keys.ca, ...by } } });
  const provider = await rig.provider(device);
  await device.online();
  const agent = await rig.agent(broker);
  await agent.whenState((state) => state.online && state.consent);
  return { topology, machine, capture, painter, device, provider, agent, receiver: await rig.receiver() };
}

async function compare(rig, { painter, receiver }, command) {
  const file = join(rig.directory, 'truth.ppm');
  await painter.command(`${command} ${file}`);
  await sleep(1500);
  const quality = psnr(readPpm(file), await receiver.pixels());
  assert.ok(quality > NEEDED, `${quality.toFixed(1)} dB; ${NEEDED} are needed`);
  return quality;
}

for (const [name, way] of Object.entries(WAYS)) {
  story(`a picture by ${name}`, { skip }, async ({ rig }) => {
    const cast = await stage(rig, way), { receiver, agent, provider, capture, painter } = cast;
    await painter.command(`picture 1 ${join(rig.directory, 'first.ppm')}`);
    await receiver.watchDevice(agent, () => provider.allow());
    await receiver.picture({ width: 1280, height: 720 });
    await provider.next('session live');
    const still = await compare(rig, cast, 'picture 2');
    await painter.command('moves 3');
    await sleep(2000);
    const moved = await compare(rig, cast, 'rest');
    provider.stopSession();
    await agent.ended();

    const peers = await capture.peers(ADDRESS.device), bytes = {};
    assert.deepEqual(Object.keys(peers).filter((peer) => peer !== way.media && !way.also.includes(peer)), [], JSON.stringify(peers));
    for (const { proto, from, to, fromPort, toPort, length } of await capture.packets()) {
      const key = from === ADDRESS.device ? `${proto} ${to}:${toPort}` : `${proto} ${from}:${fromPort}`;
      bytes[key] = (bytes[key] ?? 0) + length;
    }
    assert.ok(bytes[way.media] > 100000, `it carries the picture: ${JSON.stringify(bytes)}`);
    console.log(`${name}: ${still.toFixed(1)} dB, after motion ${moved.toFixed(1)} dB; bytes on the device's cable: ${JSON.stringify(bytes)}`);
  });
}
