// The installed system under a real systemd, on a machine that has another init: systemd as process 1 of namespaces of its own,
// with what `meson install` made laid over /usr and an /etc that keeps nothing. Nothing of it is on the machine
// itself, and all of it goes when process 1 goes. Needs root (systemd does), overlayfs and cgroup 2.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from './paths.mjs';
import { Process, alive, until } from './process.mjs';

// $1 folder (see start) $2 cgroup of ours. The stubs are targets that other units name.
const BOOT = `set -e
mount --make-rprivate /
umount --recursive --lazy /proc # what it covered would count for what is visible
mount -t proc proc /proc
echo $$ > "$2/cgroup.procs"
exec unshare --cgroup -- sh -c '
  set -e
  umount --recursive /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mount -t overlay overlay -o "lowerdir=$1/tree/usr:/usr,upperdir=$1/usr-upper,workdir=$1/usr-work" /usr
  mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/etc-upper,workdir=$1/etc-work" /etc
  mount --bind "$1/var-lib" /var/lib
  mount -t tmpfs tmpfs /run
  /usr/libexec/oriel/oriel-plugindir
  systemd-sysusers oriel.conf
  systemd-tmpfiles --create --prefix=/etc/oriel oriel.conf
  export container=oriel SYSTEMD_UNIT_PATH="$1/units:/etc/systemd/system"
  exec /lib/systemd/systemd --system --unit=test.target --show-status=no
' sh "$1"`;

const STUBS = ['sysinit', 'basic', 'shutdown', 'network', 'multi-user', 'test'];

// Where the processes of cgroup 2 are; ours go into a group of their own below.
function ownCgroup() {
  const mount = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').find((line) => / - cgroup2 /.test(line));
  if (!mount) throw new Error('no cgroup 2 is mounted');
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))[1];
  return join(mount.split(' ')[4], own, `oriel-test-${process.pid}`);
}

function removeCgroup(path) {
  for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) removeCgroup(join(path, entry.name));
  rmdirSync(path);
}

// Those of tests that were killed and could not.
function removeStale(folder) {
  for (const name of readdirSync(folder)) {
    const [, pid] = /^oriel-test-(\d+)$/.exec(name) ?? [];
    if (pid && !alive(Number(pid))) try { removeCgroup(join(folder, name)); } catch { /* its processes are ending */ }
  }
}

// Why there can be none here, for a test's `skip`; false when there can.
export function noSystemd() {
  if (process.getuid() !== 0) return 'systemd as process 1 of a namespace needs root';
  if (!existsSync('/lib/systemd/systemd')) return 'no systemd is installed';
  if (!readFileSync('/proc/filesystems', 'utf8').includes('overlay')) return 'no overlayfs';
  try {
    const cgroup = ownCgroup();
    mkdirSync(cgroup);
    rmdirSync(cgroup);
    execFileSync('unshare', ['--mount', '--pid', '--fork', '--cgroup', 'sh', '-c', 'mount -t tmpfs tmpfs /run'], { stdio: 'pipe' });
    return false;
  } catch (error) {
    return `no systemd in a namespace here: ${(error.stderr || error.message).toString().trim()}`;
  }
}

// `meson install` into a folder; gives back where /usr is.
export function install(directory) {
  execFileSync('meson', ['install', '-C', build, '--no-rebuild', '--quiet'], { env: { ...process.env, DESTDIR: directory }, stdio: 'pipe' });
  return directory;
}

export class Systemd {
  // The folder has `tree` (an installation) and gets the rest. `etc`: (folder) => writes what lies in /etc. `units`: {name: text},
  // drop-ins, too; those that `wants` names are started.
  static async start(directory, { etc = () => {}, units = {}, wants = [] } = {}) {
    const systemd = new Systemd();
    const at = (...names) => join(directory, ...names);
    for (const name of ['usr-upper', 'usr-work', 'etc-upper', 'etc-work', 'units', 'var-lib']) mkdirSync(at(name), { mode: 0o755 });
    await etc(at('etc-upper'));
    for (const name of STUBS) units[`${name}.target`] = `[Unit]\nDefaultDependencies=no\n${name === 'test' ? `Wants=${wants.join(' ')}\n` : ''}`;
    for (const [name, text] of Object.entries(units)) {
      mkdirSync(dirname(at('units', name)), { recursive: true });
      writeFileSync(at('units', name), text);
    }
    Object.assign(systemd, { directory, cgroup: ownCgroup() });
    removeStale(dirname(systemd.cgroup));
    mkdirSync(systemd.cgroup);
    systemd.process = new Process('systemd', 'unshare', ['--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child=KILL', '--', 'sh', '-c', BOOT, 'sh', directory, systemd.cgroup], { log: at('systemd.log') });
    await systemd.#started().catch(async (error) => { await systemd.stop(); throw error; });
    return systemd;
  }

  #started() {
    return until(() => `systemd to have started what it was told; it said:\n${this.process.tail()}`, () => {
      if (this.process.ended) throw new Error(`systemd ended (${this.process.how()}):\n${this.process.tail()}`);
      this.init = Number(readFileSync(`/proc/${this.process.pid}/task/${this.process.pid}/children`, 'utf8').trim());
      try { return this.show('test.target', 'ActiveState').ActiveState === 'active'; } catch { return false; }
    }, { ms: 20000, every: 100 });
  }

  // What is at a path there.
  path(path) {
    return join(`/proc/${this.init}/root`, path);
  }

  // Runs a program there to its end; gives back what it printed.
  run(...words) {
    return execFileSync('nsenter', ['--target', String(this.init), '--mount', '--pid', '--', ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60000 });
  }

  // Properties of a unit.
  show(unit, ...names) {
    const text = this.run('systemctl', 'show', unit, ...names.map((name) => `--property=${name}`));
    return Object.fromEntries(text.trim().split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  }

  async stop() {
    // The death of process 1 is that of all in its namespace; of unshare, by --kill-child, that of process 1.
    const how = await this.process.stop({ signal: 'SIGKILL' });
    await until('the cgroup to be empty', () => { try { removeCgroup(this.cgroup); return true; } catch { return false; } }, { ms: 20000 });
    return { ...how, late: false, signal: null };
  }
}
