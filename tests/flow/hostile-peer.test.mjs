// An agent that was granted a session, and whose browser is a program that attacks media through TURN: as anybody could who
// reaches the relayed address, and with the keys of the session. What it can reach is media, and with media only the session.
import assert from 'node:assert/strict';
import { memory, sleep } from '../rig/process.mjs';
import { Peer } from '../rig/peer.mjs';
import { story } from '../rig/story.mjs';

// Not even that by these. (DTLS is not among them: OpenSSL 3.0 gives up at a record shorter than its tag, whoever sent it.)
const HARMLESS = ['stun', 'rtp'];
const COUNT = Number(process.env.ORIEL_FUZZ ?? 10000);
const MEDIA_MAX = 768; // MiB, its limit

async function live(rig, { agent, provider }) {
  const peer = rig.own(await Peer.start());
  await peer.watchDevice(agent, () => provider.allow());
  await provider.next('session live');
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
