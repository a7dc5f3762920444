// A private mosquitto as `oriel provision broker` sets it up: TLS with client certificates for devices, WebSocket with
// passwords for agents and the console's files, both on loopback ports that were free.
import { once } from 'node:events';
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { Keys, provision } from './keys.mjs';
import { Process, freePort, listens, until, within } from './process.mjs';

// A port on loopback that leads to that one.
async function passOn(host, port) {
  const open = new Set(), server = createServer((near) => {
    const far = connect({ host, port, noDelay: true });
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.on('error', () => {}).on('close', () => { open.delete(one); other.destroy(); }).pipe(other);
    }
  }).listen(0, '127.0.0.1');
  server.closeAll = () => { for (const socket of open) socket.destroy(); };
  await once(server, 'listening');
  return server;
}

export class Broker {
  // Options: tenant; device (its id); keys (Keys; made in `directory` when absent); vendors (whose administrators may
  // revoke); agents (ids that can log in); passwords (a folder where theirs are kept); site (a folder of files to serve)
  // and config (of the console.json beside them: an object, or (broker) -> object, asked before the broker runs); ports {device, agent}; expired (its certificate is); also (more lines of
  // mosquitto.conf); for another machine (topology.mjs): wrap (words before its command), address (where it listens), name
  // (what devices call it, and its certificate).
  static async start(directory, { tenant = 'plant', device = 'filler-1', keys, vendors = ['fill-cap'], agents = ['anna', 'boris'], passwords, site, config, ports, expired = false, also = '', wrap = [], address = '127.0.0.1', name = address } = {}) {
    const broker = new Broker();
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    Object.assign(broker, { directory, tenant, device, keys: keys ?? new Keys(join(directory, 'keys')), passwords: passwords ?? join(directory, 'passwords'), files: join(directory, 'mosquitto'), wrap, address });
    mkdirSync(broker.passwords, { recursive: true, mode: 0o700 });
    const served = join(directory, 'site');
    mkdirSync(served);
    if (site) cpSync(site, served, { recursive: true });
    broker.ports = ports ?? { device: await freePort(), agent: await freePort() };
    provision('broker', { out: broker.files, owner: broker.keys.owner, tenant, 'device-port': broker.ports.device, 'agent-port': broker.ports.agent, 'device-address': address, host: name === '127.0.0.1' ? undefined : name, console: served, vendor: vendors });
    if (expired) broker.keys.expire(join(broker.files, 'broker.pem'));
    // Agents come to loopback only (there is a proxy with TLS before it, elsewhere), so to another machine by a listener more.
    if (address !== '127.0.0.1') also += `\nlistener ${broker.ports.agent} ${address}\nsocket_domain ipv4\nprotocol websockets\nhttp_dir ${served}\nallow_anonymous false\npassword_file ${broker.files}/passwords\nacl_file ${broker.files}/acl-agents\n`;
    if (also) appendFileSync(join(broker.files, 'mosquitto.conf'), also);
    for (const agent of agents) broker.password(agent);
    broker.url = `mqtts://${name}:${broker.ports.device}`;
    broker.socket = `ws://${address}:${broker.ports.agent}`;
    // A browser trusts a page without TLS on loopback only: there it has the agents' listener of another machine, too.
    broker.front = address === '127.0.0.1' ? null : await passOn(address, broker.ports.agent);
    broker.page = `http://127.0.0.1:${broker.front?.address().port ?? broker.ports.agent}/`;
    if (config) writeFileSync(join(served, 'console.json'), JSON.stringify(typeof config === 'function' ? await config(broker) : config));
    await broker.run();
    return broker;
  }

  // The file with an agent's password; the broker knows it (when it runs already, in a moment).
  password(agent) {
    const file = join(this.passwords, agent), known = new RegExp(`^${agent}:`, 'm').test(readFileSync(join(this.files, 'passwords'), 'utf8'));
    if (known) return file;
    if (existsSync(file)) provision('broker-agent', { broker: this.files, id: agent, password: file });
    else provision('broker-agent', { broker: this.files, id: agent, out: file });
    return file;
  }

  // Also after stop(): the same broker again, without what it remembered.
  async run() {
    this.process = new Process('mosquitto', this.#program(), ['-c', join(this.files, 'mosquitto.conf')], { log: join(this.directory, 'mosquitto.log'), wrap: this.wrap });
    for (const port of Object.values(this.ports)) {
      await until(() => `mosquitto on port ${port}; it said:\n${this.process.tail()}`, () => {
        if (this.process.ended) throw new Error(`mosquitto ended (${this.process.how()}):\n${this.process.tail()}`);
        return listens(port, this.address);
      });
    }
  }

  // Debian has it in sbin, which is not in everybody's PATH.
  #program() {
    return ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto'].find((path) => existsSync(path)) ?? 'mosquitto';
  }

  // An MQTT client with a certificate, as devices and administrators have.
  async connect({ certificate, key }, options = {}) {
    const { default: mqtt } = await import('mqtt'); // only tests that use it load it; the demo does without
    return within(30000, 'the broker to let a certificate in', mqtt.connectAsync(this.url, { cert: readFileSync(certificate), key: readFileSync(key), ca: readFileSync(this.keys.ca), protocolVersion: 5, reconnectPeriod: 0, ...options }, false));
  }

  // The vendor's administrator publishes a list (a new one that raises the epoch or has the key id in it, or `list`).
  async revoke(vendor, { list, ...what } = {}) {
    const text = list ?? this.keys.revoke(vendor, what);
    const client = await this.connect(this.keys.certificate({ admin: vendor }));
    await client.publishAsync(`oriel/v1/${this.tenant}/v/${vendor}/revoked`, text, { qos: 1, retain: true });
    await client.endAsync();
    return text;
  }

  stop() {
    this.front?.close();
    this.front?.closeAll();
    return this.process.stop();
  }
}
