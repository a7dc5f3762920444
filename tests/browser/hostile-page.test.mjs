// An agent's page that does with its connection what no page of ours does, through TURN. What it can reach is media, and with
// media only the session; tests/flow/hostile-peer.test.mjs has what a browser can't be made to send.
import assert from 'node:assert/strict';
import { noMorePackets } from '../rig/attacked.mjs';
import { alive, clock, memory } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

async function live({ receiver, agent, provider }) {
  await receiver.watchDevice(agent, () => provider.allow());
  await receiver.picture();
  await provider.next('session live');
}

// The session is over for this reason, nothing of it runs, core and signal are the same as before. That the next one works is
// shown by the next attack, which begins with one.
async function onlyTheSessionDied(cast, reason, before) {
  const { agent, device, receiver } = cast;
  const end = await agent.ended();
  assert.deepEqual([end.by, end.reason], ['device', reason], JSON.stringify(end));
  await agent.whenState((state) => state.status === 'ready');
  assert.deepEqual(device.picture(), []);
  assert.equal(device.audit().at(-1).reason, reason);
  await noMorePackets(receiver);
  assert.deepEqual([device.pid, device.helper('oriel-signal').pid], before.pids);
  assert.ok(memory(device.pid).own - before.own < 1024, `orield grew by ${memory(device.pid).own - before.own} KiB`);
}

const ATTACKS = {
  '100,000 data channels': { reason: 'protocol', attack: async () => {
    let made = 0;
    for (let i = 0; i < 100000; i++) {
      try { window.rig.pc.createDataChannel(`c${i}`, { ordered: i % 2 === 0 }); made++; } catch { break; /* the browser has no more */ }
      if (i % 2000 === 1999) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return made;
  } },
  'one data channel with the label of ours': { reason: 'protocol', attack: async () => { window.rig.pc.createDataChannel('oriel'); return 1; } },
  'binary data': { reason: 'protocol', attack: async () => { window.rig.channel.send(new Uint8Array(1000)); return 1; } },
  'a point beside the picture': { reason: 'protocol', attack: async () => { window.rig.channel.send('{"t":"point","at":[70000,1]}'); return 1; } },
  'chat that it was never sent, acknowledged': { reason: 'protocol', attack: async () => { window.rig.channel.send('{"t":"heard","id":1}'); return 1; } },
  'a message of 60 KB': { reason: 'protocol', attack: async () => { window.rig.channel.send(`{"t":"ping","id":1,"x":"${'x'.repeat(60000)}"}`); return 1; } },
};

story('attack 26: a page that opens 100,000 data channels, or sends what is no ping, ends its session and nothing else', async ({ rig }) => {
  const cast = { ...await rig.cast({ relay: true }), receiver: await rig.receiver() }, { device, receiver } = cast;
  const before = { pids: [device.pid, device.helper('oriel-signal').pid], own: memory(device.pid).own };
  for (const [what, { reason, attack }] of Object.entries(ATTACKS)) {
    await live(cast);
    const media = device.helper('oriel-media').pid, from = clock();
    assert.ok(await receiver.page.evaluate(attack) > 0, what);
    await onlyTheSessionDied(cast, reason, before).catch((error) => { throw new Error(`${what}: ${error.stack}`); });
    assert.ok(!alive(media));
    console.log(`${what}: ended within ${Math.round(clock() - from)} ms`);
  }
  await live(cast);
  // Pings beyond reason are answered within it: what a page is told is not part of what the way is shared by.
  const pongs = await receiver.page.evaluate(async () => {
    const { channel } = window.rig, heard = new Set();
    channel.addEventListener('message', ({ data }) => { const { t, id } = JSON.parse(data); if (t === 'pong') heard.add(id); });
    for (let id = 1e6; id < 1e6 + 3000; id++) channel.send(JSON.stringify({ t: 'ping', id }));
    for (let id = 2e6; !heard.has(id - 1); id++) {
      channel.send(JSON.stringify({ t: 'ping', id }));
      await new Promise((resolve) => { setTimeout(resolve, 200); });
    }
    return [...heard].filter((id) => id >= 1e6 && id < 2e6).length;
  });
  assert.ok(pongs < 300, `${pongs} of 3000 pings were answered`);
  cast.provider.stopSession();
  await cast.agent.ended();
  await cast.agent.whenState((state) => state.status === 'ready');
});
