// The attacks of the threat model that a broker, or whoever floods it, can make: 29 (floods), 30 (revocation), and what it could read.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { FINGERPRINT } from '../rig/agent.mjs';
import { boris, denied, granted, noMorePackets, noPicture, over, records, refusals, silence, stage, stillWorks } from '../rig/attacked.mjs';
import { forgeJws, pair } from '../rig/jose.mjs';
import { clock, memory, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

describe('attacks by the broker', { concurrency: 3 }, () => {
  story('attack 29: retained and oversized messages, a flood of 10,000 and a client-id takeover do no harm', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, hostile, device, provider } = cast;
    const topic = `${agent.base}/d/${device.id}/dn/anna`, to = 'devices';
    const receiver = await rig.receiver();
    await receiver.watchDevice(agent, () => provider.allow());
    await receiver.picture();
    await provider.next('session live');
    const { session } = await device.status();
    const hello = hostile.of('dn')[0].payload;
    const files = memory(device.pid).own;
    // Larger than may be, and almost.
    agent.messages.splice(0);
    for (const size of [65537, 100000, 65536, 65000]) await hostile.send({ to, topic, payload: Buffer.alloc(size, 'x') });
    // 10,000, some of which cost the device the most that a message can: opened, verified, and answered.
    for (let i = 0; i < 100; i++) await Promise.all(Array.from({ length: 100 }, (_, n) => hostile.send({ to, topic, payload: n < 3 ? hello : Buffer.from(`${i}.${n}`) })));
    // One of our own comes through behind all these, as soon as there is room for it.
    const asked = new Set();
    await until('the device to answer again', async () => {
      asked.add(await agent.sendHello());
      await sleep(200);
      return agent.messages.some(({ typ, hello: of }) => typ === 'challenge' && asked.has(of));
    }, { ms: 20000 });
    assert.equal((await device.status()).session.session, session.session);
    assert.ok(memory(device.pid).own - files < 4096, `orield grew by ${memory(device.pid).own - files} KiB`);
    assert.ok((await refusals(device)).length <= 40, 'the flood filled the record');
    // Somebody else with the device's client id: the broker lets go of the device, which comes back; the session is unharmed.
    const thief = await hostile.connect(to, { clientId: device.id });
    await provider.next(({ t, online }) => t === 'online' && !online, 10000, 'that the device was pushed off'); // it may be back at once
    await thief.endAsync(true);
    await device.online(20000);
    assert.equal((await device.status()).session.session, session.session);
    const { frames } = await receiver.state();
    await until('pictures, after all that', async () => (await receiver.state()).frames > frames + 5);
    provider.stopSession();
    await over(cast, 'person', 'stopped', { told: false });
    // Retained, and there when the device comes: dropped.
    await hostile.send({ to, topic, payload: hello, retain: true });
    const starts = device.captures();
    assert.equal((await device.process.stop()).code, 0);
    await sleep(200);
    agent.messages.splice(0);
    await device.run();
    const person = await rig.provider(device);
    await agent.whenState((state) => state.online && state.consent && state.boot);
    await sleep(300);
    assert.deepEqual(agent.messages.filter(({ typ }) => typ !== 'state'), []);
    await hostile.send({ to, topic, payload: '', retain: true });
    await stillWorks({ agent, provider: person });
    assert.equal(device.captures(), starts);
  });

  story('attack 29: who floods uses up its own share: it is not opened, nor answered, and another agent is served', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, hostile, device, provider } = cast;
    const flooder = await boris(cast);
    await flooder.hello();
    const topic = `${agent.base}/d/${device.id}/dn/boris`, hello = hostile.of('dn').at(-1).payload;
    assert.ok(hostile.of('dn').at(-1).topic.endsWith('/boris'));
    const answers = () => hostile.of('a').filter((packet) => packet.topic.includes('/a/boris/')).length;
    const before = answers(), memoryBefore = memory(device.pid).own, from = clock();
    let on = true, sent = 0;
    // As fast as the broker takes it: each is a good hello, which would cost a challenge.
    const flood = (async () => { while (on) { await Promise.all(Array.from({ length: 50 }, () => hostile.send({ to: 'devices', topic, payload: hello }))); sent += 50; } })();
    for (let i = 0; i < 4; i++) {
      const asked = await agent.request();
      assert.equal((await provider.deny()).request, asked);
      assert.equal((await agent.denial()).reason, 'denied');
      provider.forgive();
    }
    await granted(cast);
    provider.stopSession();
    await over(cast, 'person', 'stopped');
    await until('a flood', () => sent > 1000 && clock() - from > 3000, { ms: 30000 });
    on = false;
    await flood;
    await agent.hello();
    const seconds = (clock() - from) / 1000, told = answers() - before;
    assert.ok(told <= 64 + 4 * (seconds + 1), `${told} challenges to ${sent} hellos in ${seconds.toFixed(1)} s`);
    assert.ok(memory(device.pid).own - memoryBefore < 4096);
    flooder.broken.splice(0); // challenges to its old hello, again and again
    const refused = (await records(device)).filter(({ event }) => event === 'refused');
    assert.deepEqual([...new Set(refused.map(({ agent: of, reason }) => `${of} ${reason}`))], ['boris too-many']);
    assert.ok(refused.length <= 40);
    // It is no ban: a little later it may ask like anybody.
    await sleep(1500);
    flooder.messages.splice(0);
    await flooder.hello();
  });

  story('attack 29: a flood of forged revocations is looked at in part only, and a real one afterwards holds', async ({ rig }) => {
    const cast = await stage(rig, { env: { ORIEL_DEBUG: '1' } });
    const { agent, hostile, device } = cast;
    const topic = `${agent.base}/v/fill-cap/revoked`, key = pair(), from = clock();
    const forged = forgeJws(JSON.stringify({ iss: 'fill-cap', iat: 1, epoch: 4000000000, keys: [] }), key, 'oriel-revoked+jwt', {});
    for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 50 }, () => hostile.send({ to: 'devices', topic, payload: forged })));
    await silence(cast);
    const seconds = (clock() - from) / 1000, log = readFileSync(join(device.directory, 'orield.log'), 'utf8');
    const looked = log.split('\n').filter((line) => /is not taken: signed by no key/.test(line)).length;
    assert.ok(looked > 0 && looked <= 64 + 4 * (seconds + 1), `${looked} were verified in ${seconds.toFixed(1)} s`);
    await sleep(1500);
    await hostile.agents.revoke('fill-cap', { key: agent.own.kid });
    await until('the real one', async () => (await records(device)).some(({ event }) => event === 'revocation'));
    assert.equal((await denied(agent)).reason, 'revoked');
    await noPicture(cast);
  });

  story('attack 30: an agent that is revoked in mid-session is out within 30 s, by the broker and by a file', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, hostile, provider, device } = cast;
    const receiver = await rig.receiver();
    await receiver.watchDevice(agent, () => provider.allow());
    await receiver.picture();
    await provider.next('session live');
    let from = Date.now();
    await hostile.agents.revoke('fill-cap', { key: agent.own.kid });
    await over(cast, 'device', 'revoked', { ms: 30000 });
    const took = [Date.now() - from];
    await noMorePackets(receiver);
    assert.equal((await denied(agent)).reason, 'revoked');
    assert.ok((await records(device)).some(({ event, vendor }) => event === 'revocation' && vendor === 'fill-cap'));
    // The other vendor is not concerned; its list comes as a file, and raises the epoch.
    const other = await boris(cast);
    await granted({ ...cast, agent: other });
    from = Date.now();
    writeFileSync(join(device.etc, 'trust.d', 'nozzles.revoked'), hostile.agents.keys.revoke('nozzles'));
    await over({ ...cast, agent: other }, 'device', 'revoked', { ms: 30000 });
    took.push(Date.now() - from);
    assert.equal((await denied(other)).reason, 'revoked');
    assert.ok(Math.max(...took) < 30000);
    console.log(`revoked to ended: ${took[0]} ms by the broker, ${took[1]} ms by a file`);
  });

  story('the broker never reads a name, a reason, an SDP or a candidate', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, hostile, provider } = cast;
    const { offer } = await granted(cast);
    await agent.next('ice');
    await agent.sequenced('ice', { candidate: 'candidate:1 1 udp 2122260223 127.0.0.1 40404 typ host', mline: 0 });
    provider.stopSession();
    await over(cast, 'person', 'stopped');
    assert.ok(hostile.of('dn').length >= 3 && hostile.of('a').length >= 4 && hostile.of('state').length);
    for (const words of ['Anna', 'Weber', 'Fill & Cap', 'Filler 1', 'BF-200', 'Hall 3', '4.2.1', 'Capper', 'candidate:', '127.0.0.1', 'a=fingerprint', offer.sdp.split('\r\n')[1], FINGERPRINT, agent.session, agent.nonce, agent.credential.slice(0, 40)])
      assert.ok(!hostile.reads(words), `the broker read "${words}"`);
    // That it would be found is shown by what a broker does see.
    for (const words of ['filler-1', 'ECDH-ES', 'presence']) assert.ok(hostile.reads(words), words);
  });
});
