// A session by way of TURN, with device, cloud and agent on machines of their own (rig/topology.mjs): for each way that a
// network leaves open, a picture that is checked, and on the device's cable nothing but broker and TURN.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { psnr, readPpm } from '../rig/image.mjs';
import { root } from '../rig/paths.mjs';
import { sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { Strace } from '../rig/strace.mjs';
import { ADDRESS, ADDRESS6, NAME, agentNetwork } from '../rig/topology.mjs';

const skip = await agentNetwork();

const BROKER = { device: 443, agent: 8080 }, TURN = { plain: 3478, tls: 443 }, PROXY = 3128;
const NEEDED = 30; // dB
// By the firewall's rule: what the device's cable may carry, as Capture.peers() says it, and of that what carries media.
const BROKER_443 = `tcp ${ADDRESS.cloud}:${BROKER.device}`, UDP = `udp ${ADDRESS.turn}:${TURN.plain}`, TCP = `tcp ${ADDRESS.turn}:${TURN.plain}`, TLS = `tcp ${ADDRESS.turn}:${TURN.tls}`, BY_PROXY = `tcp ${ADDRESS.cloud}:${PROXY}`;
const WAYS = {
  // What the TURN server still sends after the end is told that nobody is there. Where it answers late the other ways are begun, too.
  UDP: { rule: 'all', media: UDP, also: [BROKER_443, `icmp ${ADDRESS.turn}`, TCP, TLS] },
  'TCP, where UDP is blocked': { rule: 'no udp', media: TCP, also: [BROKER_443, UDP, TLS] },
  'TLS, where all but 443 is blocked': { rule: 'only 443', media: TLS, also: [BROKER_443, UDP, TCP] },
  'TLS through a proxy, where all but the proxy is blocked': { rule: `ip daddr ${ADDRESS.cloud} tcp dport ${PROXY} accept\ndrop`, proxy: true, media: BY_PROXY, also: [UDP] },
};

async function stage(rig, { rule, proxy, wrap = [] }) {
  const topology = await rig.topology(), { device: machine, cloud } = topology;
  const broker = await rig.broker({ wrap: cloud.wrap, address: cloud.address, name: NAME.cloud, ports: BROKER });
  await rig.turn({ keys: broker.keys, vendor: 'fill-cap', address: ADDRESS.turn, ports: TURN, wrap: cloud.wrap, allowed: ['10.77.0.0-10.77.255.255'] });
  if (proxy) await rig.own(cloud.start('proxy', process.execPath, [join(root, 'tests/rig/connect-proxy.mjs'), ADDRESS.cloud, PROXY])).line(/^ready/);
  topology.firewall(rule);
  const capture = await topology.capture();
  const screen = await rig.screen(), painter = await rig.painter(screen);
  const by = proxy ? { proxy: `${NAME.cloud}:${PROXY}` } : {};
  const device = await rig.device({ broker, screen, wrap: [...machine.wrap, ...wrap], config: { broker: by, media: { path: 'relay', addresses: null }, relay: { ca: broker.keys.ca, ...by } } });
  const provider = await rig.provider(device);
  await device.online();
  const agent = await rig.agent(broker);
  await agent.whenState((state) => state.online && state.consent);
  return { topology, machine, capture, painter, device, provider, agent, receiver: await rig.receiver() };
}

async function compare(rig, { painter, receiver }, command) {
  const file = join(rig.directory, 'truth.ppm');
  await painter.command(`${command} ${file}`);
  const truth = readPpm(file);
  let quality;
  await until(() => `the picture: ${quality.toFixed(1)} dB; ${NEEDED} are needed`, async () => (quality = psnr(truth, await receiver.pixels())) > NEEDED, { every: 200 });
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

// Live, with a picture that is shown and right.
async function live(rig, cast) {
  const { receiver, agent, provider } = cast;
  await receiver.watchDevice(agent, () => provider.allow());
  await receiver.picture({ width: 1280, height: 720 });
  await provider.next('session live');
  await compare(rig, cast, 'picture 2');
}

const open = ({ machine }) => machine.sockets().map(({ proto, state, peer, process }) => `${process}: ${proto} ${state} ${peer}`).sort();
const SIGNAL = `oriel-signal: tcp ESTAB ${ADDRESS.cloud}:${BROKER.device}`, EGRESS = `oriel-egress: udp ESTAB ${ADDRESS.turn}:${TURN.plain}`;

async function everyPortIsClosed({ topology }) {
  for (const address of [ADDRESS.device, ADDRESS6.device]) assert.deepEqual(await topology.probe(address), { closed: { tcp: 65535, udp: 65535 }, others: [] }, address);
}

story('in session and after it: nothing listens, nobody is let in, every port is closed', { skip }, async ({ rig }) => {
  const cast = await stage(rig, WAYS.UDP), { machine, agent, provider } = cast;
  await live(rig, cast);
  assert.deepEqual(machine.listeners(), []);
  assert.deepEqual(open(cast), [EGRESS, SIGNAL]);
  await everyPortIsClosed(cast);
  await compare(rig, cast, 'picture 4'); // and nobody was disturbed by it
  assert.deepEqual(open(cast), [EGRESS, SIGNAL]);
  provider.stopSession();
  await agent.ended();
  await agent.whenState((state) => state.status === 'ready');
  assert.deepEqual(open(cast), [SIGNAL]);
  await everyPortIsClosed(cast);
});

story('in session no process listens or accepts, and only media binds, in a network that has loopback alone', { skip }, async ({ rig }) => {
  const strace = new Strace(join(rig.directory, 'strace'));
  const cast = await stage(rig, { ...WAYS.UDP, wrap: strace.wrap }), { device, agent, provider } = cast;
  await live(rig, cast);
  const { pid } = device.helper('oriel-media'), network = (process) => readlinkSync(`/proc/${process}/ns/net`);
  assert.ok(![network(device.pid), network('self')].includes(network(pid)), 'media is in the network of the device');
  const links = execFileSync('nsenter', [`--target=${pid}`, '--net', 'ip', '-brief', 'link'], { encoding: 'utf8' }).trim().split('\n').map((line) => line.split(/\s+/)[0]);
  assert.deepEqual(links, ['lo']);
  provider.stopSession();
  await agent.ended();
  const calls = strace.network();
  assert.deepEqual(calls.filter(({ name }) => /^(listen|accept)/.test(name)), []);
  assert.deepEqual([...new Set(calls.filter(({ name }) => name === 'bind').map(({ program, args }) => `${program} ${/AF_INET6?/.exec(args)[0]} ${/"([^"]+)"/.exec(args)?.[1]}`))], ['oriel-media AF_INET 127.0.0.1']);
  // On loopback it is egress with the end that media has given it.
  const connects = [...new Set(calls.filter(({ name, program, args }) => name === 'connect' && program !== 'oriel-media' && !args.includes('"127.0.0.1"')).map((call) => `${call.program} ${Strace.to(call)}`))].sort();
  assert.deepEqual(connects.filter((one) => one !== `oriel-egress ${ADDRESS.turn}:${TURN.tls}`), // begun where UDP is answered late
    [`oriel-egress ${ADDRESS.turn}:${TURN.plain}`, `oriel-signal ${ADDRESS.cloud}:${BROKER.device}`]);
});
