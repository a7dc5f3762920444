// What the disk does to the log: the power goes at each step of a record, the disk takes nothing any more, the log is long.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { program } from '../rig/paths.mjs';
import { sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const execute = promisify(execFile);
const events = (device) => device.course();

// The writer alone (rig/writer.c), killed before its n-th step, for all of them: records, a segment that is closed, one that is dropped.
// What is left is opened by writers that are killed as well, at each step of the recovery, until one gets through.
story('attack 24: the writer killed at each step on the disk: what was said to be on record is, and nothing else counts', async ({ rig, t }) => {
  const key = rig.path('audit.key'), orders = rig.path('orders'), taken = rig.path('steps');
  writeFileSync(key, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const write = (directory, kill, ...args) => {
    writeFileSync(orders, kill ? `kill ${kill}` : '');
    writeFileSync(taken, '');
    const env = { ...process.env, LD_PRELOAD: program('tests/rig/rig-disk.so'), RIG_DISK: directory, RIG_DISK_ORDERS: orders, RIG_DISK_STEPS: taken };
    const { status, signal, stdout, stderr } = spawnSync(program('tests/rig/rig-writer'), [directory, 'oriel/plant/filler-1', key, ...args], { env, encoding: 'utf8' });
    assert.ok(status === 0 || (kill && signal === 'SIGKILL'), `killed before step ${kill}: ${status ?? signal}: ${stderr}`);
    return { killed: signal === 'SIGKILL', said: stdout.split('\n').filter(Boolean), steps: readFileSync(taken, 'utf8').split('\n').filter(Boolean) };
  };
  const log = (directory) => readdirSync(directory).filter((name) => /^audit.*\.jsonl$/.test(name)).sort()
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line))).sort((a, b) => a.seq - b.seq);
  const names = new Set();
  let n = 0, recoveries = 0, recovered = 0;
  for (let run = { killed: true }; run.killed;) {
    const directory = rig.folder('log');
    run = write(directory, ++n, '5', 'drop');
    run.steps.forEach((name) => names.add(name));
    const acknowledged = run.said.filter((line) => line.startsWith('on record')).length;
    let kill = 1, last;
    while ((last = write(directory, kill, '0')).killed) kill++;
    recoveries += kill;
    const left = log(directory), calls = left.filter(({ event }) => event === 'call');
    // All that counted is there, once and in order; at most one more, whose head was there before anybody could say so.
    const first = run.steps.includes('unlink') || run.said.includes('dropped') ? calls[0].note.split(' ')[0] - 1 : 0;
    assert.ok(first < acknowledged || acknowledged === 0);
    assert.deepEqual(calls.map(({ note }) => note), Array.from({ length: calls.length }, (_, i) => `${first + i + 1} of 5`), `killed before step ${n}`);
    assert.ok([acknowledged, acknowledged + 1].includes(first + calls.length), `killed before step ${n}: ${acknowledged} counted, ${first + calls.length} are there`);
    // What did not count was cut and is told.
    for (const { cut } of left.filter(({ event }) => event === 'recovered')) {
      recovered++;
      assert.match(cut, /"event":"(call|dropped|recovered)"/);
    }
    const vkey = last.said[0].split(' ')[1];
    const verified = spawnSync(program('oriel'), ['audit', 'verify', '--directory', directory, '--vkey', vkey], { encoding: 'utf8' });
    assert.equal(verified.status, 0, `killed before step ${n}: ${verified.stderr}`);
    assert.doesNotMatch(verified.stderr, /beyond the head/);
    rmSync(directory, { recursive: true });
  }
  t.diagnostic(`killed before each of ${n - 1} steps (${[...names].sort().join(', ')}), and ${recoveries} recoveries; ${recovered} records had no head`);
  assert.deepEqual([...names].sort(), ['allocate', 'fsync', 'rename', 'truncate', 'unlink', 'write']);
  assert.ok(recovered > 6, `${recovered}`);
});

// The same with all of the device, at the first and the last step of the grant's own record.
story('attack 24: orield killed while it writes down a grant: nothing was granted, and what is on record says that it came to nothing', async ({ rig }) => {
  const { device, agent, provider: first } = await rig.cast({ device: { disk: true } });
  device.mayDie = true;
  let provider = first, boot, before = 0; // steps of orields that are gone
  for (const [after, what] of [[2, 'the decision'], [12, 'the grant']]) {
    await agent.whenState((state) => state.online && state.consent && state.status === 'ready' && state.boot !== boot);
    ({ boot } = agent.state);
    await agent.request();
    const ask = await provider.asked(undefined, { read: false });
    await agent.next('progress');
    await sleep(ask.allow_after + 20); // core has read `shown` by now: that it was early is not on record
    const good = device.audit(), steps = device.steps().length;
    device.disk(`kill ${steps - before + after}`);
    provider.decide(ask, true);
    await device.process.exited;
    assert.equal(device.steps().length - steps, after - 1);
    assert.equal(device.captures(), 0, 'a picture without a grant on record');
    device.disk('');
    before = device.steps().length;
    await provider.process.stop();
    await device.run();
    provider = await rig.provider(device);
    const records = device.audit(), since = records.slice(good.length);
    assert.deepEqual(records.slice(0, good.length), good, 'a good record is lost');
    // What was not finished is cut and told; the grant had no head yet, so there is none and nothing to abort.
    assert.deepEqual(since.map(({ event }) => event).filter((event) => event !== 'early'), what === 'the grant' ? ['decision', 'recovered', 'boot'] : ['recovered', 'boot']);
    assert.match(since.find(({ event }) => event === 'recovered').cut, what === 'the grant' ? /"event":"grant"/ : /"event":"decision"/);
    assert.equal((await device.oriel('audit', 'verify', '--config', device.file)).code, 0);
  }
  assert.ok(!agent.messages?.some(({ typ }) => typ === 'grant'));
});

story('attack 25: the disk becomes read-only in a session: it ends, nothing new begins, and it goes on when it can be written', async ({ rig }) => {
  const { device, agent, provider } = await rig.cast({ device: { disk: true } });
  await agent.request();
  await provider.allow();
  await agent.grant();
  await provider.next('session starting');
  await until('media to have started on record', () => events(device).includes('media-start'));
  device.disk('fail 30'); // EROFS, of each write, fsync and rename
  provider.send({ t: 'call', note: 'it is noticed with the next record' });
  const end = await agent.ended();
  assert.deepEqual([end.by, end.reason], ['device', 'audit']);
  await until('the helpers to be gone', () => device.picture().length === 0);
  assert.match((await provider.next('record')).why, /can't write/);
  await agent.whenState(({ status }) => status === 'ready');
  await agent.request();
  const denial = await agent.denial();
  assert.deepEqual([denial.reason, denial.detail], ['audit', "the device can't write its record of sessions; its administrator has to look at it"]);
  assert.equal(provider.packets.filter(({ t }) => t === 'ask').length, 0);
  device.disk('');
  provider.forgive();
  await provider.next(({ t, why }) => t === 'record' && why === '');
  await agent.request();
  await provider.deny();
  assert.equal((await agent.denial()).reason, 'denied');
  assert.equal((await device.oriel('audit', 'verify', '--config', device.file)).code, 0);
});

story('a million records: generated, verified in memory that does not grow, and one changed bit is found', async ({ rig, t }) => {
  const directory = rig.path('long');
  mkdirSync(directory);
  const records = Number(process.env.ORIEL_RECORDS ?? 1_000_000);
  const { stdout } = await execute(program('tests/bench/bench-audit'), [directory, '5', String(records)], { timeout: 110_000 });
  const { long } = JSON.parse(stdout);
  t.diagnostic(`${records} records of ${long.bytes_a_record} bytes: ${long.records_a_second} a second, ${long.mib_a_second} MiB/s, ${long.peak_kib} KiB`);
  assert.equal(long.records, records);
  assert.ok(long.peak_kib < 32 * 1024);
  const log = join(directory, 'long'), segment = readdirSync(log).filter((name) => /^audit-\d+\.jsonl$/.test(name)).sort()[1];
  const file = join(log, segment), text = readFileSync(file, 'utf8'), at = text.indexOf('Anna Weber', text.length / 2);
  const fd = openSync(file, 'r+');
  writeSync(fd, 'b', at + 9);
  closeSync(fd);
  const found = await execute(program('oriel'), ['audit', 'verify', '--directory', log, '--vkey', join(directory, 'vkey')], { timeout: 60_000 }).catch((error) => error);
  assert.equal(found.code, 1);
  const line = text.slice(0, at).split('\n').length, record = Number(segment.slice(6, 18)) + line - 1;
  assert.match(found.stderr, new RegExp(`${segment}, byte ${text.lastIndexOf('\n', at) + 1}: record ${record} is not what was written`));
});
