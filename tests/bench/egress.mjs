// `./run bench egress`: what oriel-egress costs, as a table. It is no test: nothing fails on a time.
//
// Two TURN clients in this process, one directly at a coturn on loopback, one through egress; both have a channel to a peer
// that sends back what it gets. Pings go by one, then the other, so that both see the same noise. A round trip passes egress
// twice; what is printed is half of the difference between the two, at the middle and at the end of the distributions.
// Processor time is egress's own while a picture of 4 Mbit/s goes out, 30 bursts a second, and voice comes back.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Egress } from '../rig/egress.mjs';
import { clock, memory, sleep } from '../rig/process.mjs';
import { Proxy } from '../rig/proxy.mjs';
import { Rig } from '../rig/story.mjs';
import { TurnClient } from '../rig/turn-client.mjs';

const SECONDS = Number(process.env.ORIEL_BENCH_SECONDS ?? 10);
const CHANNEL = 0x4000, PING = 200;

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];
// Processor time in ms, finer than the ticks of /proc/PID/stat.
const spent = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

async function open(port, credentials, peer) {
  const client = await TurnClient.open(port, credentials);
  await client.allocate();
  await client.bind({ address: '127.0.0.1', port: peer.address().port }, CHANNEL);
  return client;
}

async function ping(client) {
  const begun = clock(), bytes = Buffer.alloc(PING);
  const back = new Promise((resolve) => { client.onData = () => resolve(clock() - begun); });
  client.put(CHANNEL, bytes);
  return Promise.race([back, sleep(500).then(() => NaN)]);
}

async function latency(direct, through) {
  const times = [[], []], end = clock() + SECONDS * 1000;
  while (clock() < end) {
    for (const [i, client] of [direct, through].entries()) {
      times[i].push(await ping(client));
      await sleep(2);
    }
  }
  return times.map((list) => list.filter((time) => !Number.isNaN(time)).slice(20));
}

async function load(client, egress) {
  let sent = 0, number = 0;
  const begun = clock(), before = spent(egress.pid), bytes = Buffer.alloc(1190);
  while (clock() - begun < SECONDS * 1000) {
    for (; sent < (clock() - begun) * 500; sent += bytes.length, number++) client.put(CHANNEL, bytes); // 500 bytes a ms
    await sleep(33);
  }
  return { cpu: (spent(egress.pid) - before) / (clock() - begun) * 100, packets: number, mbit: sent * 8 / (clock() - begun) / 1000 };
}

const rig = new Rig();
const turn = await rig.turn(), proxy = rig.own(await Proxy.start());
const peer = createSocket('udp4'); // sends pings back whole, of the picture every eighth packet, and that short
rig.own({ stop: () => peer.close() });
let count = 0;
peer.on('message', (bytes, from) => {
  if (bytes.length === PING) peer.send(bytes, from.port, from.address);
  else if (count++ % 8 === 0) peer.send(bytes.subarray(0, 120), from.port, from.address);
});
peer.bind(0, '127.0.0.1');
await once(peer, 'listening');
const direct = rig.own(await open(turn.ports.plain, turn.credentials(), peer));
const [udp, tcp, tls] = turn.uris();
console.log(`egress, ${SECONDS} s a figure: added one way, ms (p50 and p99); CPU at 4 Mbit/s, % of a core; PSS, KiB (of it private)`);
for (const [name, uri, by] of [['UDP', udp], ['TCP', tcp], ['TLS', tls], ['TLS through a proxy', tls, proxy.address]]) {
  const egress = rig.own(await Egress.start({ servers: [uri], ca: turn.ca, proxy: by }));
  await egress.next('path');
  const client = rig.own(await open(egress.port, turn.credentials(), peer));
  const [plain, added] = await latency(direct, client);
  const half = (q) => ((quantile(added, q) - quantile(plain, q)) / 2).toFixed(3);
  const { cpu, packets, mbit } = await load(client, egress);
  const { pss, own } = memory(egress.pid), stats = await egress.stats();
  console.log(`  ${name.padEnd(20)} ${half(0.5)} ${half(0.99)} ms (direct round trip ${quantile(plain, 0.5).toFixed(3)} ${quantile(plain, 0.99).toFixed(3)})  ${cpu.toFixed(1)} % (${mbit.toFixed(1)} Mbit/s, ${packets} packets, ${stats.dropped_out} dropped)  ${pss} KiB (${own})`);
  await egress.stop();
}
await rig.close();
process.exit(0);
