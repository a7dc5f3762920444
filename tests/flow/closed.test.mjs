// Nothing listens: a device, its broker and an agent on machines of their own (rig/topology.mjs). In every state of the device
// no socket of it takes anything from anybody, every port says that it is closed, and its cable carries what
// goes to the broker and nothing else.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Device } from '../rig/device.mjs';
import { sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { Strace } from '../rig/strace.mjs';
import { ADDRESS, ADDRESS6, NAME, agentNetwork } from '../rig/topology.mjs';

const skip = await agentNetwork();

const BROKER = { device: 8883, agent: 8080 };
const ALL = 65535;

// A broker and a TURN server in the cloud, a device on its own machine with a person before it, an agent here. While the person
// is asked egress is there, and must not have gone anywhere yet.
async function cast(rig, { wrap = [] } = {}) {
  const topology = await rig.topology(), { device: machine, cloud } = topology;
  const broker = await rig.broker({ wrap: cloud.wrap, address: cloud.address, name: NAME.cloud, ports: BROKER });
  await rig.turn({ keys: broker.keys, vendor: 'fill-cap', address: ADDRESS.turn, ports: { plain: 3478, tls: 443 }, wrap: cloud.wrap });
  const capture = await topology.capture();
  const device = await rig.device({ broker, watch: true, wrap: [...machine.wrap, ...wrap], config: Device.relayed(broker, { consent: { timeout: 300 } }) }); // it takes time to look at each port
  const provider = await rig.provider(device);
  await device.online();
  const agent = await rig.agent(broker);
  await agent.whenState((state) => state.online && state.consent);
  return { topology, machine, broker, capture, device, provider, agent };
}

// The device's own sockets: one connection to the broker.
function onlyTheBroker({ machine }) {
  assert.deepEqual(machine.listeners(), []);
  assert.deepEqual(machine.sockets().map(({ proto, state, peer, process }) => [proto, state, peer, process]), [['tcp', 'ESTAB', `${ADDRESS.cloud}:${BROKER.device}`, 'oriel-signal']]);
}

async function everyPortIsClosed({ topology }) {
  for (const address of [ADDRESS.device, ADDRESS6.device]) assert.deepEqual(await topology.probe(address), { closed: { tcp: ALL, udp: ALL }, others: [] }, address);
}

// All that passed the device's cable, both ways, since it was plugged in.
async function onlyToTheBroker({ capture }) {
  const packets = await capture.packets(), ends = new Set(packets.flatMap(({ from, to }) => [from, to]));
  assert.deepEqual([...ends].sort(), [ADDRESS.device, ADDRESS.cloud].sort());
  for (const { proto, from, fromPort, toPort } of packets) assert.deepEqual([proto, from === ADDRESS.device ? toPort : fromPort], ['tcp', BROKER.device]);
  assert.ok(packets.some(({ from, payload }) => from === ADDRESS.device && payload.length), 'the capture has nothing of the device');
}

story('the rig finds what is open, and what leaves', { skip }, async ({ rig }) => {
  // What the other tests don't find must be findable.
  const topology = await rig.topology(), { device } = topology;
  const capture = await topology.capture();
  const script = `const tcp = require('net').createServer().listen(4711, '${ADDRESS.device}'), udp = require('dgram').createSocket('udp6').bind(4712, () => console.log('ready')); setTimeout(() => udp.send('x', 4713, '${ADDRESS6.cloud}'), 200);`;
  const open = rig.own(device.start('open', process.execPath, ['-e', script]));
  await open.line(/^ready/);
  assert.deepEqual(device.listeners().map(({ proto, local }) => `${proto} ${local}`).sort(), [`tcp ${ADDRESS.device}:4711`, 'udp *:4712']);
  await until('a datagram on the cable', async () => (await capture.peers(ADDRESS6.device))[`udp ${ADDRESS6.cloud}:4713`] === 1);
  await capture.stop();
  assert.deepEqual(await topology.probe(), { closed: { tcp: ALL - 1, udp: ALL - 1 }, others: ['tcp open 4711', 'udp silent 4712'] });
  // The firewall: what it lets through and what not.
  const reach = (port, seconds) => { try { device.run('timeout', [seconds, 'bash', '-c', `exec 3<>/dev/tcp/${ADDRESS.cloud}/${port}`]); return true; } catch { return false; } };
  const listen = `for (const port of [443, 8883]) require('net').createServer().listen(port, '${ADDRESS.cloud}', () => console.log('ready')); require('dgram').createSocket('udp4').on('message', () => console.log('datagram')).bind(3478, '${ADDRESS.cloud}')`;
  const server = rig.own(topology.cloud.start('server', process.execPath, ['-e', listen]));
  await until('both ports', () => server.lines.filter(({ text }) => text === 'ready').length === 2);
  const datagram = async (awaited) => {
    const from = server.lines.length, came = () => server.lines.length > from;
    device.run('bash', ['-c', `echo x > /dev/udp/${ADDRESS.cloud}/3478`]);
    if (awaited) await until('a datagram', came);
    else await sleep(200);
    return came();
  };
  for (const [rule, ...passes] of [['all', true, true, true], ['no udp', true, true, false], ['only 443', true, false, false], ['nothing', false, false, false], ['all', true, true, true]]) {
    topology.firewall(rule);
    const patience = passes.map((pass) => pass ? '15' : '1');
    assert.deepEqual([reach(443, patience[0]), reach(8883, patience[1]), await datagram(passes[2])], passes, rule);
  }
});

story('idle, asking and refused: nothing listens, every port is closed, and only the broker is talked to', { skip }, async ({ rig }) => {
  const all = await cast(rig), { agent, provider, capture } = all;
  await sleep(500);
  onlyTheBroker(all);
  await agent.request();
  const ask = await provider.asked();
  await until('egress, and media, to get ready', () => ['oriel-egress', 'oriel-media'].every((name) => all.device.helper(name)));
  await sleep(500);
  onlyTheBroker(all);
  await onlyToTheBroker(all);
  await capture.stop(); // from here on the agent knocks
  await everyPortIsClosed(all);
  onlyTheBroker(all);
  provider.decide(ask, false);
  assert.equal((await agent.denial()).reason, 'denied');
  await agent.whenState((state) => state.status === 'ready');
  onlyTheBroker(all);
  await everyPortIsClosed(all);
});

story('the broker is away: nothing else is tried', { skip }, async ({ rig }) => {
  const all = await cast(rig), { broker, machine, device, topology } = all;
  await broker.process.stop();
  await until('the device to be offline', async () => !(await device.status()).online);
  await sleep(2000);
  assert.deepEqual(machine.listeners(), []);
  topology.firewall('nothing'); // now it is not even refused
  await sleep(1000);
  assert.deepEqual(machine.listeners(), []);
  topology.firewall('all');
  await broker.run();
  await device.online(40000);
  onlyTheBroker(all);
  await onlyToTheBroker(all);
});

story('no process of the device binds, listens or accepts on a network, and none connects but to the broker', { skip }, async ({ rig }) => {
  const strace = new Strace(join(rig.directory, 'strace'));
  const { agent, provider, device } = await cast(rig, { wrap: strace.wrap });
  await agent.request();
  await provider.deny();
  await agent.denial();
  await device.oriel('status');
  const calls = strace.calls();
  // It sees all of them: their start, and the sockets between them.
  for (const program of ['orield', 'oriel-signal']) assert.ok(calls.some((call) => call.program === program && call.name === 'socket'), `nothing of ${program}`);
  assert.ok(calls.some(({ program, name, args }) => program === 'orield' && name === 'listen' && /UNIX/.test(args)));
  const network = strace.network();
  assert.deepEqual(network.filter(({ name }) => name !== 'connect'), []);
  assert.deepEqual([...new Set(network.map((call) => `${call.program} ${Strace.to(call)}`))], [`oriel-signal ${ADDRESS.cloud}:${BROKER.device}`]);
});
