// The attacks of the threat model on identity, consent and session, by number, with a hostile broker in between (rig/attacked.mjs);
// those on what the broker carries are in attacks-broker.test.mjs.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { existsSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { FINGERPRINT } from '../rig/agent.mjs';
import { boris, denied, granted, noMorePackets, noPicture, nothingReceived, over, records, refusals, silence, stage, stillWorks } from '../rig/attacked.mjs';
import { flip, pair } from '../rig/jose.mjs';
import { alive, clock, memory, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const rewritten = (change) => (packet) => ({ ...packet, payload: Buffer.from(change(packet.payload.toString())) });
const part = (n, change) => (jwe) => jwe.split('.').map((text, i) => (i === n ? change(text) : text)).join('.');
const OTHER = Array(32).fill('AB').join(':');

const announcing = (text, fingerprint) => text.replace(/^(a=fingerprint:sha-256 ).*$/gm, `$1${fingerprint}`);

const ANSWERS = {
  'two of them': (text) => text.replace(/^(a=fingerprint:.*)$/m, `$1\r\na=fingerprint:sha-256 ${OTHER}`),
  'another one': (text) => announcing(text, OTHER),
  'md5': (text) => text.replace(/^a=fingerprint:.*$/gm, `a=fingerprint:md5 ${Array(16).fill('AB').join(':')}`),
  'sha-1': (text) => text.replace(/^a=fingerprint:.*$/gm, `a=fingerprint:sha-1 ${Array(20).fill('AB').join(':')}`),
  'sha-1 beside the good one': (text) => text.replace(/^(a=fingerprint:.*)$/m, `$1\r\na=fingerprint:sha-1 ${Array(20).fill('AB').join(':')}`),
  'none': (text) => text.replace(/^a=fingerprint:.*\r\n/gm, ''),
};

const FORGED = {
  'alg none': { header: { alg: 'none' } }, 'alg HS256 with the public key': { header: { alg: 'HS256' } }, 'alg ES384': { header: { alg: 'ES384' } },
  'a key of its own in the header': { header: { jwk: pair().jwk } }, 'another typ': { header: { typ: 'JWT' } }, 'no kid': { header: { kid: null } },
  'crit': { header: { crit: ['exp'] } }, 'zeros as signature': { signature: (bytes) => Buffer.alloc(bytes.length) }, 'no signature': { signature: () => Buffer.alloc(0) },
};

// Debian: package faketime.
const FAKETIME = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'].map((folder) => `${folder}/faketime/libfaketimeMT.so.1`).find((file) => existsSync(file));

// The UDP sockets of a process: [{local, remote}], as /proc/net has them (little-endian hex).
function sockets(pid) {
  const inodes = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => { try { return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]; } catch { return undefined; } }));
  return ['udp', 'udp6', 'raw', 'raw6', 'tcp', 'tcp6'].flatMap((protocol) => readFileSync(`/proc/${pid}/net/${protocol}`, 'utf8').trim().split('\n').slice(1)
    .map((line) => line.trim().split(/\s+/)).filter((fields) => inodes.has(fields[9])).map(([, local, remote]) => ({ protocol, local: local.split(':')[0], remote: remote.split(':')[0] })));
}

async function listener(type, address) {
  const socket = createSocket(type);
  socket.packets = 0;
  socket.on('message', () => { socket.packets++; });
  await new Promise((resolve, reject) => socket.once('error', reject).bind(0, address, resolve));
  return socket;
}

// The first two wait for the end of the shortest session there is, half a minute; the others pass by meanwhile.
describe('attacks', { concurrency: 3 }, () => {
  story('attack 16: the clock is moved either way: the session ends when it was to end', { skip: !FAKETIME && 'needs libfaketime (Debian: faketime)' }, async ({ rig, t }) => {
    const file = rig.path('wall-clock');
    const move = (text) => { writeFileSync(`${file}.new`, text); renameSync(`${file}.new`, file); };
    move('+0');
    const cast = await stage(rig, { env: { LD_PRELOAD: FAKETIME, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' } });
    const { agent, provider, device } = cast;
    t.after(() => { for (const name of ['faketime_shm', 'sem.faketime_sem']) rmSync(`/dev/shm/${name}_${device.pid}`, { force: true }); }); // which it leaves
    const call = async (note) => { // a record, to see the device's own time
      provider.send({ t: 'call', note });
      const { time } = await until('the record', async () => (await records(device)).find((one) => one.note === note));
      return (Date.parse(time) - Date.now()) / 3600000;
    };
    const receiver = await rig.receiver();
    const asked = clock(); // the time runs from the grant, between the two
    await receiver.watchDevice(agent, () => provider.allow(), { seconds: 30 });
    const from = clock();
    await receiver.picture();
    assert.ok(Math.abs(await call('as it is')) < 0.01);
    for (const [offset, hours] of [['+48h', 48], ['-48h', -48]]) {
      move(offset);
      await sleep(1000);
      assert.ok(Math.abs(await call(offset) - hours) < 0.01, `the clock was not moved by ${offset}`);
      const { status, session } = await device.status();
      assert.equal(status, 'live');
      assert.ok(session.left > 28 - (clock() - asked) / 1000 && session.left < 32 - (clock() - from) / 1000, `${session.left} s left`);
      // What is asked by such a clock is another matter: a credential holds by wall time, so nothing new begins.
      assert.equal((await denied(agent)).reason, 'not-allowed');
    }
    await over(cast, 'device', 'expired', { ms: 32000 });
    assert.ok(clock() - asked > 29500 && clock() - from < 34000, `${clock() - asked}, ${clock() - from} ms`);
  });

  story('attack 18: the time is over while the broker is away: the session ends on time', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, hostile, provider, device } = cast;
    const receiver = await rig.receiver();
    const asked = clock(); // the time runs from the grant, between the two
    await receiver.watchDevice(agent, () => provider.allow(), { seconds: 30 });
    const from = clock();
    await receiver.picture();
    await Promise.all([hostile.devices.stop(), hostile.agents.stop()]);
    await until('the device to notice', async () => !(await device.status()).online);
    const { frames } = await receiver.state();
    await until('pictures, all the same', async () => (await receiver.state()).frames > frames + 10);
    await over(cast, 'device', 'expired', { ms: 32000, told: false });
    assert.ok(clock() - asked > 29500 && clock() - from < 34000, `${clock() - asked}, ${clock() - from} ms`);
    await noMorePackets(receiver);
  });

  story('attack 1: a fingerprint that was swapped on the way fails by the signature, no media process runs', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, hostile, device, provider } = cast;
    // By a broker, which can change bytes only.
    const changes = { header: part(0, flip), iv: part(2, flip), text: part(3, flip), tag: part(4, flip), cut: (jwe) => jwe.slice(0, -20) };
    for (const [what, change] of Object.entries(changes)) {
      await agent.hello();
      hostile.on('dn', rewritten((jwe) => { const other = change(jwe); assert.notEqual(other, jwe, what); return other; }));
      await agent.send(agent.requestMessage());
      hostile.honest();
      await silence(cast);
    }
    // By somebody who could even open the seal.
    await agent.hello();
    await agent.send(agent.requestMessage(), { jws: { payload: (text) => text.replace(FINGERPRINT, OTHER) } });
    await silence(cast);
    assert.ok((await refusals(device)).filter((reason) => reason === 'unverified').length >= 6);
    assert.equal(provider.packets.filter(({ t }) => t === 'ask').length, 0);
    await noPicture(cast);
    // What the device says in answer can't be swapped either: the agent believes no word of it.
    await agent.request();
    hostile.on('a', rewritten(part(3, flip)));
    await provider.allow();
    await until('the agent to see through it', () => agent.broken.length >= 3); // progress, grant, offer
    assert.ok(agent.messages.every(({ typ }) => typ === 'state' || typ === 'challenge'));
    agent.broken.splice(0);
    hostile.honest();
    provider.stopSession();
    await over(cast, 'person', 'stopped', { told: false });
    assert.ok(!(await records(device)).some(({ event }) => event === 'live'));
    // What was changed on its way comes before the answer to this.
    const asked = await agent.sendHello();
    await until('a challenge', () => agent.messages.some(({ hello }) => hello === asked));
    agent.broken.splice(0);
    await stillWorks(cast);
  });

  story('attack 2: the right SDP and another certificate: media exits before any RTP', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, provider, device } = cast;
    const receiver = await rig.receiver();
    const used = await receiver.certificate(), announced = await receiver.certificate();
    await receiver.watchDevice(agent, () => provider.allow(), { fingerprint: announced, certificate: 0, sdp: (text) => { assert.ok(text.includes(used)); return announcing(text, announced); } });
    await over(cast, 'device', 'fingerprint', { ms: 15000 });
    await nothingReceived(receiver);
    assert.ok(!(await records(device)).some(({ event }) => event === 'live'));
  });

  story('attack 3: two fingerprints, md5, sha-1 or none are refused', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, provider, device } = cast;
    const receiver = await rig.receiver();
    for (const [what, change] of Object.entries(ANSWERS)) {
      await receiver.watchDevice(agent, () => provider.allow(), { sdp: (text) => { const other = change(text); assert.notEqual(other, text, what); return other; } });
      await over(cast, 'device', ['two of them', 'another one'].includes(what) ? 'fingerprint' : 'protocol').catch((error) => { throw new Error(`${what}: ${error.message}`); });
      await nothingReceived(receiver);
    }
    assert.ok(!(await records(device)).some(({ event }) => event === 'live'));
    const starts = device.captures();
    // In the request, nobody is even asked.
    for (const fingerprint of ['', 'sha-1', Array(20).fill('AB').join(':'), `${OTHER} ${OTHER}`, OTHER.toLowerCase()]) {
      await agent.request({ fingerprint });
      assert.equal((await agent.denial()).reason, 'malformed', fingerprint);
    }
    assert.equal(device.captures(), starts);
    // That it was for the fingerprint alone: as it is, the same answer is good.
    await receiver.watchDevice(agent, () => provider.allow());
    await receiver.picture();
    provider.stopSession();
    await over(cast, 'person', 'stopped');
  });

  story('attack 4: a replayed request, grant or SDP, also after a restart of orield, is refused', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, hostile, device, provider } = cast;
    const { grant } = await granted(cast);
    await agent.sequenced('sdp', { type: 'answer', sdp: 'v=0\r\n' }, agent.session); // no answer at all: the session ends by it
    await over(cast, 'device', 'protocol');
    const before = { device: hostile.of('dn'), agent: hostile.of('a') };
    const replay = async (packets) => { for (const packet of packets) await hostile.send({ ...packet, retain: false }); };
    const count = (await records(device)).length;
    const starts = device.captures();
    // Every message of the first session again, twice, and backwards.
    agent.messages.splice(0);
    await replay([...before.device, ...before.device.toReversed()]);
    const { hash } = await agent.next(({ typ, reason }) => typ === 'denial' && reason === 'expired').then((denial) => ({ hash: denial.request }));
    assert.equal(hash, agent.asked);
    await sleep(300);
    assert.equal(provider.packets.filter(({ t }) => t === 'ask').length, 0);
    assert.equal(device.captures(), starts);
    assert.deepEqual((await records(device)).slice(count).filter(({ event }) => event !== 'refused'), []);
    assert.ok((await refusals(device)).includes('expired'));
    // In the middle of a second session they do it no harm, and the old grant and offer don't pass for the new ones.
    agent.messages.splice(0);
    agent.sequences.clear();
    await agent.request();
    await replay(before.agent);
    await replay(before.device);
    await provider.allow();
    const second = await agent.grant();
    assert.notEqual(second.session, grant.session);
    assert.notEqual(second.request, grant.request);
    await agent.offer();
    await replay(before.agent);
    await replay(before.device);
    await agent.hello(); // answered, so all before it was read
    assert.equal((await device.status()).session.session, second.session);
    agent.messages.splice(0);
    assert.equal((await device.oriel('stop')).code, 0);
    await over(cast, 'local', 'stopped');
    // After a restart nothing of it can even be opened, but for a hello, which starts nothing.
    assert.equal((await device.process.stop()).code, 0);
    await agent.whenState((state) => !state.online);
    agent.messages.splice(0);
    await device.run();
    const person = await rig.provider(device);
    await device.online();
    await agent.whenState((state) => state.online && state.consent);
    agent.messages.splice(0);
    const from = (await records(device)).length;
    await replay(before.device);
    await agent.hello();
    assert.ok(agent.messages.every(({ typ }) => typ === 'state' || typ === 'challenge'));
    const after = (await records(device)).slice(from);
    assert.deepEqual([...new Set(after.map(({ event, reason }) => `${event} ${reason}`))], ['refused unverified']);
    assert.equal(person.packets.filter(({ t }) => t === 'ask').length, 0);
    assert.equal(device.captures(), 2);
    await stillWorks({ agent, provider: person });
  });

  story('attack 5: alg none, HS256, ES384, a jwk header, a wrong typ or an empty signature is refused', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, device } = cast;
    // In the credential: its agent is told.
    for (const [what, forgery] of Object.entries(FORGED)) {
      const credential = agent.forgeCredential({}, { forgery });
      if (credential.endsWith('.')) { // not even of the form of one: the hello breaks its schema, and nobody has proved anything
        await agent.sendHello({ credential });
        await silence(cast);
        continue;
      }
      const denial = await denied(agent, { credential });
      assert.equal(denial.reason, 'not-allowed', `${what}: ${JSON.stringify(denial)}`);
    }
    // In what proves the sender: nobody can be told.
    for (const [what, forgery] of Object.entries(FORGED)) {
      await agent.sendHello({}, { jws: forgery });
      await agent.hello();
      agent.asked = await agent.send(agent.requestMessage(), { jws: forgery });
      // But for who signed well, and another thing than it is.
      if (what === 'another typ') assert.equal((await agent.denial()).reason, 'malformed');
      else await silence(cast);
    }
    for (const jwe of [{ header: { alg: 'ECDH-ES+A256KW' } }, { header: { enc: 'A128GCM' } }, { header: { zip: 'DEF' } }, { header: { crit: ['b64'] } }, { header: { apu: 'QQ' } }]) {
      await agent.hello();
      await agent.send(agent.requestMessage(), { jwe });
      await silence(cast);
    }
    const reasons = await refusals(device);
    assert.ok(reasons.includes('not-allowed') && reasons.includes('unverified'), String(reasons));
    await noPicture(cast);
    await stillWorks(cast);
  });

  story('attack 6: duplicate keys, depth bombs, NUL, overlong UTF-8 and 2^64 are refused in bounded memory', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, device, hostile } = cast;
    await agent.hello();
    const good = JSON.stringify(agent.requestMessage()), with_ = (text) => good.replace('"v":1', text);
    const hostileJson = [
      with_('"v":1,"v":1'), with_('"v":1,"seconds":60'), with_(`"v":1,"x":${'['.repeat(4000)}${']'.repeat(4000)}`), with_(`"v":1,"x":${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`),
      with_('"v":18446744073709551616'), with_('"v":1e400'), good.replace('Capper', '\\u0000Capper'), Buffer.from(good.replace('Capper', 'Ca\0er')),
      Buffer.concat([Buffer.from(good.replace(/Capper.*/s, '')), Buffer.from([0xc0, 0xaf]), Buffer.from(good.replace(/.*Capper/s, ''))]),
      `${good}${good}`, good.slice(0, -1), `\ufeff${good}`,
    ];
    const own = () => memory(device.pid).own;
    for (let round = 0, before; round < 8; round++) {
      if (round === 2) before = own();
      await agent.hello();
      for (const text of hostileJson) await agent.send(text, { typ: 'oriel-request+jws' });
      for (const payload of ['', '{', '['.repeat(60000), `${'A'.repeat(20000)}....`, '\0'.repeat(500), `${Buffer.from(`${'{"a":'.repeat(5000)}`).toString('base64url')}....`])
        await hostile.send({ to: 'devices', topic: `${agent.base}/d/${device.id}/dn/anna`, payload: Buffer.from(payload) });
      await agent.hello();
      if (round === 7) assert.ok(own() - before < 1024, `orield grew by ${own() - before} KiB`);
    }
    assert.deepEqual(agent.messages.filter(({ typ }) => !['state', 'challenge', 'denial'].includes(typ)), []);
    const reasons = new Set(await refusals(device));
    assert.ok([...reasons].every((reason) => ['unverified', 'malformed'].includes(reason)) && reasons.size, [...reasons].join());
    await noPicture(cast);
    await stillWorks(cast);
  });

  story('attack 7: one vendor under the name of another, homoglyphs and bidi: the verified label alone is shown', async ({ rig }) => {
    const cast = await stage(rig);
    const { device, provider, hostile } = cast;
    const agent = await boris(cast);
    const vendor = hostile.agents.keys.vendor('nozzles'), key = pair(hostile.agents.keys.key(vendor, 'vendor.key'));
    // Its own key under the other's id; an id that looks like it; one that is unknown.
    for (const iss of ['fill-cap', 'fill-сap', 'fiIl-cap', 'fill-cap ', '../fill-cap', 'stranger']) {
      const denial = await denied(agent, { credential: agent.forgeCredential({ iss }, { by: key }) });
      assert.equal(denial.reason, 'not-allowed', `${iss}: ${JSON.stringify(denial)}`);
    }
    // A claim more, to be taken for the label.
    assert.equal((await denied(agent, { credential: agent.forgeCredential({ label: 'Fill & Cap GmbH' }) })).reason, 'not-allowed');
    assert.equal((await refusals(device)).filter((reason) => reason === 'not-allowed').length, 7);
    // A name may be anything that the vendor signs: beside it stands who that vendor is.
    for (const name of ['Fіll & Cap GmbH', 'Anna Weber · Fill & Cap GmbH', '\u202eHbmG paC & lliF\u202c', 'Anna\u200b\u2066 Weber\u2069\u0007']) {
      await agent.hello({ credential: agent.forgeCredential({ name }) });
      agent.asked = await agent.send(agent.requestMessage());
      const ask = await provider.asked();
      assert.equal(ask.company, 'Nozzle Works AG');
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(ask.agent + ask.reason, /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
      provider.decide(ask, false);
      assert.equal((await agent.denial()).reason, 'denied');
      provider.forgive();
    }
    assert.ok((await records(device)).filter(({ event }) => event === 'request').every(({ vendor: of }) => of === 'nozzles'));
    // The state that is sealed for one vendor is none of the other's business.
    assert.deepEqual(cast.agent.vendors.toSorted(), ['fill-cap', 'nozzles']);
    await noPicture(cast);
  });

  story('attack 8: scopes over the maximum of the vendor are clipped, or refused where the owner said so, and recorded', async ({ rig }) => {
    const cast = await stage(rig);
    const { device, provider } = cast;
    // The builder has all three.
    assert.deepEqual((await granted(cast, { scopes: ['view', 'camera', 'voice'] })).grant.scopes, ['view', 'camera', 'voice']);
    provider.stopSession();
    await over(cast, 'person', 'stopped');
    // The other has view, whatever its own credential says.
    const agent = await boris(cast);
    agent.credential = agent.forgeCredential({ scopes: ['view', 'camera', 'voice'] });
    const { ask, grant } = await granted({ ...cast, agent }, { scopes: ['camera', 'view', 'voice'], seconds: 28800 });
    assert.deepEqual([ask.scopes, ask.seconds, ask.company], [['view'], 900, 'Nozzle Works AG']);
    assert.deepEqual([grant.scopes, grant.seconds], [['view'], 900]);
    const record = (await records(device)).filter(({ event }) => event === 'grant').at(-1);
    assert.deepEqual([record.scopes, record.vendor, record.agent], [['view'], 'nozzles', 'boris']);
    provider.stopSession();
    await over({ ...cast, agent }, 'person', 'stopped');
    const starts = device.captures();
    await agent.request({ scopes: ['camera'] });
    assert.equal((await agent.denial()).reason, 'not-allowed');
    // The credential's own maximum holds as well.
    agent.credential = agent.enrolled.credential;
    // Where an over-ask is to be refused.
    const file = join(device.etc, 'trust.d', 'nozzles.json');
    writeFileSync(`${file}.new`, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), over_ask: 'refuse' }));
    renameSync(`${file}.new`, file);
    await agent.request({ scopes: ['view', 'camera'] });
    const denial = await agent.denial();
    assert.equal(denial.reason, 'not-allowed');
    assert.match(denial.detail, /scopes/);
    assert.deepEqual(await refusals(device), ['not-allowed', 'not-allowed']);
    assert.equal(device.captures(), starts);
  });

  story('attack 9: a control message under a grant to view is dropped, and the session ends', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, provider, device } = cast;
    const receiver = await rig.receiver();
    // By an agent that may have control, and was granted view: what counts is the grant.
    await receiver.watchDevice(agent, () => provider.allow());
    await receiver.picture();
    await receiver.channel();
    // No message of the exchange is one of control; the session goes on.
    agent.asked = await agent.send({ v: 1, typ: 'control', session: agent.session, seq: 99, key: 'KeyA', down: true });
    assert.equal((await agent.denial()).reason, 'malformed');
    assert.equal((await device.status()).status, 'live');
    await receiver.page.evaluate(() => window.rig.channel.send(JSON.stringify({ t: 'key', code: 'KeyA', down: true })));
    await over(cast, 'device', 'protocol');
    const all = await records(device);
    assert.deepEqual(all.find(({ event }) => event === 'grant').scopes, ['view']);
    assert.match(all.at(-1).detail, /that the protocol does not have/);
    await noMorePackets(receiver);
  });

  story('attack 15: a decision for another request is a no', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, provider, device } = cast;
    await agent.request();
    const first = await provider.deny();
    assert.equal((await agent.denial()).reason, 'denied');
    // A yes to the one before, while the person looks at this one.
    await agent.request();
    await provider.asked();
    provider.decide(first, true);
    assert.equal((await agent.denial()).reason, 'provider-invalid');
    const decisions = (await records(device)).filter(({ event }) => event === 'decision');
    assert.deepEqual(decisions.map(({ allow, reason }) => [allow, reason]), [[false, 'denied'], [false, 'provider-invalid']]);
    await noPicture(cast);
  });

  // A process of its own that stops media within 100 ms whatever core does is not there yet. What holds without it: a stop
  // is not lost, and core's end is the end of all that it started.
  story('attack 17: a stop while core is suspended acts at once, core tells it as soon as it goes on, and killing core kills all', async ({ rig }) => {
    const cast = await stage(rig);
    const { device, provider } = cast;
    await granted(cast);
    device.process.signal('SIGSTOP');
    const { code, stdout, stderr } = await device.oriel('stop');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^stopped/);
    assert.match(stderr, /does not answer/);
    assert.equal(device.picture().length, 0);
    device.process.signal('SIGCONT');
    // Core has not heard the person's HMI meanwhile, either: whichever it looks at first.
    const { by, reason } = await provider.next('session ended');
    assert.ok(['local stopped', 'device provider-lost'].includes(`${by} ${reason}`), `${by} ${reason}`);
    await cast.agent.ended();
    assert.equal((await records(device)).at(-1).event, 'end');
    const person = provider.closed ? await rig.provider(device) : provider;
    await cast.agent.whenState(({ status, consent }) => status === 'ready' && consent);
    await granted({ ...cast, provider: person });
    const helpers = device.helpers().map(({ pid }) => pid);
    device.process.signal('SIGSTOP');
    device.mayDie = true;
    device.process.signal('SIGKILL');
    await until('all of it to die', () => !helpers.some((pid) => alive(pid)));
    await until('the provider to know', () => person.closed);
    // The record does not say that it ended; the next start does.
    assert.ok(['grant', 'media-start'].includes((await records(device)).at(-1).event));
  });

  story('attack 19: the broker keeps a revocation to itself: stopping at the device works, and so does the file', async ({ rig }) => {
    const cast = await stage(rig);
    const { agent, hostile, device } = cast;
    hostile.on('revoked', () => []);
    await granted(cast);
    const list = await hostile.agents.revoke('fill-cap', { key: agent.own.kid });
    await until('the broker to hold it back', () => hostile.of('revoked').length);
    await sleep(300);
    assert.equal((await device.status()).status, 'live');
    const { code, stderr } = await device.oriel('stop');
    assert.equal(code, 0, stderr);
    await over(cast, 'local', 'stopped');
    // By hand, beside the trust file: then the agent can't ask any more.
    const starts = device.captures();
    writeFileSync(join(device.etc, 'trust.d', 'fill-cap.revoked'), list);
    assert.equal((await denied(agent)).reason, 'revoked');
    assert.ok((await refusals(device)).includes('revoked'));
    assert.equal(device.captures(), starts);
  });

  story('attack 20: remote candidates of the LAN, of IPv6 or by name: no packet leaves', async ({ rig, t }) => {
    const cast = await stage(rig);
    const { agent, provider, device } = cast;
    const receiver = await rig.receiver();
    const near = await listener('udp4', '127.0.0.1'), six = await listener('udp6', '::1').catch(() => null);
    t.after(() => { near.close(); six?.close(); });
    await agent.request({ fingerprint: await receiver.certificate() });
    await provider.allow();
    await agent.grant();
    const { sdp } = await agent.offer();
    await agent.sequenced('sdp', { type: 'answer', sdp: (await receiver.answer(sdp)).replace(/^a=candidate:.*\r\n/gm, '') });
    const addresses = [['10.255.255.1', 9], ['192.168.1.1', 9], ['169.254.169.254', 80], ['224.0.0.251', 5353], ['fe80::1', 9], ['2001:db8::1', 9], ['::1', six?.address().port ?? 9], [`::ffff:127.0.0.1`, near.address().port],
      ['8f4e2a9c.local', 9], ['localhost', near.address().port], ['broker.example.com', 9]];
    const send = ([address, port], i) => agent.sequenced('ice', { candidate: `candidate:${i} 1 udp ${2122260223 - i} ${address} ${port} typ host`, mline: 0 });
    for (const [i, address] of addresses.entries()) await send(address, i);
    const { pid } = device.helper('oriel-media'), seen = new Set();
    for (const end = clock() + 2000; clock() < end; await sleep(2)) for (const { protocol, local, remote } of sockets(pid)) seen.add(`${protocol} ${local} ${remote}`);
    // All that it could ever send from is 127.0.0.1, and from there the kernel lets nothing out.
    assert.deepEqual([...seen], ['udp 0100007F 00000000']);
    const probe = await listener('udp4', '127.0.0.1');
    await assert.rejects(new Promise((resolve, reject) => probe.send('x', 9, '10.255.255.1', (error) => (error ? reject(error) : resolve()))), /EINVAL|ENETUNREACH/);
    probe.close();
    assert.deepEqual([near.packets, six?.packets ?? 0], [0, 0]);
    // That it does try what it may is seen at an address of its own kind.
    await send(['127.0.0.1', near.address().port], 50);
    await until('a STUN request', () => near.packets > 0);
    assert.equal(six?.packets ?? 0, 0);
    provider.stopSession();
    await over(cast, 'person', 'stopped');
    assert.ok(!(await records(device)).some(({ event }) => event === 'live'));
  });
});
