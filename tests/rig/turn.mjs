// A private coturn from signaling/turn's template, on loopback ports that were free: UDP, TCP and TLS. Peers on loopback are
// let through, because in a test both ends are there; everything else is as the template has it.
import { createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Keys, provision } from './keys.mjs';
import { root } from './paths.mjs';
import { Process, freePort } from './process.mjs';
import { TurnClient } from './turn-client.mjs';

const template = join(root, 'signaling', 'turn', 'turnserver.conf.in');

// A port on loopback that nobody has, neither by TCP nor by UDP; `wanted`, if it is one.
export async function freePortOfBoth(wanted = 0) {
  for (;; wanted = 0) {
    const port = await freePort(wanted), socket = createSocket('udp4');
    socket.bind(port, '127.0.0.1');
    const free = await Promise.race([once(socket, 'listening').then(() => true), once(socket, 'error').then(() => false)]);
    if (free) await new Promise((resolve) => socket.close(resolve));
    if (free) return port;
  }
}

export class Turn {
  // Options: keys (Keys, whose CA signs the certificate; made in `directory` when absent); vendor (its id: this is its server
  // from now on, and agents who enrol later get credentials for it); config (the turnserver.conf that `oriel provision turn`
  // wrote for that vendor, instead of one of ours; with its `ports`); address (listens and relays there);
  // ports {plain, tls}; names (of the certificate: localhost and the address); expired (its certificate is); udp, tcp, tls
  // (false: not offered); allowed (peers that the template denies: loopback); wrap (words before the command, e.g. those
  // that enter a network namespace); also (more lines of turnserver.conf).
  static async start(directory, { keys, vendor, config, address = '127.0.0.1', ports, names = ['localhost', address], expired = false, udp = true, tcp = true, tls = true, allowed = ['127.0.0.0-127.255.255.255'], wrap = [], also = '' } = {}) {
    const turn = new Turn();
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    Object.assign(turn, { directory, address, offers: { udp, tcp, tls }, wrap, realm: 'oriel.test', secret: randomBytes(32).toString('hex'), keys: keys ?? new Keys(join(directory, 'keys')) });
    turn.ca = turn.keys.ca;
    turn.ports = ports ?? { plain: await freePortOfBoth(), tls: await freePort() };
    if (vendor) {
      const folder = turn.keys.vendor(vendor);
      provision('turn', { vendor: folder, turn: turn.uris() });
      turn.secret = readFileSync(join(folder, 'turn.secret'), 'utf8').trim();
    }
    turn.config = config ?? join(directory, 'turnserver.conf');
    if (!config) {
      turn.certificate({ names, expired });
      writeFileSync(turn.config, turn.#filled(allowed, also), { mode: 0o600 });
    }
    await turn.run();
    return turn;
  }

  // Other names, another CA, another age: at the next run().
  certificate({ names, expired = false, keys = this.keys }) {
    const { certificate, key } = keys.certificate({ server: names }, { expired });
    copyFileSync(certificate, join(this.directory, 'turn.pem'));
    copyFileSync(key, join(this.directory, 'turn.key'));
    chmodSync(join(this.directory, 'turn.key'), 0o600);
  }

  #filled(allowed, also) {
    const { directory, address, offers } = this;
    const values = {
      LISTENING: `listening-ip=${address}`, RELAY: `relay-ip=${address}`, PORT: this.ports.plain, TLS_PORT: this.ports.tls, MIN_PORT: 49152, MAX_PORT: 65535,
      CERTIFICATE: join(directory, 'turn.pem'), KEY: join(directory, 'turn.key'), SECRET: this.secret, REALM: this.realm, DIRECTORY: directory, LOG: 'stdout', USER: '',
      ALLOWED: [...(allowed.some((range) => /^(127\.|::1)/.test(range)) ? ['allow-loopback-peers'] : []), ...allowed.map((range) => `allowed-peer-ip=${range}`)].join('\n'),
    };
    const text = readFileSync(template, 'utf8').replace(/^(?!#).*$/gm, (line) => line.replace(/@([A-Z_]+)@/g, (_, name) => {
      if (!(name in values)) throw new Error(`${template}: nobody fills in @${name}@`);
      return values[name];
    }));
    return [text, ...Object.keys(offers).filter((kind) => !offers[kind]).map((kind) => `no-${kind}`), also, ''].join('\n');
  }

  // Also after stop(): the same server again, on the same ports, without the allocations that it had.
  async run() {
    this.process = new Process('coturn', this.#program(), ['-c', this.config], { log: join(this.directory, 'coturn.log'), wrap: this.wrap });
    await this.process.line(/IO method \(admin thread\)/);
    // Its sockets are open now, but it may be a moment until they are read. In another network nobody can ask.
    if (!this.offers.udp || this.wrap.length) return;
    const client = await TurnClient.open(this.ports.plain, {}, { address: this.address });
    await client.binding().finally(() => client.stop());
  }

  #program() {
    return ['/usr/bin/turnserver', '/usr/local/bin/turnserver'].find((path) => existsSync(path)) ?? 'turnserver';
  }

  // RFC 7065 URIs of what is offered, the preferred first; by `host` instead of the address, if it is given.
  uris({ host = this.address } = {}) {
    const { plain, tls } = this.ports;
    const all = { udp: `turn:${host}:${plain}?transport=udp`, tcp: `turn:${host}:${plain}?transport=tcp`, tls: `turns:${host}:${tls}?transport=tcp` };
    return Object.keys(all).filter((kind) => this.offers[kind]).map((kind) => all[kind]);
  }

  // TURN REST credentials, good for that long.
  credentials(seconds = 600, name = 'test') {
    const username = `${Math.floor(Date.now() / 1000) + seconds}:${name}`;
    return { username, password: createHmac('sha1', this.secret).update(username).digest('base64') };
  }

  stop() {
    return this.process.stop();
  }
}
