// An agent that was granted a session, and whose browser is a program that attacks media through TURN: as anybody could who
// reaches the relayed address, and with the keys of the session. What it can reach is media, and with media only the session.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { clock, memory, sleep, until } from '../rig/process.mjs';
import { Peer } from '../rig/peer.mjs';
import { story } from '../rig/story.mjs';

// What anybody could send: not even that.
const HARMLESS = ['stun', 'dtls', 'rtp'];
const COUNT = Number(process.env.ORIEL_FUZZ ?? 10000);
const MEDIA_MAX = 768; // MiB, its limit

async function live(rig, { agent, provider }) {
  const peer = rig.own(await Peer.start());
  await peer.watchDevice(agent, () => provider.allow());
  await provider.next('session live');
  peer.ping(); // who is silent for long is given up
  return peer;
}

for (const what of ['stun', 'dtls', 'rtp', 'srtcp', 'sctp', 'messages'])
  story(`attack 26: thousands of hostile ${what}: at most the session dies`, async ({ rig }) => {
    const cast = await rig.cast({ relay: true }), { agent, provider, device } = cast;
    const before = { pids: [device.pid, device.helper('oriel-signal').pid], own: memory(device.pid).own }, ends = [];
    for (let seed = 1; seed <= 3; seed++) {
      const peer = await live(rig, cast);
      const { pid } = device.helper('oriel-media');
      const sent = await peer.fuzz(what, COUNT, seed);
      assert.ok(sent > 0);
      if (device.helper('oriel-media')?.pid === pid) assert.ok(memory(pid).own < MEDIA_MAX * 1024);
      await sleep(1000); // to be felt
      const died = device.audit().at(-1).event === 'end';
      if (HARMLESS.includes(what)) assert.ok(!died, `who has no key ended the session: ${JSON.stringify(device.audit().at(-1))}`);
      if (!died) provider.stopSession();
      const { by, reason, detail } = await agent.ended();
      ends.push(died ? `${sent}: ${reason} (${detail ?? ''})` : `${sent}: none`);
      if (died) assert.equal(by, 'device');
      await agent.whenState((state) => state.status === 'ready');
      assert.deepEqual(device.picture(), []);
      assert.deepEqual([device.pid, device.helper('oriel-signal').pid], before.pids);
      await peer.stop();
    }
    assert.ok(memory(device.pid).own - before.own < 1024);
    const peer = await live(rig, cast);
    await peer.stop();
    provider.stopSession();
    await agent.ended();
    console.log(`${what}: ${ends.join('; ')}`);
  });

// Whoever waits for room in SCTP waits for the page; who makes the pictures must not.
story('a page whose SCTP is stuck or silent, while it acknowledges tiles that it does not take, stalls no picture', async ({ rig }) => {
  const screen = await rig.screen(), painter = await rig.painter(screen);
  const cast = await rig.cast({ relay: true, device: { screen, config: { media: { exact: 'yes' } } } }), { agent, provider, device } = cast;
  for (const how of ['stuck', 'silent']) {
    const peer = await live(rig, cast), { pid } = device.helper('oriel-media'), own = memory(pid).own;
    peer.take(how);
    for (let seed = 1; seed <= 12; seed++) {
      await painter.command(`flip ${seed}`);
      await sleep(250);
    }
    await painter.command('clock noise');
    const from = clock();
    await until(`${how}: pictures to go on`, async () => (await peer.heard()).picture > from + 1000);
    assert.ok(memory(pid).own - own < 32 * 1024, `${how}: media grew by ${memory(pid).own - own} KiB`);
    assert.ok(!device.audit().some(({ event }) => event === 'lost'), `${how}: the connection was given up`);
    await painter.command(`rest ${rig.path('rest.ppm')}`);
    await peer.stop();
    provider.stopSession();
    await agent.ended();
    await agent.whenState((state) => state.status === 'ready');
  }
});

async function listener(type, address) {
  const socket = createSocket(type);
  socket.packets = 0;
  socket.on('message', () => { socket.packets++; });
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

// Of media's network: the addresses that anything in it is bound to (little-endian hex).
const bound = (pid) => ['udp', 'tcp', 'udp6', 'tcp6', 'raw', 'raw6'].flatMap((protocol) => readFileSync(`/proc/${pid}/net/${protocol}`, 'utf8').trim().split('\n').slice(1)
  .map((line) => `${protocol} ${line.trim().split(/\s+/)[1].split(':')[0]}`));

for (const [allowed, heard] of [[[], false], [['127.0.0.0-127.255.255.255'], true]])
  story(`attack 20, through TURN: candidates of the LAN, of IPv6 or by name ${heard ? 'reach whom the server lets through, to see that it is looked for' : 'reach nobody'}`, async ({ rig, t }) => {
    const { agent, provider, device } = await rig.cast({ relay: { allowed } });
    const near = await listener('udp4', '127.0.0.1'), six = await listener('udp6', '::1').catch(() => null), peer = rig.own(await Peer.start());
    t.after(() => { near.close(); six?.close(); });
    await agent.request({ fingerprint: peer.fingerprint });
    await provider.allow();
    await agent.grant();
    await peer.answer(agent, await agent.offer());
    const addresses = [['127.0.0.1', near.address().port], ['10.255.255.1', 9], ['192.168.1.1', 9], ['169.254.169.254', 80], ['224.0.0.251', 5353], ['fe80::1', 9], ['::1', six?.address().port ?? 9], ['::ffff:127.0.0.1', near.address().port],
      ['8f4e2a9c.local', 9], ['localhost', near.address().port]];
    for (const [i, [address, port]] of addresses.entries()) await agent.sequenced('ice', { candidate: `candidate:${i} 1 udp ${2122260223 - i} ${address} ${port} typ host`, mline: 0 });
    if (heard) await until('a check', () => near.packets > 0);
    else await sleep(3000);
    const { pid } = device.helper('oriel-media');
    assert.deepEqual([...new Set(bound(pid))], ['udp 0100007F'], 'media has a socket on another address than its own loopback');
    assert.deepEqual([near.packets > 0, six?.packets ?? 0], [heard, 0]);
    for (const candidate of agent.candidates.filter(Boolean)) assert.match(candidate, / typ relay /);
    provider.stopSession();
    await agent.ended();
    assert.ok(!device.audit().some(({ event }) => event === 'live'));
  });
