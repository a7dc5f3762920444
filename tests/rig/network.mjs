// A network of a test file's own: the file runs itself again in a network namespace that has loopback and one interface
// with an address, and nothing else. For what needs an address that is not loopback, on a machine where nothing may be
// bound to the real ones. Root has namespaces; everybody else where users may have their own (Debian's default).
import { execFileSync, spawn } from 'node:child_process';

export const ADDRESS = '10.77.0.1';

// Both ends of a cable, so that the interface has a carrier; what is sent to ADDRESS never gets that far. The route leads
// nowhere, but Firefox finds the address that it is ready to use by asking which one leads to the internet.
const BUILD = `set -e
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
ip link add name media0 type veth peer name media1
ip address add ${ADDRESS}/24 dev media0
ip link set media0 up
ip link set media1 up
ip route add default via 10.77.0.2 dev media0
exec "$@"`;

// Words to put before a command so that it runs in such a namespace.
export const inOwnNetwork = ['unshare', ...(process.getuid() === 0 ? [] : ['--map-root-user']), '--net', '--', 'sh', '-c', BUILD, 'sh'];

// Why there can be none here, for a test's `skip`; false when there can.
export function noOwnNetwork() {
  const [command, ...args] = [...inOwnNetwork, 'true'];
  try {
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
    return false;
  } catch (error) {
    return `no network namespace with an interface here: ${(error.stderr || error.message).trim()}`;
  }
}

// To be awaited before a file's first test: only its second run, inside, goes on after it. Gives back what noOwnNetwork does.
export async function ownNetwork() {
  if (process.env.ORIEL_TEST_NETWORK === 'own') return false;
  const none = noOwnNetwork();
  if (none) return none;
  // Dies with us, and gives its results to whom we would have given ours (reporter.mjs: fd 3).
  const results = process.execArgv.some((arg) => arg.endsWith('reporter.mjs')) ? [3] : [];
  const [command, ...args] = [...inOwnNetwork, 'setpriv', '--pdeathsig', 'KILL', '--', process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', ...results], env: { ...process.env, ORIEL_TEST_NETWORK: 'own' } });
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => child.kill(signal));
  return new Promise((_, reject) => child.on('error', reject).on('close', (code) => process.exit(code ?? 1)));
}
