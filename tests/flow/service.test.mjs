// The installed service under a real systemd (rig/systemd.mjs): a session in it, and what the unit keeps from everything that
// runs in it. In a network of its own, where there is an address that is not loopback.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { keyFile, readKeyFile } from '../rig/device.mjs';
import { provision } from '../rig/keys.mjs';
import { ADDRESS, ownNetwork } from '../rig/network.mjs';
import { Process, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { Systemd, install, noSystemd } from '../rig/systemd.mjs';

const skip = (await ownNetwork()) || noSystemd();

const VENDOR = { label: 'Fill & Cap GmbH', scopes: ['view'], seconds: 3600 };

// What a helper gets by bubblewrap, in short: namespaces, a few files, no rights.
const BWRAP = ['bwrap', '--unshare-user', '--unshare-ipc', '--unshare-pid', '--unshare-uts', '--unshare-net', '--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL',
  '--ro-bind', '/usr', '/usr', '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64', '--dev', '/dev', '--tmpfs', '/tmp'];

// A device's bundle, unpacked as root does it, for a broker that is here.
function bundle(rig, folder, { keys, url, device: id, tenant }) {
  const file = rig.path('bundle.json');
  provision('device', { owner: keys.owner, id, tenant, name: 'Filler 1', model: 'BF-200', broker: url, trust: keys.trust('fill-cap', VENDOR), out: file });
  const unpacked = rig.folder('unpacked');
  provision('install', { root: unpacked, image: true }, { operands: [file] });
  const conf = join(unpacked, 'etc/oriel/oriel.conf');
  writeFileSync(conf, keyFile({ ...readKeyFile(conf), consent: { users: 'root' }, capture: { backend: 'test' }, media: { path: 'direct', addresses: '127.0.0.1' } }));
  execFileSync('cp', ['-a', join(unpacked, 'etc/oriel'), folder]);
}

class Service {
  static async start(rig) {
    const service = new Service();
    const directory = rig.folder('system'), tree = install(join(directory, 'tree'));
    service.unit = readFileSync(join(tree, 'usr/lib/systemd/system/orield.service'), 'utf8');
    service.log = join(directory, 'orield.log');
    service.broker = await rig.broker();
    service.systemd = rig.own(await Systemd.start(directory, {
      wants: ['orield.service'],
      etc: (folder) => bundle(rig, folder, service.broker),
      // There is no journal.
      units: { 'orield.service': service.unit, 'orield.service.d/log.conf': `[Service]\nStandardOutput=append:${service.log}\nStandardError=append:${service.log}\n` },
    }));
    service.consent = service.systemd.path('/run/oriel/consent.sock');
    return service;
  }

  // Runs words as the service would run them, under its unit: {status, text}.
  attempt(words, also = '') {
    const out = join(dirname(this.log), 'attempt.log');
    writeFileSync(out, '');
    const unit = this.unit.replace(/^ExecStart=.*/m, `ExecStart=/usr/bin/env ${words.join(' ')}`).replace(/^Type=.*/m, 'Type=oneshot').replace(/^Restart=.*\n/m, '')
      .replace(/^(State|Runtime)Directory.*\n/gm, ''); // those are in use
    writeFileSync(join(dirname(this.log), 'units/attempt.service'), `${unit}\n[Service]\nTimeoutStartSec=20\nTimeoutStopSec=1\nStandardOutput=append:${out}\nStandardError=append:${out}\n${also}\n`);
    this.systemd.run('systemctl', 'daemon-reload');
    try { this.systemd.run('systemctl', 'start', 'attempt.service'); } catch { /* it says how it ended */ }
    const { ExecMainStatus, Result } = this.systemd.show('attempt.service', 'ExecMainStatus', 'Result');
    this.systemd.run('systemctl', 'reset-failed');
    return { status: Number(ExecMainStatus), result: Result, text: readFileSync(out, 'utf8') };
  }

  processes() {
    const pids = this.systemd.run('sh', '-c', 'cat /sys/fs/cgroup/system.slice/orield.service/cgroup.procs').trim().split('\n');
    return pids.map((pid) => {
      const text = readFileSync(this.systemd.path(`/proc/${pid}/status`), 'utf8');
      return Object.fromEntries(text.split('\n').map((line) => line.split(/:\s*/)));
    });
  }
}

story('a session in the service, which has no rights and writes nowhere', { skip }, async ({ rig }) => {
  const service = await Service.start(rig), { systemd, broker } = service;
  await until(() => `orield's socket; it said:\n${readFileSync(service.log, 'utf8')}`, () => statSync(service.consent, { throwIfNoEntry: false }), { ms: 90000 });
  const provider = await rig.provider({ consent: service.consent });
  const agent = await rig.agent(broker);
  await agent.whenState((state) => state.online && state.consent);
  await agent.request();
  await provider.allow();
  await agent.grant();
  await agent.offer();
  // Media could bind, and capture and media run.
  assert.match((await agent.next('ice')).candidate, / udp .* 127\.0\.0\.1 /i);
  const processes = service.processes(), names = processes.map(({ Name }) => Name);
  for (const name of ['orield', 'oriel-signal', 'oriel-capture', 'oriel-media']) assert.ok(names.includes(name), `${name} is not among ${names}`);
  const uid = systemd.run('id', '-u', 'oriel').trim();
  assert.notEqual(uid, '0');
  for (const { Name, Uid, CapEff, CapPrm, CapBnd, NoNewPrivs, Seccomp } of processes.filter(({ NSpid }) => NSpid.split('\t').length === 2)) {
    assert.deepEqual([...new Set(Uid.split('\t'))], [uid], Name);
    assert.deepEqual([CapEff, CapPrm, CapBnd].map((set) => BigInt(`0x${set}`)), [0n, 0n, 0n], Name);
    assert.deepEqual([NoNewPrivs, Seccomp], ['1', '2'], Name);
  }

  // Nothing was missed that is not to be had.
  assert.doesNotMatch(readFileSync(service.log, 'utf8'), /CRITICAL|not permitted|denied/i);

  // Files: keys are the service's alone, the rest of its configuration it can only read.
  const mode = (path) => systemd.run('stat', '-c', '%U:%G %a', path).trim();
  for (const [path, wanted] of Object.entries({
    '/etc/oriel': 'root:oriel 750', '/etc/oriel/oriel.conf': 'root:oriel 640', '/etc/oriel/device.key': 'oriel:oriel 400', '/etc/oriel/broker.key': 'oriel:oriel 400', '/etc/oriel/trust.d/fill-cap.json': 'root:oriel 640',
    '/var/lib/oriel': 'oriel:oriel 700', '/var/lib/oriel/audit/audit.jsonl': 'oriel:oriel 600', '/run/oriel': 'oriel:oriel 755', '/run/oriel/control.sock': 'oriel:oriel 600',
  })) assert.equal(mode(path), wanted, path);
  const main = systemd.show('orield.service', 'MainPID').MainPID;
  const mounts = readFileSync(systemd.path(`/proc/${main}/mountinfo`), 'utf8').split('\n').filter(Boolean).map((line) => line.split(' '));
  const writable = mounts.filter(([, , , , , options]) => options.split(',').includes('rw')).map(([, , , , path]) => path);
  assert.deepEqual(writable.filter((path) => !/^\/(dev|proc|tmp|var\/tmp|sys\/fs\/cgroup|run\/oriel|var\/lib\/oriel)(\/|$)/.test(path)), []);
  assert.ok(!writable.some((path) => /^\/(sys\/fs\/cgroup|proc\/sys)/.test(path)), String(writable));

  // Ending the service ends the session in order: orield first, so that the agent is told.
  systemd.run('systemctl', 'stop', 'orield.service');
  const end = await agent.ended();
  assert.equal(end.by, 'device');
  const { Result, ExecMainStatus } = systemd.show('orield.service', 'Result', 'ExecMainStatus');
  assert.deepEqual([Result, ExecMainStatus], ['success', '0']);
  console.log(`the service, as it was in session: ${names.join(', ')}`);
});

story('what the unit lets through and what not', { skip }, async ({ rig }) => {
  const service = await Service.start(rig), { systemd } = service;
  const good = { status: 0, result: 'success', text: '' };
  assert.deepEqual(service.attempt([...BWRAP, '/usr/bin/true']), good, 'bubblewrap does not work in the unit');
  const fails = (what, words, because, also) => {
    const { status, text } = service.attempt(words, also);
    assert.ok(status !== 0 && because.test(text), `${what}: status ${status}: ${text}`);
  };
  fails('a namespace that bubblewrap needs not', ['unshare', '--user', '--time', 'true'], /Operation not permitted/);
  fails('a file in /usr', ['touch', '/usr/oriel'], /Read-only file system|Permission denied/);
  fails('a file in /etc/oriel', ['touch', '/etc/oriel/oriel.conf'], /Read-only file system|Permission denied/);
  fails('homes', ['ls', '/root'], /Permission denied/);
  fails('other users\' processes', ['sh', '-c', '"test -e /proc/1 || echo hidden && false"'], /hidden/);
  fails('ptrace', ['strace', 'true'], /PTRACE_TRACEME: Operation not permitted/);
  fails('the kernel\'s settings', ['sh', '-c', '"echo 1 > /proc/sys/net/ipv4/ip_forward"'], /Read-only file system|Permission denied/);

  // The network: this machine only, until the owner says more.
  const server = rig.own(new Process('server', process.execPath, ['-e', 'require("net").createServer((socket) => socket.end("hello\\n")).listen(0, "0.0.0.0", function () { console.log(this.address().port); })']));
  const port = Number((await server.line(/^\d+$/)).text);
  const hello = (seconds, address, also) => service.attempt(['timeout', '--signal=KILL', seconds, 'bash', '-c', `"exec head -1 < /dev/tcp/${address}/${port}"`], also).text;
  assert.equal(hello(15, '127.0.0.1'), 'hello\n');
  assert.notEqual(hello(1, ADDRESS), 'hello\n');
  assert.equal(hello(15, ADDRESS, `IPAddressAllow=${ADDRESS}`), 'hello\n');

  // A configuration that is wrong: said once, not again and again.
  writeFileSync(systemd.path('/etc/oriel/oriel.conf'), '[nonsense]\n');
  systemd.run('sh', '-c', 'systemctl restart orield.service || true');
  await until('orield to give up', () => systemd.show('orield.service', 'ActiveState').ActiveState === 'failed', { every: 100 });
  const { ExecMainStatus, NRestarts } = systemd.show('orield.service', 'ExecMainStatus', 'NRestarts');
  assert.deepEqual([ExecMainStatus, NRestarts], ['2', '0']);
  assert.match(readFileSync(service.log, 'utf8'), /no group 'nonsense'/);
});
