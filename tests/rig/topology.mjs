// Three machines and what lies between them, as network namespaces: a device, a cloud (broker, TURN), and the agent, which is
// the test itself: its file runs itself again in there (agentNetwork), so everything that a test starts without further
// ado is on the agent's machine.
//
//     device 10.77.1.2 ── .1 ┐
//      cloud 10.77.2.2 ── .1 ┤ router, with a firewall that can be changed
//      agent 10.77.3.2 ── .1 ┘
//
// Any of the three cables can be an emulated link (link/) instead: slow, late, lossy, cut.
//
// The cloud is 10.77.2.3 as well, for a TURN server that has port 443 beside a broker that has it. The same by IPv6:
// fd77:0:0:<n>::2. No way leads out of it, nothing is bound or changed on the machine's own network,
// and nothing is left, however the test ends: a namespace lives as long as a process in it, and those die with us.
// For root: tcpdump insists on changing to an account, and a user's own namespaces have one only.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Link } from './link/link.mjs';
import { program } from './paths.mjs';
import { Capture } from './pcap.mjs';
import { Process, sleep } from './process.mjs';

const NETS = { device: 1, cloud: 2, agent: 3 };
export const ADDRESS = Object.fromEntries(Object.entries(NETS).map(([name, n]) => [name, `10.77.${n}.2`]));
export const ADDRESS6 = Object.fromEntries(Object.entries(NETS).map(([name, n]) => [name, `fd77:0:0:${n}::2`]));
ADDRESS.turn = '10.77.2.3';
// What /etc/hosts says on all three.
export const NAME = { device: 'device.test', cloud: 'cloud.test', agent: 'agent.test', turn: 'turn.test' };

const inAgent = ['unshare', ...(process.getuid() === 0 ? [] : ['--map-root-user']), '--net', '--mount', '--', 'sh', '-c', 'set -e; PATH=$PATH:/usr/sbin:/sbin; ip link set lo up; exec "$@"', 'sh'];

function noNetworks() {
  const look = spawnSync(inAgent[0], [...inAgent.slice(1), 'sh', '-c', 'ip link add name a type veth peer name b && nft list ruleset && command -v strace && timeout --preserve-status --signal=INT 0.3 tcpdump -i lo -w /dev/null -Z root'], { encoding: 'utf8' });
  return look.status === 0 ? false : `no network namespaces with cables and a firewall here: ${(look.stderr || String(look.error ?? 'a program is missing')).trim()}`;
}

// Why there can be no emulated link here, for `skip`; false when there can.
export function noLink() {
  try {
    closeSync(openSync('/dev/net/tun', 'r+'));
    return false;
  } catch (error) {
    return `no emulated link here: ${error.message}`;
  }
}

// To be awaited before a file's first test: only its second run, as the agent, goes on after it. Gives back why it can't be,
// for `skip`, or false.
export async function agentNetwork() {
  if (process.env.ORIEL_TEST_NETWORK === 'agent') return false;
  const none = noNetworks();
  if (none) return none;
  // Dies with us, and gives its results to whom we would have given ours (reporter.mjs: fd 3).
  const results = process.execArgv.some((arg) => arg.endsWith('reporter.mjs')) ? [3] : [];
  const [command, ...args] = [...inAgent, 'setpriv', '--pdeathsig', 'KILL', '--', process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', ...results], env: { ...process.env, ORIEL_TEST_NETWORK: 'agent' } });
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => child.kill(signal));
  return new Promise((_, reject) => child.on('error', reject).on('close', (code) => process.exit(code ?? 1)));
}

// ICMP errors at any rate, since what is closed must be able to say so about every port.
const SYSCTLS = { 'ipv4/ip_forward': 1, 'ipv6/conf/all/forwarding': 1, 'ipv4/icmp_ratemask': 0, 'ipv4/icmp_ratelimit': 0, 'ipv6/icmp/ratelimit': 0, 'ipv6/icmp/ratemask': 128, 'ipv6/conf/all/accept_dad': 0, 'ipv6/conf/default/accept_dad': 0 };

// A namespace: `wrap` are the words to put before a command so that it runs there (Process, Device, Turn: option wrap).
export class Host {
  static async start(name, hosts) {
    const host = new Host();
    Object.assign(host, { name, address: ADDRESS[name], address6: ADDRESS6[name] });
    // It holds the namespaces: net, and mount for the names.
    const script = `set -e; PATH=$PATH:/usr/sbin:/sbin
mount --make-rprivate /
mount --bind "$1" /etc/hosts; mount --bind "$2" /etc/resolv.conf
${Object.entries(SYSCTLS).filter(([key]) => name === 'router' || !/forward/.test(key)).map(([key, value]) => `[ ! -e /proc/sys/net/${key} ] || echo ${value} > /proc/sys/net/${key}`).join('\n')}
ip link set lo up; echo ready; exec sleep infinity`;
    host.holder = new Process(name, 'unshare', ['--net', '--mount', '--', 'sh', '-c', script, 'sh', hosts.names, hosts.none]);
    await host.holder.line(/^ready$/);
    host.wrap = ['nsenter', `--target=${host.holder.pid}`, '--net', '--mount', '--'];
    return host;
  }

  // Runs a program there to its end; gives back what it printed.
  run(command, args = [], { input } = {}) {
    const [first, ...words] = [...this.wrap, command, ...args];
    return execFileSync(first, words, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 1 << 26, env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
  }

  // A program that goes on.
  start(name, command, args, options) {
    return new Process(name, command, args, { ...options, wrap: this.wrap });
  }

  // Every socket of the network there: [{proto: tcp|udp|raw|packet, state, local, peer, process}]. TCP that waits out its time after
  // its end is no socket of anybody.
  sockets() {
    const text = this.run('ss', ['--no-header', '--numeric', '--all', '--processes', '--tcp', '--udp', '--raw', '--packet']);
    return text.split('\n').filter(Boolean).map((line) => {
      const [proto, state, , , local, peer, users = ''] = line.split(/\s+/);
      return { proto, state, local, peer, process: /"([^"]+)"/.exec(users)?.[1] ?? '' };
    }).filter(({ state }) => state !== 'TIME-WAIT');
  }

  // Those of them that somebody outside could talk to: what listens, and what takes a datagram from anybody.
  listeners() {
    return this.sockets().filter(({ proto, state, peer }) => state === 'LISTEN' || (proto !== 'tcp' && (state === 'UNCONN' || /^(\*|0\.0\.0\.0|\[::\]):\*$/.test(peer))));
  }

  stop() {
    return this.holder.stop({ signal: 'SIGKILL' });
  }
}

// What the firewall lets pass from the device. Rules by name, or nftables statements of one's own.
const RULES = {
  all: '',
  'no udp': 'meta l4proto udp drop',
  'only 443': 'tcp dport 443 accept\ndrop',
  nothing: 'drop',
};

export class Topology {
  // In a folder of the rig. `links`: {device: {up, down}} makes that machine's cable an emulated link (link/link.mjs) with
  // these settings; it is `topology.links.device` then.
  static async start(directory, { links = {} } = {}) {
    const topology = new Topology();
    mkdirSync(directory, { recursive: true });
    const at = (name) => join(directory, name), hosts = { names: at('hosts'), none: at('resolv.conf') };
    writeFileSync(hosts.names, `127.0.0.1 localhost\n::1 localhost\n${Object.keys(NAME).map((name) => `${ADDRESS[name]} ${NAME[name]}\n`).join('')}`);
    writeFileSync(hosts.none, ''); // names that are not in there are nobody's
    Object.assign(topology, { directory, captures: [], links: {}, moves: {} });
    execFileSync('mount', ['--bind', hosts.names, '/etc/hosts']); // the agent has its mounts for itself, too
    try {
      for (const name of ['router', 'device', 'cloud']) topology[name] = await Host.start(name, hosts);
      for (const [name, n] of Object.entries(NETS)) await topology.#cable(name, n, links[name]);
      topology.cloud.run('ip', ['address', 'add', `${ADDRESS.turn}/24`, 'dev', 'eth0']);
    } catch (error) {
      await topology.stop();
      throw error;
    }
    return topology;
  }

  // Options of a broker and of a TURN server in the cloud (rig.broker, rig.turn).
  get broker() { return { wrap: this.cloud.wrap, address: ADDRESS.cloud, name: NAME.cloud, ports: { device: 8883, agent: 8080 } }; }
  get turn() { return { wrap: this.cloud.wrap, address: ADDRESS.turn, ports: { plain: 3478, tls: 443 }, allowed: ['10.77.0.0-10.77.255.255'] }; }

  // From the router's side, so that nothing is ever in a namespace that is not ours.
  async #cable(name, n, link) {
    const { router } = this, pid = name === 'agent' ? process.pid : this[name].holder.pid;
    const there = this.#there(name);
    if (link) {
      const ends = [{ netns: `/proc/${pid}/ns/net`, name: 'eth0' }, { netns: `/proc/${router.holder.pid}/ns/net`, name }];
      this.links[name] = await Link.start({ ends, log: join(this.directory, `link-${name}.log`), ...link });
    } else router.run('ip', ['link', 'add', 'name', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)]);
    for (const [host, link, last] of [[router, name, 1], [there, 'eth0', 2]]) {
      host.run('ip', ['address', 'add', `10.77.${n}.${last}/24`, 'dev', link]);
      host.run('ip', ['address', 'add', `fd77:0:0:${n}::${last}/64`, 'dev', link, 'nodad']);
      host.run('ip', ['link', 'set', link, 'up']);
    }
    there.run('ip', ['route', 'add', 'default', 'via', `10.77.${n}.1`]);
    there.run('ip', ['-6', 'route', 'add', 'default', 'via', `fd77:0:0:${n}::1`]);
  }

  #there(name) {
    return name === 'agent' ? { run: (command, args) => execFileSync(command, args, { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } }) } : this[name];
  }

  // That machine leaves its network …
  unplug(name) {
    this.#there(name).run('ip', ['link', 'set', `eth${this.moves[name] ?? 0}`, 'down']);
  }

  // … and comes to another one: to the n-th, where its address is 10.77.<n><its number>.2.
  plug(name) {
    const { router } = this, there = this.#there(name), move = this.moves[name] = (this.moves[name] ?? 0) + 1, n = `${move}${NETS[name]}`;
    const pid = name === 'agent' ? process.pid : this[name].holder.pid, own = `eth${move}`, other = `${name}${move}`;
    router.run('ip', ['link', 'add', 'name', other, 'type', 'veth', 'peer', 'name', own, 'netns', String(pid)]);
    for (const [host, link, last] of [[router, other, 1], [there, own, 2]]) {
      host.run('ip', ['address', 'add', `10.77.${n}.${last}/24`, 'dev', link]);
      host.run('ip', ['link', 'set', link, 'up']);
    }
    there.run('ip', ['route', 'add', 'default', 'via', `10.77.${n}.1`]);
  }

  // Sets what passes from the device on, at once and for connections that exist, too; what is not let through gets no
  // answer, as with most firewalls.
  firewall(rule) {
    const text = RULES[rule] ?? rule;
    this.rule = rule;
    this.router.run('nft', ['-f', '-'], { input: `flush ruleset\ntable inet oriel {\n chain forward {\n  type filter hook forward priority 0; policy accept;\n  iifname "device*" jump from_device\n }\n chain from_device {\n${text}\n }\n}\n` });
  }

  // All that passes the device's cable from now on, seen from the router: the device can't know.
  async capture() {
    const capture = await Capture.start(this.router, 'device', join(this.directory, `capture-${this.captures.length}.pcap`));
    this.captures.push(capture);
    return capture;
  }

  // Every port of the device, seen from the agent: the ports that are not closed, and how many are.
  async probe(address = ADDRESS.device) {
    const prober = new Process('rig-probe', program('tests/rig/rig-probe'), [address]);
    const { code } = await prober.exited;
    if (code !== 0) throw new Error(`rig-probe ended (${prober.how()}):\n${prober.tail()}`);
    const lines = prober.lines.map(({ text }) => text.split(' '));
    const closed = Object.fromEntries(lines.filter(([, what]) => what === 'closed').map(([proto, , count]) => [proto, Number(count)]));
    return { closed, others: lines.filter(([, what]) => what !== 'closed').map((line) => line.join(' ')) };
  }

  async stop() {
    for (const capture of this.captures) await capture.stop();
    for (const link of Object.values(this.links)) await link.stop();
    await sleep(0);
    for (const name of ['cloud', 'device', 'router']) await this[name]?.stop();
    spawnSync('umount', ['/etc/hosts']);
    return {};
  }
}
