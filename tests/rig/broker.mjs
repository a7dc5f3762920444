// A private mosquitto from signaling/broker's templates: TLS with client certificates for devices, WebSocket for agents
// and the console's files, both on loopback ports that were free.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { Process, freePort, listens, until } from './process.mjs';

const templates = join(root, 'signaling', 'broker');
// Comments are left alone: they may speak of placeholders.
const fill = (name, values) => readFileSync(join(templates, name), 'utf8').replace(/^#.*|@([A-Z_]+)@/gm, (text, key) => {
  if (key && !(key in values)) throw new Error(`signaling/broker/${name} wants @${key}@, which nobody gives`);
  return key ? values[key] : text;
});

// A CA, a broker's and a device's certificate in `directory`; what is there and whole is kept.
export function certificates(directory, device, { days } = {}) {
  const wanted = ['ca.key', 'ca.crt', 'broker.key', 'broker.crt', `${device}.key`, `${device}.crt`].map((name) => join(directory, name));
  const fresh = () => {
    try {
      // Good for two more days at least.
      for (const name of ['ca.crt', 'broker.crt', `${device}.crt`])
        execFileSync('openssl', ['x509', '-checkend', '172800', '-noout', '-in', join(directory, name)], { stdio: 'ignore' });
      return true;
    } catch { return false; }
  };
  if (!wanted.every((file) => existsSync(file)) || (days === undefined && !fresh())) {
    rmSync(directory, { recursive: true, force: true });
    execFileSync('sh', [join(templates, 'make-certs.sh'), directory, device, ...(days === undefined ? [] : [String(days)])], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return { ca: join(directory, 'ca.crt'), certificate: join(directory, `${device}.crt`), key: join(directory, `${device}.key`), directory };
}

export class Broker {
  // Options: tenant; device (its id, for the certificate); site (a folder of files to serve) and config (the console.json
  // beside them); cache (a folder where certificates are kept); ports {device, agent}.
  static async start(directory, { tenant = 'plant', device = 'filler-1', site, config, cache, days, ports } = {}) {
    const broker = new Broker();
    Object.assign(broker, { directory, tenant, device });
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    broker.certificates = certificates(cache ?? join(directory, 'certificates'), device, { days });
    const served = join(directory, 'site');
    mkdirSync(served);
    if (site) cpSync(site, served, { recursive: true });
    if (config) writeFileSync(join(served, 'console.json'), JSON.stringify(config));
    for (const kind of ['devices', 'agents']) writeFileSync(join(directory, `acl-${kind}`), fill(`acl-${kind}.in`, { TENANT: tenant }), { mode: 0o600 });
    broker.ports = ports ?? { device: await freePort(), agent: await freePort() };
    writeFileSync(join(directory, 'mosquitto.conf'), fill('mosquitto.conf.in', {
      USER: userInfo().username, // not mosquitto's own, who may not read this folder
      DEVICE_PORT: broker.ports.device, DEVICE_ADDRESS: '127.0.0.1', CERTIFICATES: broker.certificates.directory, ACL_DEVICES: join(directory, 'acl-devices'),
      AGENT_PORT: broker.ports.agent, CONSOLE_DIRECTORY: served, ACL_AGENTS: join(directory, 'acl-agents'),
    }), { mode: 0o600 });
    broker.url = `mqtts://127.0.0.1:${broker.ports.device}`;
    broker.socket = `ws://127.0.0.1:${broker.ports.agent}`;
    broker.page = `http://127.0.0.1:${broker.ports.agent}/`;
    await broker.run();
    return broker;
  }

  // Also after stop(): the same broker again, without what it remembered.
  async run() {
    this.process = new Process('mosquitto', this.#program(), ['-c', join(this.directory, 'mosquitto.conf')], { log: join(this.directory, 'mosquitto.log') });
    for (const port of Object.values(this.ports)) {
      await until(() => `mosquitto on port ${port}; it said:\n${this.process.tail()}`, () => {
        if (this.process.ended) throw new Error(`mosquitto ended (${this.process.how()}):\n${this.process.tail()}`);
        return listens(port);
      });
    }
  }

  // Debian has it in sbin, which is not in everybody's PATH.
  #program() {
    return ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto'].find((path) => existsSync(path)) ?? 'mosquitto';
  }

  stop() {
    return this.process.stop();
  }
}
