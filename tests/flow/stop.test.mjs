// Stop works whatever orield does: capture, media and egress are dead within 100 ms, by oriel-stop, `oriel stop`, the
// panel's own way and a launcher that hangs.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Line } from '../rig/line.mjs';
import { program } from '../rig/paths.mjs';
import { Process, clock, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

async function granted({ agent, provider }) {
  await agent.request();
  await provider.allow();
  await agent.grant();
  await agent.offer();
  await provider.next('session starting');
}

const socketOf = (device) => join(dirname(device.control), 'stop.sock');
const run = (device, ...wrap) => new Promise((resolve) => {
  const [command, ...args] = [...wrap, program('oriel-stop'), '--socket', socketOf(device)];
  execFile(command, args, (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }));
});
const launcher = (device) => device.processes().find(({ name }) => name === 'oriel-launcher');

// Which of the helpers still run, without the cost of looking at all processes.
const running = (pids) => pids.filter((pid) => { try { return !/^\d+ \(.*\) [ZX]/.test(readStat(pid)); } catch { return false; } });
const readStat = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8');

async function dead(pids, from, what) {
  await until(what, () => running(pids).length === 0, { every: 0 });
  return clock() - from;
}

story('attack 17: stop while core is SIGSTOPped: media, capture and egress are dead in 100 ms', async ({ rig, t }) => {
  const cast = await rig.cast({ relay: true });
  const { device } = cast;
  const took = [];
  for (let i = 0; i < 5; i++) {
    await granted(cast);
    const pids = await until('egress, too', () => { const picture = device.picture(); return picture.length === 3 && picture.map(({ pid }) => pid); });
    device.process.signal('SIGSTOP');
    const from = clock();
    const said = run(device);
    took.push(await dead(pids, from, 'media, capture and egress to be dead'));
    assert.deepEqual(await said, { code: 0, stdout: 'stopped\n', stderr: '' });
    device.process.signal('SIGCONT');
    const end = await cast.agent.ended();
    assert.equal(`${end.by} ${end.reason}`, 'local stopped');
    await cast.agent.whenState(({ status }) => status === 'ready');
    await cast.provider.next('session ended');
  }
  t.diagnostic(`oriel-stop to dead, ms: ${took.map((ms) => ms.toFixed(0)).join(' ')}`);
  // What a busy machine adds is not ours: nothing in the way takes longer.
  assert.ok(Math.min(...took) < 100, `${took.map((ms) => ms.toFixed(0))} ms`);
  assert.equal(device.audit().filter(({ event, by }) => event === 'end' && by === 'local').length, 5);
});

story('stop with a launcher that hangs, too: it is killed, and everything with it', async ({ rig, t }) => {
  const cast = await rig.cast();
  const { device } = cast;
  await granted(cast);
  const pids = device.picture().map(({ pid }) => pid);
  device.mayDie = true;
  device.process.signal('SIGSTOP');
  process.kill(launcher(device).pid, 'SIGSTOP');
  const from = clock();
  const said = run(device);
  t.diagnostic(`a launcher that hangs: ${(await dead(pids, from, 'the helpers to be dead')).toFixed(0)} ms`);
  assert.match((await said).stdout, /launcher did not answer and was killed/);
  device.process.signal('SIGCONT');
  const how = await device.process.exited;
  assert.ok(how === undefined || device.process.ended); // core can't go on without it, and says so
  assert.match(device.process.tail(), /launcher is gone/);
});

story('the hardware line stops, whatever core does', async ({ rig, t }) => {
  const cast = await rig.cast();
  const line = new Line(rig.path('line.sock'));
  const watch = rig.own(new Process('oriel-stop', program('oriel-stop'), ['--socket', socketOf(cast.device), '--line', Line.NAME],
    { env: line.env, log: rig.path('line.log') }));
  for (let i = 0; i < 2; i++) {
    await granted(cast);
    const pids = cast.device.picture().map(({ pid }) => pid);
    line.active = false; // released: nothing
    cast.device.process.signal('SIGSTOP');
    const from = clock();
    line.active = true;
    t.diagnostic(`line to dead: ${(await dead(pids, from, 'the helpers to be dead')).toFixed(0)} ms`);
    cast.device.process.signal('SIGCONT');
    const end = await cast.agent.ended();
    assert.deepEqual([end.by, end.reason], ['person', 'stopped']);
    await cast.agent.whenState(({ status }) => status === 'ready');
    await cast.provider.next('session ended');
  }
  assert.equal(watch.ended, null);
});

story('a stop that would not work is seen before it is needed: status and doctor say so', async ({ rig }) => {
  const line = new Line(rig.path('line.sock'));
  const { device } = await rig.cast({ provider: null, device: { config: { control: { 'stop-line': Line.NAME } } } });
  const oriel = (env, ...args) => new Promise((resolve) => {
    execFile(program('oriel'), ['--config', device.file, ...args], { timeout: 20000, env: { ...process.env, ...env } }, (error, stdout) => resolve(stdout));
  });
  const watched = { ...line.env, RIG_GPIO_USER: 'oriel-stop' };
  assert.doesNotMatch(await oriel(watched, 'status'), /stop /);
  assert.match(await oriel(watched, 'doctor'), /good +stop socket[^]*good +stop line +\/dev\/gpiochip9:17 is watched/);
  for (const user of [undefined, 'something else']) {
    assert.match(await oriel({ ...line.env, RIG_GPIO_USER: user ?? '' }, 'status'), /NOT BY THE LINE: nobody watches the stop line \/dev\/gpiochip9:17/);
    assert.match(await oriel({ ...line.env, RIG_GPIO_USER: user ?? '' }, 'doctor'), /BAD +stop line/);
  }
  rmSync(socketOf(device)); // somebody cleaned /run
  assert.match(await oriel(watched, 'status'), /stop +WOULD NOT WORK while orield hangs: .*stop.sock/);
  assert.match(await oriel(watched, 'doctor'), /BAD +stop socket/);
  assert.match((await device.status()).stop_why, /No such file/);
});

// Connects like oriel-stop, and says the stop when it is told to: so late a busy machine can make anybody.
const SLOW = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
print('connected', flush=True)
sys.stdin.readline()
s.send(b'p')
print('answer', list(s.recv(2)), flush=True)`;

story('oriel-stop: nothing to stop, nobody there; a caller who is slow is heard, and holds up nobody', async ({ rig }) => {
  const cast = await rig.cast();
  const slow = rig.own(new Process('slow', '/usr/bin/python3', ['-c', SLOW, socketOf(cast.device)], { stdin: true, log: rig.path('slow.log') }));
  await slow.line(/^connected/);
  for (let i = 0; i < 7; i++) assert.deepEqual(await run(cast.device), { code: 0, stdout: 'there was nothing to stop\n', stderr: '' });
  assert.equal((await cast.agent.whenState(({ status }) => status === 'ready')).online, true);
  await granted(cast);
  assert.equal(cast.device.picture().length, 2);
  slow.write('now');
  await slow.line(/^answer \[2, 0\]/);
  const end = await cast.agent.ended();
  assert.equal(`${end.by} ${end.reason}`, 'person stopped');
  await cast.device.stop();
  const none = await run(cast.device);
  assert.equal(none.code, 0);
  assert.match(none.stderr, /no orield runs there, so nothing is seen/);
});

story('a stop while the person is asked is a no', async ({ rig }) => {
  const cast = await rig.cast();
  await cast.agent.request();
  await cast.provider.asked();
  await run(cast.device);
  assert.equal((await cast.agent.denial()).reason, 'cancelled');
  assert.equal((await cast.provider.next('withdraw')).why, 'cancelled');
  assert.equal(cast.device.captures(), 0);
});

story('who may stop: the users of [consent], and nobody else', { skip: process.getuid() !== 0 && 'needs root, to be another user' }, async ({ rig }) => {
  const as = (uid) => ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
  const cast = await rig.cast({ provider: null, device: { config: { consent: { users: 'nobody', timeout: 20 } } } });
  for (const path of [rig.directory, cast.device.directory]) chmodSync(path, 0o755);
  const provider = await rig.provider(cast.device, { uid: 65534 });
  await cast.agent.whenState((state) => state.consent);
  await granted({ ...cast, provider });
  const other = await run(cast.device, ...as(12345));
  assert.equal(other.code, 1);
  assert.match(other.stderr, /may not stop/);
  assert.equal(cast.device.picture().length, 2);
  assert.equal((await run(cast.device, ...as(65534))).stdout, 'stopped\n');
  const end = await cast.agent.ended();
  assert.equal(end.reason, 'stopped');
});

story('attack 19: the broker drops everything: the local stop works', async ({ rig }) => {
  const cast = await rig.cast();
  const { device } = cast;
  await granted(cast);
  await cast.broker.stop();
  const pids = device.picture().map(({ pid }) => pid);
  cast.provider.stopSession();
  await dead(pids, clock(), 'the helpers to be dead');
  assert.equal((await cast.provider.next('session ended')).by, 'person');
  await until('the device to be ready again', async () => (await device.status()).status === 'ready');
});
