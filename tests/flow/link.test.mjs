// The emulated link does what it was told: measured from outside by datagrams that carry their time, and by its own log. On a
// busy machine a packet can be later than it should, never earlier; rates and losses are counted, so they hold anyway.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { root } from '../rig/paths.mjs';
import { clock, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { ADDRESS, agentNetwork, noLink } from '../rig/topology.mjs';

const skip = await agentNetwork() || noLink();
const PORT = 5000, PACKET = 1250; // bytes: 5 ms at 2 Mbit/s

class Sink {
  static async open(rig) {
    const sink = rig.own(new Sink());
    sink.socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 }).bind(PORT, ADDRESS.agent);
    sink.packets = [];
    sink.socket.on('message', (datagram) => sink.packets.push({ at: clock(), number: datagram.readUInt32LE(), took: clock() - Number(datagram.readBigUInt64LE(4)) / 1e6 }));
    await once(sink.socket, 'listening');
    return sink;
  }

  // Datagrams from the device, sent to their end; what came of them: [{at, number, took (ms)}].
  async from(machine, { count, rate, bytes = PACKET, wait = 300 }) {
    this.packets = [];
    const sender = machine.start('sender', process.execPath, [join(root, 'tests/rig/link/sender.mjs'), ADDRESS.agent, PORT, bytes, count, rate]);
    await sender.line(/^sent/, { ms: 20000 });
    let last = -1;
    await until('the last packet', () => { const still = last === this.packets.length; last = this.packets.length; return still; }, { every: wait });
    return this.packets;
  }

  stop() { this.socket.close(); return {}; }
}

// What a busy machine does to sender, link and us meanwhile is not the link's: then it is measured once more, a few times.
async function measured(attempt, repeats = 4) {
  try { return await attempt(); } catch (error) {
    if (!repeats || !(error instanceof assert.AssertionError)) throw error;
    console.log(`once more: ${error.message.split('\n')[0]}`);
    return measured(attempt, repeats - 1);
  }
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

story('an emulated link: delay, rate, queue, loss, cut, changes at their times', { skip }, async ({ rig }) => {
  const topology = await rig.topology({ links: { device: { up: { rate: 2e6, delay: 30, queue: 60 } } } }), { device, links: { device: link } } = topology;
  const sink = await Sink.open(rig);

  // More than it can carry: it carries its rate, and what waits longest has waited for a full queue.
  await measured(async () => {
    await link.reset({ up: { rate: 2e6, delay: 30, queue: 60 } });
    const had = await link.counters(), began = clock(), got = await sink.from(device, { count: 450, rate: 3e6 }), has = await link.counters();
    const since = (way) => Object.fromEntries(Object.entries(has[way]).map(([name, count]) => [name, count - had[way][name]])), up = since('up'), down = since('down');
    const rate = (got.length - 1) * PACKET * 8 / (got.at(-1).at - got[0].at) * 1000, took = got.map((packet) => packet.took);
    console.log(`2 Mbit/s, 30 ms: ${(rate / 1e6).toFixed(3)} Mbit/s, first packet after ${took[0].toFixed(1)} ms, least ${Math.min(...took).toFixed(1)}, median ${median(took.slice(100)).toFixed(1)}; the latest was ${has.late} ms late`);
    assert.ok(Math.abs(rate / 2e6 - 1) < 0.05, `${rate} bit/s`);
    assert.ok(Math.min(...took) >= 35, `never early: ${Math.min(...took)} ms`);
    assert.ok(median(took.slice(100)) >= 35 + 45 && median(took.slice(100)) <= 35 + 60 + 30, `${median(took.slice(100))} ms with a full queue`);
    // IPv6 looks for its neighbours now and then, too.
    assert.ok(up.inPackets - 450 < 8 && up.inPackets === up.outPackets + up.dropped && up.outPackets - got.length < 8 && up.lost === 0, JSON.stringify(up));
    assert.ok(up.dropped > 50, 'the queue drops its tail');
    assert.ok(down.inPackets < 8, 'nothing was sent down');
    const waited = await link.waited('up', began);
    assert.ok(waited > 50 && waited <= 60.1, `${waited} ms in a queue of 60 ms`);
    const used = (await link.history('up', began)).slice(2, -4).map(({ sent }) => sent * 8 * 20);
    assert.ok(used.every((one) => Math.abs(one / 2e6 - 1) < 0.6) && Math.abs(used.reduce((sum, one) => sum + one, 0) / used.length / 2e6 - 1) < 0.05, `by its own log: ${used}`);
  });

  // Both directions are separate.
  const trip = async () => { // the device's kernel says that nobody is there
    const asked = clock();
    await once(connect(9, ADDRESS.device), 'error');
    return clock() - asked;
  };
  await link.reset({ up: { delay: 30 } });
  const there = await trip();
  assert.ok(there >= 30, `${there} ms`);
  await link.reset({ down: { delay: 80 } });
  const back = await trip();
  assert.ok(back >= 80, `${back} ms`);

  // Loss by chance, four deviations; what is lost is counted.
  await link.reset({ up: { loss: 0.1 } });
  await measured(async () => {
    const before = await link.counters(), got = await sink.from(device, { count: 2000, rate: 4e6, bytes: 200 }), lost = (await link.counters()).up.lost - before.up.lost;
    assert.ok(Math.abs(got.length + lost - 2000) < 3, `${got.length} came and ${lost} were lost`);
    assert.ok(Math.abs(lost - 200) < 54, `${lost} of 2000 lost at 10 %`);
  });

  // A script: at its time the rate is another.
  await measured(async () => {
    await link.reset({ up: { rate: 4e6, bytes: 1e6 } });
    const began = clock();
    await link.script([[500, { up: { rate: 5e5 } }], [1000, { up: { rate: 4e6 } }]]);
    await sink.from(device, { count: 500, rate: 1e7 });
    const sent = async (from, to) => (await link.history('up', began + from, began + to)).reduce((sum, one) => sum + one.sent, 0);
    const slow = await sent(600, 900) / 300 * 8e3, fast = await sent(1100, 1300) / 200 * 8e3;
    assert.ok(slow < 5e5 * 1.6 && fast > 4e6 * 0.6, `${slow} bit/s and afterwards ${fast}`);
  });

  // Cut is cut, and what is sent afterwards arrives.
  await link.reset();
  await link.cut();
  assert.equal((await sink.from(device, { count: 20, rate: 1e6 })).length, 0);
  await link.restore();
  assert.equal((await sink.from(device, { count: 20, rate: 1e6 })).length, 20);
  await link.hold();
  const held = (await link.counters()).up.inPackets, coming = sink.from(device, { count: 20, rate: 1e6, wait: 1500 });
  await until('the link to hold all of them', async () => (await link.counters()).up.inPackets >= held + 20);
  await sleep(150);
  await link.restore();
  const got = await coming;
  assert.ok(got.length === 20 && got[0].took > 100, `held, not lost: ${got.length}, ${got[0]?.took} ms`);

  // What passes it can be captured as at any cable, and the firewall is behind it.
  const capture = await topology.capture();
  topology.firewall('no udp');
  assert.equal((await sink.from(device, { count: 5, rate: 1e6 })).length, 0);
  assert.deepEqual(await capture.peers(ADDRESS.device), { [`udp ${ADDRESS.agent}:${PORT}`]: 5 });

  await assert.rejects(async () => link.set({ up: { loss: 3 } }), /loss=3: a number from 0 to 1/);
  await assert.rejects(async () => link.set({ down: { speed: 3 } }), /there is nothing to set that is called 'speed'/);
});
