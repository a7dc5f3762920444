// An agent that speaks signaling/PROTOCOL.md over MQTT without a browser. Every message that the device sends is held to
// its JSON schema; one that breaks it fails the test.
import Ajv2020 from 'ajv/dist/2020.js';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { root } from './paths.mjs';
import { within } from './process.mjs';

const ajv = new Ajv2020({ allErrors: true });
const folder = join(root, 'signaling', 'schema');
const schemas = Object.fromEntries(readdirSync(folder).filter((name) => name.endsWith('.json'))
  .map((name) => [name.slice(0, -5), ajv.compile(JSON.parse(readFileSync(join(folder, name), 'utf8')))]));

export const hash = (bytes) => createHash('sha256').update(bytes).digest('base64url');
export const nonce = () => randomBytes(32).toString('base64url');
// A fingerprint that no certificate has.
export const FINGERPRINT = Array.from({ length: 32 }, (_, i) => (i * 7 % 256).toString(16).padStart(2, '0').toUpperCase()).join(':');

export class Agent {
  static async connect(broker, { id = 'anna', vendor = 'fill-cap', name = 'Anna Weber' } = {}) {
    const agent = new Agent();
    Object.assign(agent, { broker, id, credential: { iss: vendor, sub: id, name }, messages: [], waiting: new Set(), sequences: new Map(), broken: [] });
    agent.base = `oriel/v1/${broker.tenant}`;
    agent.client = await within(10000, 'the agent to connect to the broker', mqtt.connectAsync(broker.socket, { username: id, clientId: `${id}-${randomBytes(4).toString('hex')}`, reconnectPeriod: 200, protocolVersion: 5 }));
    agent.client.on('message', (topic, bytes) => agent.#received(topic, bytes));
    await agent.client.subscribeAsync([`${agent.base}/d/${broker.device}/state`, `${agent.base}/a/${id}/d/${broker.device}`], { qos: 1 });
    return agent;
  }

  #received(topic, bytes) {
    const text = bytes.toString('utf8');
    let message;
    try { message = JSON.parse(text); } catch { message = { typ: 'broken', text }; }
    const valid = schemas[message.typ];
    if (!valid?.(message)) this.broken.push(`${text}: ${valid ? ajv.errorsText(valid.errors) : 'no such typ'}`);
    if (bytes.length > 10240) this.broken.push(`${message.typ} has ${bytes.length} bytes; 10 KiB are allowed`);
    this.messages.push(message);
    if (message.typ === 'state') this.state = message;
    for (const look of [...this.waiting]) look();
  }

  // The next message that fits: a typ, or a function. Earlier ones are dropped, except that states never hide others.
  next(fits, ms = 10000) {
    const test = typeof fits === 'string' ? (message) => message.typ === fits : fits;
    return within(ms, () => `the message ${fits}; there were ${JSON.stringify(this.messages.map(({ sdp, ...rest }) => rest))}`, new Promise((resolve, reject) => {
      const look = () => {
        if (this.broken.length) { this.waiting.delete(look); reject(new Error(`the device broke the protocol: ${this.broken[0]}`)); return; }
        const index = this.messages.findIndex(test);
        if (index >= 0) { this.waiting.delete(look); resolve(this.messages.splice(0, index + 1).at(-1)); }
      };
      this.waiting.add(look);
      look();
    }));
  }

  // Publishes bytes or a message; gives back the hash of what was sent.
  async send(message) {
    const bytes = Buffer.isBuffer(message) ? message : Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
    await within(10000, 'the broker to take a message', this.client.publishAsync(`${this.base}/d/${this.broker.device}/dn/${this.id}`, bytes, { qos: 1 }));
    return hash(bytes);
  }

  // Waits for a state like this.
  whenState(fits, ms = 10000) {
    return this.state && fits(this.state) ? Promise.resolve(this.state) : this.next((message) => message.typ === 'state' && fits(message), ms);
  }

  async hello() {
    const sent = await this.send({ v: 1, typ: 'hello', nonce: nonce(), credential: this.credential });
    const challenge = await this.next((message) => message.typ === 'challenge' && message.hello === sent);
    this.nonce = challenge.nonce;
    return challenge;
  }

  requestMessage(changes = {}) {
    return { v: 1, typ: 'request', device: this.broker.device, nonce: this.nonce, reason: 'Capper jams – may I look?', scopes: ['view'], seconds: 600, fingerprint: FINGERPRINT, credential: this.credential, ...changes };
  }

  // hello, then request; gives back the request's hash.
  async request(changes = {}) {
    await this.hello();
    this.asked = await this.send(this.requestMessage(changes));
    return this.asked;
  }

  denial(ms) {
    return this.next((message) => message.typ === 'denial' && message.request === this.asked, ms);
  }

  async grant(ms) {
    const grant = await this.next((message) => ['grant', 'denial'].includes(message.typ) && message.request === this.asked, ms);
    if (grant.typ === 'denial') throw new Error(`denied: ${grant.reason} ${grant.detail ?? ''}`);
    this.session = grant.session;
    return grant;
  }

  offer(ms) {
    return this.next((message) => message.typ === 'sdp' && message.session === this.session, ms);
  }

  // A message of a session, with the next number in it.
  sequenced(typ, members, session = this.session) {
    const seq = this.sequences.get(session) ?? 0;
    this.sequences.set(session, seq + 1);
    return this.send({ v: 1, typ, session, seq, ...members });
  }

  ended(ms) {
    return this.next((message) => message.typ === 'end' && message.session === this.session, ms);
  }

  async stop() {
    await this.client.endAsync(true);
  }
}
