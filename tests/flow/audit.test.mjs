// The record of a step is on the disk before the step takes effect; when it can't be written there is no session.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Device, keyFile } from '../rig/device.mjs';
import { clock, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const events = (device) => device.course();

story('each step is recorded before it takes effect', async ({ rig }) => {
  const { device, agent, provider } = await rig.cast();
  assert.deepEqual(events(device), ['boot']);
  const asked = await agent.request();
  const ask = await provider.next('ask');
  assert.deepEqual(events(device), ['boot', 'request']);
  provider.send({ t: 'shown', request: ask.request });
  await agent.next('progress');
  assert.deepEqual(events(device), ['boot', 'request', 'prompt']);
  provider.decide(ask, false);
  await agent.denial();
  const records = device.audit();
  assert.deepEqual(events(device), ['boot', 'request', 'prompt', 'decision']);
  records.forEach((record, i) => {
    assert.equal(record.seq, i + 1);
    assert.match(record.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    assert.ok(record.boot_time > 0);
  });
  const [, request] = records;
  assert.deepEqual([request.request, request.vendor, request.agent, request.name, request.reason, request.seconds],
    [asked, 'fill-cap', 'anna', 'Anna Weber', 'Capper jams – may I look?', 600]);
  // For its owner's eyes only.
  assert.equal(statSync(device.auditFile).mode & 0o777, 0o600);
});

story('oriel audit show and oriel sessions tell it to people', async ({ rig }) => {
  const { device, agent, provider } = await rig.cast();
  await agent.request();
  await provider.deny();
  await agent.denial();
  for (const args of [['--config', device.file, 'audit', 'show'], ['audit', 'show', '--directory', dirname(device.auditFile)]]) {
    const { code, stdout, stderr } = await device.oriel(...args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Anna Weber/);
    assert.match(stdout, /denied/);
  }
  const json = await device.oriel('audit', 'show', '--json', '--directory', dirname(device.auditFile));
  assert.deepEqual(json.stdout.trim().split('\n').map((line) => JSON.parse(line)), device.audit());
  for (const [filter, found] of [[['--vendor', 'fill-cap'], true], [['--vendor', 'another'], false], [['--agent', 'anna', '--outcome', 'denied'], true],
    [['--outcome', 'stopped'], false], [['--since', '2020'], true], [['--until', '2020'], false]]) {
    const { code, stdout, stderr } = await device.oriel('audit', 'show', '--config', device.file, ...filter);
    assert.equal(code, 0, stderr);
    assert.equal(stdout.includes('Anna Weber'), found, `${filter.join(' ')}: ${stdout}`);
    assert.ok(found || !stdout.includes('request'), filter.join(' '));
  }
  const unknown = await device.oriel('audit', 'show', '--vkey', 'x');
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /'--vkey' does not belong here/);
  const sessions = await device.oriel('sessions', '--directory', dirname(device.auditFile));
  assert.equal(sessions.code, 0, sessions.stderr);
  assert.match(sessions.stdout, /Anna Weber|anna/);
});

// A disk of 64 KiB for the log alone: a tmpfs in a mount namespace of orield's own. Without root, one of a user namespace.
const apart = ['unshare', ...(process.getuid() === 0 ? [] : ['--map-root-user']), '--mount', '--'];
const smallDisk = { skip: spawnSync(apart[0], [...apart.slice(1), 'true']).status !== 0 && 'needs root, or user namespaces for everybody' };
async function onSmallDisk(rig) {
  const broker = await rig.broker();
  const directory = rig.path('log');
  mkdirSync(directory, { recursive: true });
  const device = rig.own(await Device.start(rig.path('device'), { broker, watch: true, config: { audit: { directory } },
    wrap: [...apart, 'sh', '-c', 'dir=$1; shift; mount -t tmpfs -o size=64k,mode=700 tmpfs "$dir" && exec "$@"', 'sh', directory] }));
  const provider = await rig.provider(device);
  await device.online();
  const agent = await rig.agent(broker);
  await agent.whenState((state) => state.consent);
  const inside = join(`/proc/${device.pid}/root`, directory);
  device.auditFile = join(inside, 'audit.jsonl');
  const filler = join(inside, 'filler');
  const fill = () => {
    for (const size of [65536, 4096, 512, 64, 1]) {
      try { for (;;) appendFileSync(filler, Buffer.alloc(size)); } catch (error) { assert.equal(error.code, 'ENOSPC'); }
    }
    // The log's own last page may have room for a few records more.
  };
  return { device, provider, agent, fill, free: () => rmSync(filler, { force: true }) };
}

story('disk full: no request is even shown, and it works again when there is room', smallDisk, async ({ rig }) => {
  const cast = await onSmallDisk(rig);
  const { device, provider, agent, fill, free } = cast;
  fill();
  // Each request that is still recorded is denied by the person at once.
  provider.process.onLine = ((before) => (line) => {
    before(line);
    const packet = line.startsWith('{') && JSON.parse(line);
    if (packet?.t === 'ask') { provider.send({ t: 'shown', request: packet.request }); provider.send({ t: 'decision', request: packet.request, allow: false }); }
  })(provider.process.onLine);
  let denial;
  for (let i = 0; i < 60 && denial?.reason !== 'audit'; i++) {
    provider.forgive();
    await agent.request();
    denial = await agent.denial();
    assert.ok(['denied', 'audit'].includes(denial.reason), JSON.stringify(denial));
  }
  assert.equal(denial.reason, 'audit');
  assert.match(device.process.lines.map(({ text }) => text).join('\n'), /audit: .*No space left/);
  // The log still ends with a whole record.
  const text = readFileSync(device.auditFile, 'utf8');
  assert.ok(text.endsWith('}\n'));
  const before = device.audit().length;
  await until('the panel to be told', () => provider.packets.some(({ t, why }) => t === 'record' && /disk is full/.test(why)));
  assert.match((await device.oriel('status')).stdout, /every request is denied: the device's disk is full/);
  provider.packets.length = 0;
  await agent.request();
  assert.equal((await agent.denial()).reason, 'audit');
  assert.equal(provider.packets.filter(({ t }) => t === 'ask').length, 0, 'a request that is not recorded was shown');
  assert.equal(device.audit().length, before);
  free();
  provider.forgive();
  await agent.request();
  assert.equal((await agent.denial()).reason, 'denied');
  await until('the panel to be told that it can again', () => provider.packets.some(({ t, why }) => t === 'record' && why === ''));
  assert.deepEqual(device.audit().map(({ seq }) => seq), device.audit().map((_, i) => i + 1));
  assert.equal(device.captures(), 0);
});

// What room was kept ahead is taken by calls for support, which are recorded, too.
async function useUp(device, provider) {
  const seen = () => device.process.lines.some(({ text }) => /No space left/.test(text));
  let withdrawn;
  for (let i = 0; i < 60 && !seen(); i++) {
    provider.send({ t: 'call', note: 'x'.repeat(120) });
    const packet = await provider.next(({ t }) => t === 'call' || t === 'withdraw');
    if (packet.t === 'withdraw') withdrawn = packet;
    device.audit();
  }
  assert.ok(seen(), `the log never got full:\n${device.process.tail()}`);
  return withdrawn ?? provider.packets.find(({ t }) => t === 'withdraw');
}

story('disk full while the person is asked: the prompt is taken away, no session', smallDisk, async ({ rig }) => {
  const { device, provider, agent, fill } = await onSmallDisk(rig);
  await agent.request({ reason: 'x'.repeat(400) });
  const ask = await provider.asked();
  await agent.next('progress');
  fill();
  // As soon as it is known: a yes would come to nothing.
  const withdrawn = await useUp(device, provider) ?? await provider.next(({ t }) => t === 'withdraw');
  assert.equal(withdrawn.request, ask.request);
  provider.decide(ask, true);
  assert.equal((await agent.next((message) => message.typ === 'denial' && message.request === ask.request)).reason, 'audit');
  assert.equal(device.captures(), 0);
  assert.ok(!events(device).includes('grant'));
});

story('attack 25, disk full in a session: it is ended, and its end is on record all the same', smallDisk, async ({ rig }) => {
  const { device, provider, agent, fill } = await onSmallDisk(rig);
  await agent.request();
  await provider.allow();
  await until('the grant to the agent', () => events(device).includes('media-start'));
  fill();
  await useUp(device, provider);
  await until('an end on record', () => events(device).at(-1) === 'end');
  const end = device.audit().at(-1);
  assert.deepEqual([end.by, end.reason, end.detail], ['device', 'audit', "the device's disk is full"]);
  await until('the device to be ready again', async () => (await device.status()).status === 'ready');
  assert.deepEqual(device.picture(), []);
  await agent.request();
  const denial = await agent.denial();
  assert.deepEqual([denial.reason, denial.detail], ['audit', "the device's disk is full"]);
});

story('a log that was removed or replaced is noticed', async ({ rig }) => {
  const { device, agent } = await rig.cast();
  renameSync(device.auditFile, `${device.auditFile}.taken`);
  await agent.request();
  assert.equal((await agent.denial()).reason, 'audit');
  writeFileSync(device.auditFile, '');
  await agent.request();
  assert.equal((await agent.denial()).reason, 'audit');
  renameSync(`${device.auditFile}.taken`, device.auditFile);
  assert.equal(device.captures(), 0);
});

// ---- a disk that hangs ----

const running = (pids) => pids.filter((pid) => { try { return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8')); } catch { return false; } });

story('the disk hangs: nothing begins before its record is there, and stop acts at once', async ({ rig, t }) => {
  const { device, agent, provider } = await rig.cast({ device: { disk: true } });
  const media = (kind) => device.picture().filter(({ name }) => name === kind);

  // No grant, no picture while the record of the grant waits for the disk; the person's stop does not wait.
  await agent.request();
  const ask = await provider.asked();
  await agent.next('progress');
  device.disk('delay 5000');
  provider.decide(ask, true);
  await until('records that wait', () => device.unrecorded() > 0);
  assert.equal(device.captures(), 0);
  assert.ok(!readFileSync(device.auditFile, 'utf8').includes('"event":"grant"'));
  await device.oriel('stop');
  assert.equal((await agent.denial()).reason, 'cancelled');
  assert.ok(device.unrecorded() > 0, 'the disk was not slow enough for this test');
  device.disk('');
  await until('the end on record', () => events(device).at(-1) === 'end');
  assert.deepEqual(events(device).slice(-3), ['decision', 'grant', 'end']);
  assert.equal(device.captures(), 0, 'a picture without a grant on record');

  // A session lives; the disk hangs with a record of something else; the tap on the panel acts at once all the same.
  provider.forgive();
  await agent.whenState(({ status }) => status === 'ready');
  await agent.request();
  await provider.allow();
  await agent.grant();
  await provider.next('session starting');
  const { session } = device.audit().findLast(({ event }) => event === 'grant');
  assert.ok(media('oriel-media').length && media('oriel-capture').length);
  const pids = device.picture().map(({ pid }) => pid);
  device.disk('delay 5000');
  provider.send({ t: 'call', note: 'while it hangs' });
  await provider.next('call');
  await until('a record that waits', () => device.unrecorded() > 0);
  const from = clock();
  provider.send({ t: 'stop', session });
  await until('capture and media to be dead', () => running(pids).length === 0, { ms: 4000, every: 0 });
  const took = clock() - from;
  t.diagnostic(`a tap on stop to the helpers' death while fsync hangs: ${took.toFixed(0)} ms`);
  assert.ok(took < 4000, `${took} ms`); // 100 on a quiet machine; the disk takes 5000
  assert.equal((await agent.ended()).reason, 'stopped');
  assert.ok(device.unrecorded() > 0, 'the disk was not slow enough for this test');
  device.disk('');
  await until('the end on record', () => events(device).at(-1) === 'end');
  assert.equal((await device.oriel('audit', 'verify', '--config', device.file)).code, 0);
});

// Starts a device that is expected not to start; gives back what it said.
async function refusesToStart(rig, prepare) {
  const broker = await rig.broker();
  const device = await rig.device({ broker, start: false });
  rig.owned.pop();
  prepare(device);
  await device.run({ wait: false });
  const { code } = await device.process.exited;
  assert.equal(code, 1, device.process.tail());
  return device.process.tail();
}

story('no log, no device', async ({ rig }) => {
  assert.match(await refusesToStart(rig, (device) => { mkdirSync(dirname(dirname(device.auditFile)), { recursive: true }); writeFileSync(dirname(device.auditFile), 'a file in the place of the directory'); }), /audit: .*audit/);
  assert.match(await refusesToStart(rig, (device) => mkdirSync(device.auditFile, { recursive: true })), /audit\.jsonl/);
});

story('a second orield on the same log does not start', async ({ rig }) => {
  const { device, agent } = await rig.cast({ provider: null });
  const second = Object.assign(Object.create(Object.getPrototypeOf(device)), device);
  await second.run({ wait: false });
  assert.equal((await second.process.exited).code, 1);
  assert.match(second.process.tail(), /in use/);
  // The first one has kept its sockets.
  assert.equal((await device.status()).online, true);
  await agent.hello();
});

story('a torn last line is cut and that is recorded', async ({ rig }) => {
  const { device } = await rig.cast({ provider: null });
  assert.equal((await device.process.stop()).code, 0);
  const before = device.audit();
  appendFileSync(device.auditFile, '{"seq":99,"time":"20');
  await device.run();
  const after = device.audit();
  assert.deepEqual(after.slice(0, before.length), before);
  assert.deepEqual(after.slice(before.length).map(({ event }) => event), ['recovered', 'boot']);
  assert.deepEqual(after.map(({ seq }) => seq), after.map((_, i) => i + 1));
});

// What an administrator sees of it, and does about it.
async function tampered(device, agent, provider, before, what) {
  await agent.whenState((state) => state.consent && state.boot !== before);
  await agent.request();
  const denial = await agent.denial();
  assert.equal(denial.reason, 'audit');
  assert.match(denial.detail, /damaged; its administrator/);
  assert.equal(provider.packets.filter(({ t }) => t === 'ask').length, 0, 'a request was shown that could not be recorded');
  const found = await device.oriel('audit', 'verify', '--config', device.file);
  assert.equal(found.code, 1);
  assert.match(found.stderr, what);
}

for (const [name, damage, what] of [
  ['edited', (device) => writeFileSync(device.auditFile, readFileSync(device.auditFile, 'utf8').replace('Anna Weber', 'Anna Weder')), /audit\.jsonl, byte \d+: record 2 is not what was written/],
  ['truncated', (device) => truncateSync(device.auditFile, readFileSync(device.auditFile).lastIndexOf('\n', statSync(device.auditFile).size - 2) + 1), /ends after record \d+, but the checkpoint knows of \d+: its end was cut off/],
  ['deleted', (device) => rmSync(dirname(device.auditFile), { recursive: true }), /cannot read .*|there is no log/],
]) story(`attack 23, a log that was ${name}: it is found, sessions are refused until it is acknowledged`, async ({ rig }) => {
  const { device, agent, provider } = await rig.cast();
  await agent.request();
  await provider.deny();
  await agent.denial();
  assert.equal((await device.oriel('audit', 'verify', '--config', device.file)).code, 0);
  const { boot } = agent.state;
  assert.equal((await device.process.stop()).code, 0);
  await provider.process.stop();
  damage(device);
  await device.run();
  const again = await rig.provider(device);
  await tampered(device, agent, again, boot, name === 'deleted' ? /removed|no log/ : what);
  const done = await device.oriel('audit', 'acknowledge');
  assert.equal(done.code, 0, done.stderr);
  await agent.request();
  await again.deny();
  assert.equal((await agent.denial()).reason, 'denied');
  const acknowledged = device.audit()[0];
  assert.deepEqual([acknowledged.event, acknowledged.uid], ['acknowledged', process.getuid()]);
  const verified = await device.oriel('audit', 'verify', '--config', device.file);
  assert.equal(verified.code, 0, verified.stderr);
  assert.equal((await device.oriel('audit', 'acknowledge')).code, 1); // nothing more
  assert.equal((await device.process.stop()).code, 0);
  await device.run(); // and it stays acknowledged
  assert.ok(events(device).includes('boot'));
});

story('a session without an end becomes aborted at the next start', async ({ rig }) => {
  const { device, agent, provider } = await rig.cast();
  await agent.request();
  await provider.allow();
  await until('media to have started on record', () => events(device).includes('media-start')); // the grant before it has its head
  device.process.signal('SIGKILL');
  await device.process.exited;
  await device.run();
  const { session } = device.audit().find(({ event }) => event === 'grant');
  await until('its start on record', () => ['boot', 'aborted'].every((one) => events(device).lastIndexOf(one) > events(device).indexOf('grant')));
  assert.deepEqual(device.audit().filter(({ event }) => event === 'aborted').map((record) => record.session), [session], events(device).join(' '));
  assert.equal((await device.oriel('audit', 'verify', '--config', device.file)).code, 0);
});

story('a changed configuration, a changed trust: each is on record', async ({ rig }) => {
  const { device } = await rig.cast({ provider: null });
  assert.deepEqual(events(device), ['boot']);
  writeFileSync(join(device.etc, 'trust.d', 'note.txt'), 'a vendor file was touched');
  await until('a record of the trust', () => events(device).includes('policy'));
  assert.equal((await device.process.stop()).code, 0);
  appendFileSync(device.file, '# a remark\n');
  await device.run();
  assert.deepEqual(device.audit().filter(({ event }) => event === 'policy').map(({ what }) => what), ['trust', 'configuration']);
});

story('proof for a vendor, export to a collector, and its answer', async ({ rig }) => {
  const { device, agent, provider, broker } = await rig.cast();
  const desk = rig.path('desk'); // of the owner
  mkdirSync(desk);
  const at = (name) => join(desk, name);
  await agent.request({ reason: 'of nobody else' });
  await provider.deny();
  await agent.denial();
  await agent.request();
  await provider.allow();
  const grant = await agent.grant();
  await device.oriel('stop');
  await until('the end on record', () => events(device).includes('end'));
  // The panel is told who looked; who was denied did not.
  provider.send({ t: 'sessions' });
  const past = await provider.next('past');
  assert.deepEqual([past.index, past.of, past.agent, past.company, past.ended, past.by, past.scopes], [0, 1, 'Anna Weber', 'Fill & Cap GmbH', 'stopped', 'local', ['view']]);
  const { session } = device.audit().find(({ event }) => event === 'grant');
  const vkey = join(broker.keys.owner, 'audit', `${device.config.device.tenant}.${device.id}.vkey`);
  const good = async (...args) => { const result = await device.oriel('audit', ...args); assert.equal(result.code, 0, result.stderr); return result.stdout; };

  // Anybody with the owner's verification key can check the log, and the proof without it.
  await good('verify', '--directory', dirname(device.auditFile), '--vkey', vkey);
  await good('prove', '--config', device.file, '--session', session, '--out', at('proof'));
  assert.match(await good('verify', '--proof', at('proof'), '--vkey', vkey), /records stand in the log/);
  const proof = readFileSync(at('proof'), 'utf8');
  assert.ok(!proof.includes('of nobody else'), "another session's record is in the proof");
  assert.deepEqual(JSON.parse(proof).records.map(({ record }) => JSON.parse(record).event).filter((event) => event !== 'early').slice(0, 4), ['request', 'prompt', 'decision', 'grant']);
  writeFileSync(at('forged'), proof.replace('Anna Weber', 'Anna Weder'));
  const forged = await device.oriel('audit', 'verify', '--proof', at('forged'), '--vkey', vkey);
  assert.equal(forged.code, 1);
  assert.match(forged.stderr, /does not stand in the log/);

  // What the agent keeps of it: the device's signed words, which the owner's key is enough to check.
  const receipt = { v: 1, typ: 'receipt', device: device.id, session, credential: device.credential.trim(), request: agent.requested, grant: grant.jws, end: (await agent.ended()).jws };
  const check = (what) => { writeFileSync(at('receipt'), JSON.stringify(what)); return device.oriel('audit', 'verify', '--receipt', at('receipt'), '--owner', join(broker.keys.owner, 'owner.json')); };
  const checked = await check(receipt);
  assert.equal(checked.code, 0, checked.stderr);
  assert.match(checked.stdout, new RegExp(`granted session ${session}: view for 600 s\\nit ended by local: stopped`));
  for (const [change, why] of [[{ end: receipt.grant }, /its 'end' is not what the device signed/], [{ request: receipt.end }, /another request/],
    [{ credential: receipt.grant }, /not this owner's/], [{ grant: receipt.grant.replace(/.$/, (c) => (c === 'A' ? 'Q' : 'A')) }, /its 'grant' is not/], [{ typ: 'x' }, /no receipt/]]) {
    const refused = await check({ ...receipt, ...change });
    assert.equal(refused.code, 1, JSON.stringify(change));
    assert.match(refused.stderr, why);
  }

  // Two exports, the second from where the first ended; a log that was cut meanwhile is not taken.
  const store = ['--store', at('store'), '--key', at('collector.key'), '--vkey', vkey];
  const size = device.audit().length;
  await good('export', '--config', device.file, '--out', at('one'));
  assert.deepEqual([device.audit().at(-1).event, device.audit().at(-1).by, device.audit().at(-1).last], ['exported', 'file', size]);
  const { records, cosigner } = JSON.parse(await good('collect', ...store, '--json', at('one')));
  assert.equal(records, size + 1); // that it is exported is in it
  await agent.request();
  await provider.deny();
  await until('more records', () => device.audit().length === size + 4);
  await good('export', '--config', device.file, '--from', String(size + 2), '--out', at('two'));
  await good('collect', ...store, '--out', at('cosigned'), at('two'));
  await good('verify', '--directory', at('store'), '--vkey', vkey);
  assert.match(await good('show', '--directory', at('store')), /Anna Weber/);
  const rolledBack = await device.oriel('audit', 'collect', ...store, at('one'));
  assert.equal(rolledBack.code, 1);
  assert.match(rolledBack.stderr, /its end was cut off/);
  await good('verify', '--config', device.file, '--head', at('store/cosigned'));

  // orield takes the answer of the collector that it is configured with, and of no other.
  const refused = await device.oriel('audit', 'export', '--cosigned', at('cosigned'));
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /no collector is configured/);
  assert.equal((await device.process.stop()).code, 0);
  device.config.audit.collector = cosigner;
  writeFileSync(device.file, keyFile(device.config), { mode: 0o600 });
  await device.run();
  await good('export', '--cosigned', at('cosigned'));
  assert.equal(device.audit().at(-1).event, 'cosigned');
});
