// What the processes of a device can do when one of them is not ours any more. What a hostile program tries from inside is
// in unit/test_sandbox.c, try by try (attack 21), what it tells core in hostile-helper.test.mjs; here is what holds in a device at work.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Device } from '../rig/device.mjs';
import { build } from '../rig/paths.mjs';
import { alive, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const NAMESPACES = ['user', 'pid', 'ipc', 'uts', 'mnt', 'net'];

const namespaces = (pid) => Object.fromEntries(NAMESPACES.map((name) => [name, readlinkSync(`/proc/${pid}/ns/${name}`)]));
const status = (pid, key) => new RegExp(`^${key}:\\s+(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1];

const relayed = (rig, device) => rig.cast({ relay: true, device });

async function granted({ agent, provider }) {
  await agent.request();
  await provider.allow();
  await agent.grant();
  await agent.offer();
}

story('every process is locked, without privileges, and alone', async ({ rig }) => {
  const cast = await relayed(rig);
  await granted(cast);
  const { device } = cast, own = namespaces(process.pid);
  await until('all of them', () => device.helper('oriel-egress'));
  const helpers = device.helpers();
  assert.deepEqual(helpers.map(({ name }) => name).sort(), ['oriel-capture', 'oriel-egress', 'oriel-media', 'oriel-signal']);
  for (const { pid, name } of [...helpers, { pid: device.pid, name: 'orield' }]) {
    await until(`the lock of ${name}`, () => status(pid, 'Seccomp') === '2' && Number(status(pid, 'Seccomp_filters')) >= (name === 'orield' ? 1 : 2));
    assert.equal(status(pid, 'NoNewPrivs'), '1', name);
    if (name === 'orield') continue;
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) assert.match(status(pid, set), /^0+$/, `${name} ${set}`);
    const theirs = namespaces(pid), online = name === 'oriel-signal' || name === 'oriel-egress';
    for (const kind of NAMESPACES) {
      if (kind === 'net' && online) assert.equal(theirs.net, own.net, `${name} has the machine's network`);
      else assert.notEqual(theirs[kind], own[kind], `${name} has a ${kind} namespace of its own`);
    }
    for (const other of helpers.filter((helper) => helper.pid !== pid)) assert.notEqual(namespaces(other.pid).pid, theirs.pid);
    assert.ok(!existsSync(`/proc/${pid}/root/etc/oriel`) && !existsSync(`/proc/${pid}/root${device.etc}/device.key`), `${name} sees no keys`);
    for (const folder of ['home', 'root', 'sys', 'proc', 'bin', 'usr/bin']) assert.ok(!existsSync(`/proc/${pid}/root/${folder}`), `${name} sees no /${folder}`);
  }
  const net = readFileSync(`/proc/${device.helper('oriel-media').pid}/net/dev`, 'utf8').split('\n').slice(2).map((line) => line.split(':')[0].trim()).filter(Boolean);
  assert.deepEqual(net, ['lo']);
  assert.ok(existsSync(`/proc/${device.helper('oriel-signal').pid}/root${device.config.broker.key}`), 'signal sees its key');
  // What a session's credentials at the TURN server are is said between processes only.
  const { username, password } = cast.agent.enrolled.turn;
  for (const { pid, name } of [...device.processes(), { pid: device.pid, name: 'orield' }])
    for (const file of ['cmdline', 'environ']) assert.ok(!readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(password), `${file} of ${name} has the password`);
  for (const secret of [password, encodeURIComponent(password)])
    for (const file of [device.auditFile, join(device.directory, 'orield.log')]) assert.ok(!readFileSync(file, 'utf8').includes(secret), `${file} has the password`);
  assert.ok(username && password);
});

// orield under strace through a session, every process and thread of it.
story('nothing listens on a network, only the launcher starts programs', async ({ rig }) => {
  const trace = rig.path('trace');
  // strace heeds no request to end: its orield is asked.
  const cast = await relayed(rig, { wrap: ['strace', '-f', '-qq', '-e', 'trace=listen,bind,execve,execveat,fork,vfork', '-e', 'signal=none', '-o', trace] });
  await granted(cast);
  cast.provider.stopSession();
  await cast.agent.ended();
  const orield = cast.device.processes().find(({ name }) => name === 'orield').pid;
  const launcher = cast.device.processes().find(({ name }) => name === 'oriel-launcher').pid;
  process.kill(orield, 'SIGTERM');
  await cast.device.process.exited;
  const calls = readFileSync(trace, 'utf8').split('\n').map((line) => /^(\d+) +(\w+)\((.*)/.exec(line)).filter(Boolean)
    .map(([, pid, name, rest]) => ({ pid: Number(pid), name, rest }));
  const unixSockets = calls.filter(({ name, rest }) => name === 'bind' && /sa_family=AF_UNIX/.test(rest));
  assert.equal(unixSockets.length, 3, 'orield binds the sockets for the HMI and the shell, the launcher the one to stop by');
  assert.deepEqual(calls.filter(({ name }) => name === 'listen').map(({ pid }) => pid).sort(), [orield, orield, launcher].sort(), 'and listen on these alone');
  for (const { rest, pid } of calls.filter(({ name, rest }) => name === 'bind' && !/AF_UNIX|AF_NETLINK/.test(rest)))
    assert.match(rest, /sin_addr=inet_addr\("127\.0\.0\.1"\)/, `${pid} binds in media's namespace only`);
  const started = calls.filter(({ name }) => name === 'execve' || name === 'execveat');
  const children = started.filter(({ rest }) => rest.includes('"/usr/bin/bwrap"'));
  assert.ok(children.length >= 5, 'a look at the sandbox, and four helpers');
  assert.deepEqual(started.filter(({ pid }) => pid === orield).length, 1, 'orield becomes itself, and starts nothing');
  assert.ok(!started.some(({ pid }) => pid === launcher), 'the launcher stays what it is');
  assert.ok(started.every(({ name, rest }) => /"[^"]*\/(orield|oriel-enter|bwrap)"/.test(rest) || (name === 'execveat' && rest.startsWith('1000, ""'))), 'nothing but bubblewrap, oriel-enter and the helpers');
});

// A kernel or a policy without namespaces: in a user namespace that may have no further ones.
const without = ['unshare', '--user', '--map-root-user', 'sh', '-c', 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', 'sh'];

story('without namespaces: sessions are refused, and everybody is told why', async ({ rig }) => {
  const { agent, provider, device } = await rig.cast({ device: { wrap: without } });
  const denial = await agent.request().then(() => agent.grant()).then(() => null, (error) => error);
  assert.match(String(denial), /not-allowed.*sandbox/);
  assert.ok(!provider.process.lines.some(({ text }) => /"ask"/.test(text)), 'the person is not asked');
  assert.deepEqual(device.started(), ['oriel-signal']);
  assert.equal(device.audit().find(({ event }) => event === 'boot').sandbox, 'none: sessions are refused');
  assert.ok(device.audit().some(({ event, reason, detail }) => event === 'refused' && reason === 'not-allowed' && /sandbox/.test(detail)));
  assert.ok(device.process.lines.some(({ text }) => /no sandbox for helpers on this machine: /.test(text)));
});

story('without namespaces, by configuration: sessions run under the filters alone, and that is on record', async ({ rig }) => {
  const cast = await rig.cast({ device: { wrap: without, config: { sandbox: { 'without-namespaces': 'run-unprotected' } } } });
  await granted(cast);
  const { device } = cast;
  for (const { pid, name } of device.helpers()) {
    await until(`the lock of ${name}`, () => Number(status(pid, 'Seccomp_filters')) >= 2);
    assert.equal(status(pid, 'NoNewPrivs'), '1');
  }
  assert.equal(device.audit().find(({ event }) => event === 'boot').sandbox, 'none: run-unprotected');
  assert.equal(device.audit().find(({ event }) => event === 'grant').sandbox, 'none');
  assert.ok(device.process.lines.some(({ text }) => /warning: sessions run without one all the same/.test(text)));
  cast.provider.stopSession();
  await cast.agent.ended();
  await until('nothing of it to be left', () => device.picture().length === 0);
});

story('the launcher is killed: orield ends, and nothing is left', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  const { device } = cast, all = device.processes().map(({ pid }) => pid);
  device.mayDie = true;
  process.kill(device.processes().find(({ name }) => name === 'oriel-launcher').pid, 'SIGKILL');
  const { code } = await device.process.exited;
  assert.equal(code, 1);
  assert.ok(device.process.lines.some(({ text }) => /the launcher is gone/.test(text)));
  await until('every process to end', () => !all.some(alive));
});

story('an X display that is reached by network is refused', async ({ rig }) => {
  const { agent, provider } = await rig.cast({ device: { config: { capture: { backend: 'x11', display: 'example.com:0' } } } });
  await agent.request();
  await provider.allow();
  await assert.rejects(agent.grant(), /media-failed|capture-failed|network/);
});

const execute = promisify(execFile);

// What `oriel doctor` says: {code, found: {check: {verdict, text, remedy}}}.
async function doctor(device, wrap = []) {
  const [command, ...words] = [...wrap, join(build, 'oriel'), '--config', device.file, '--json', 'doctor'];
  const { code, stdout } = await execute(command, words).then((done) => ({ code: 0, ...done }), (error) => error);
  return { code, found: Object.fromEntries(JSON.parse(stdout).map(({ check, ...rest }) => [check, rest])) };
}

story('the doctor: a device that is well, a key that others can read, a kernel without namespaces', async ({ rig }) => {
  const broker = await rig.broker();
  const device = await rig.device({ broker });
  const { code, found } = await doctor(device);
  assert.equal(code, 0, JSON.stringify(found));
  for (const helper of ['signal', 'capture', 'media', 'egress']) assert.equal(found[`sandbox of oriel-${helper}`].verdict, 'good');
  for (const check of ['configuration', 'signing key', 'broker', 'bubblewrap', 'system-call filters', 'audit log']) assert.equal(found[check].verdict, 'good', check);
  assert.match(found['vendor fill-cap'].text, /directly/);
  const relayed = await Device.start(rig.path('relayed'), { broker, start: false, config: { media: { path: 'relay', addresses: null }, relay: { ca: '/none.pem' } } });
  const lacking = (await doctor(relayed)).found;
  assert.deepEqual([lacking['vendor fill-cap'].verdict, lacking['CA of TURN servers'].verdict], ['bad', 'bad']);
  assert.match(lacking['vendor fill-cap'].text, /no TURN server/);
  chmodSync(join(device.etc, 'device.key'), 0o644);
  const careless = await doctor(device);
  assert.equal(careless.code, 1);
  assert.match(careless.found['signing key'].text, /can be read by others/);
  assert.match(careless.found['signing key'].remedy, /chmod 600/);
  const ill = await doctor(device, without);
  assert.equal(ill.code, 1);
  assert.equal(ill.found['sandbox of oriel-media'].verdict, 'bad');
  assert.match(ill.found['sandbox of oriel-media'].remedy, /max_user_namespaces/);
});
