// An agent that speaks signaling/PROTOCOL.md over MQTT without a browser: enrolled by `oriel provision agent`, it signs
// and seals what it sends, opens and verifies what it gets, and holds every message that the device sends to its JSON
// schema; one that breaks the protocol fails the test. It can misbehave in any way: see send().
import Ajv2020 from 'ajv/dist/2020.js';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { forgeJwe, forgeJws, fromJwk, hash, nonce, open, pair, peek, recipient, seal, sign, verify } from './jose.mjs';
import { readJson } from './keys.mjs';
import { root } from './paths.mjs';
import { clock, sleep, within } from './process.mjs';

export { hash, nonce };

const ajv = new Ajv2020({ allErrors: true });
const folder = join(root, 'signaling', 'schema');
const compiled = (path) => Object.fromEntries(readdirSync(path).filter((name) => name.endsWith('.json'))
  .map((name) => [name.slice(0, -5), ajv.compile(readJson(join(path, name)))]));
const schemas = compiled(folder), documents = compiled(join(folder, 'documents'));

function must(valid, value, what) {
  if (!valid?.(value)) throw new Error(`${what} breaks its schema: ${valid ? ajv.errorsText(valid.errors) : 'there is none'}; it is ${JSON.stringify(value)}`);
  return value;
}

// A fingerprint that no certificate has.
export const FINGERPRINT = Array.from({ length: 32 }, (_, i) => (i * 7 % 256).toString(16).padStart(2, '0').toUpperCase()).join(':');

// An enrolment: {own (pair that signs), credential, presence (pair), owners, password, …}. By default of a new browser.
export async function enrol(broker, { id = 'anna', vendor = 'fill-cap', name = 'Anna Weber', scopes, hours, own = pair(), keys = broker.keys } = {}) {
  const answers = pair();
  const request = await sign(JSON.stringify({ v: 1, typ: 'enrolment', key: own.jwk, seal: answers.jwk }), own, 'oriel-enrolment+jws');
  const answer = keys.agent({ vendor, tenant: broker.tenant, id, name, scopes, hours, password: broker.password(id), request });
  const jws = await open(answer.trim(), answers);
  const enrolled = must(documents.enrolled, await verify(jws, peek(jws).claims.vendor, 'oriel-enrolled+jws'), 'the answer to an enrolment');
  must(documents['agent-credential'], await verify(enrolled.credential, enrolled.vendor, 'oriel-agent+jwt'), 'an agent credential');
  return { ...enrolled, own, presence: pair(fromJwk(enrolled.presence)), vendorKey: enrolled.vendor };
}

export class Agent {
  // Options: id, vendor, name, scopes, hours (of its enrolment), enrolled (one that was made before, or is forged).
  static async connect(broker, { id = 'anna', vendor = 'fill-cap', name = 'Anna Weber', enrolled, ...options } = {}) {
    const agent = new Agent();
    Object.assign(agent, { broker, id, vendor, statuses: [], messages: [], waiting: new Set(), sequences: new Map(), broken: [], seals: new Map(), exchanges: new Map(), candidates: [], sent: [], queue: Promise.resolve() });
    agent.enrolled = enrolled ?? await enrol(broker, { id, vendor, name, ...options });
    agent.own = agent.enrolled.own;
    agent.credential = agent.enrolled.credential;
    agent.base = `oriel/v1/${broker.tenant}`;
    agent.client = await agent.#connect();
    agent.client.on('message', (topic, bytes) => { agent.queue = agent.queue.then(() => agent.#received(topic, bytes)); });
    await agent.client.subscribeAsync([`${agent.base}/d/${broker.device}/state`, `${agent.base}/a/${id}/d/${broker.device}`], { qos: 1 });
    return agent;
  }

  // A password that was added just now is known in a moment.
  async #connect() {
    for (const end = clock() + 20000; ;) {
      try {
        return await within(30000, 'the agent to connect to the broker', mqtt.connectAsync(this.broker.socket, {
          username: this.id, password: this.enrolled.password, clientId: `${this.id}-${randomBytes(4).toString('hex')}`, reconnectPeriod: 200, protocolVersion: 5,
        }));
      } catch (error) {
        if (!/authorized|password/i.test(error.message) || clock() > end) throw error;
        await sleep(50);
      }
    }
  }

  // ---- what comes ----

  async #received(topic, bytes) {
    const text = bytes.toString('utf8');
    try {
      const isState = topic.endsWith('/state');
      if (isState && !text) return; // taken back
      if (bytes.length > (isState ? 65536 : 16384)) throw new Error(`a message of ${bytes.length} bytes`);
      if (isState) await this.#gotState(text);
      else await this.#gotMessage(text);
    } catch (error) {
      this.broken.push(`${error.message}\n${text.slice(0, 300)}`);
    }
    for (const look of [...this.waiting]) look();
  }

  async #gotState(text) {
    let state;
    if (text.startsWith('{')) {
      const presence = must(documents.presence, JSON.parse(text), 'a presence');
      this.vendors = Object.keys(presence.for);
      if (!presence.for[this.vendor]) return; // not for us
      const jws = await open(presence.for[this.vendor], this.enrolled.presence);
      await this.meet(peek(jws).claims.credential);
      state = await verify(jws, this.peer.cnf.jwk, 'oriel-state+jws');
    } else {
      // The last will; until the device is known nobody can say whose.
      state = this.peer ? await verify(text, this.peer.cnf.jwk, 'oriel-state+jws') : peek(text).claims;
      if (state.online) throw new Error('a state that is online and not sealed');
    }
    must(schemas.state, state, 'a state');
    if (state.device !== this.broker.device) throw new Error('a state of another device');
    this.state = state;
    this.statuses.push(state.status);
    this.messages.push(state);
  }

  async #gotMessage(jwe) {
    const with_ = this.seals.get(recipient(jwe));
    if (!with_) throw new Error('sealed for a key that was in no hello');
    const jws = await open(jwe, with_), { typ } = peek(jws).claims;
    const message = must(schemas[typ], await verify(jws, this.peer.cnf.jwk, `oriel-${typ}+jws`), `a ${typ}`);
    Object.defineProperties(message, { hash: { value: hash(jws) }, jws: { value: jws }, bytes: { value: jwe.length } }); // out of sight of deepEqual
    // An offer may be said again, when the device was away from the broker: the newest counts.
    if (message.typ === 'sdp' && !(message.session === this.offered && message.path < this.path)) Object.assign(this, { path: message.path, offered: message.session });
    if (message.typ === 'ice') this.candidates.push(message.candidate);
    this.messages.push(message);
  }

  // Believes a device's credential, if one of the owners signed it; `peer` are its claims then.
  async meet(credential) {
    const owner = this.enrolled.owners.find(({ id }) => id === peek(credential).claims.iss);
    if (!owner) throw new Error('the device is of an owner that is not known');
    const peer = must(documents['device-credential'], await verify(credential, owner.key, 'oriel-device+jwt'), 'a device credential');
    if (peer.sub !== this.broker.device || peer.tenant !== this.broker.tenant) throw new Error('a credential of another device or tenant');
    this.peer = peer;
    return peer;
  }

  // The next message that fits: a typ, or a function. Earlier ones are dropped, except that states never hide others.
  next(fits, ms = 30000) {
    const test = typeof fits === 'string' ? (message) => message.typ === fits : fits;
    return within(ms, () => `the message ${fits}; there were ${JSON.stringify(this.messages.map(({ sdp, credential, ...rest }) => rest))}`, new Promise((resolve, reject) => {
      const look = () => {
        if (this.broken.length) { this.waiting.delete(look); reject(new Error(`the device broke the protocol: ${this.broken[0]}`)); return; }
        const index = this.messages.findIndex(test);
        if (index >= 0) { this.waiting.delete(look); resolve(this.messages.splice(0, index + 1).at(-1)); }
      };
      this.waiting.add(look);
      look();
    }));
  }

  // Waits for a state like this.
  whenState(fits, ms = 30000) {
    return this.state && fits(this.state) ? Promise.resolve(this.state) : this.next((message) => message.typ === 'state' && fits(message), ms);
  }

  // ---- what goes ----

  // Signs and seals a message (claims, or their bytes, good or not) and publishes it; gives back its hash. To misbehave:
  //   by      another pair to sign with            typ      of the JWS (default: that of the message)
  //   jws     {header, payload, signature}, and
  //   jwe     {header, parts}: see forgeJws and forgeJwe (jose.mjs)
  //   to      another key to seal for              sealed   false: the JWS goes out as it is
  //   bytes   (bytes) -> what is published instead
  async send(message, { by = this.own, typ, jws: jwsForgery, jwe: jweForgery, to, sealed = true, bytes: change = (bytes) => bytes } = {}) {
    const text = Buffer.isBuffer(message) || typeof message === 'string' ? message.toString('utf8') : JSON.stringify(message);
    const raw = Buffer.isBuffer(message) ? message : Buffer.from(text);
    let claims = {};
    try { claims = JSON.parse(text) ?? {}; } catch { /* that is what is tested */ }
    const kind = typ ?? `oriel-${claims.typ ?? 'request'}+jws`;
    const jws = jwsForgery ? forgeJws(text, by, kind, jwsForgery) : await sign(raw, by, kind);
    if (!to && !this.peer) await this.whenState((state) => state.online);
    const key = to ?? (claims.typ === 'hello' ? this.peer.enc : this.exchanges.get(claims.session) ?? this.exchange ?? this.peer.enc);
    const payload = !sealed ? jws : jweForgery ? forgeJwe(jws, key, jweForgery) : await seal(jws, key);
    await this.publish(change(Buffer.from(payload)));
    if (claims.typ === 'request') this.requested = jws;
    return hash(jws);
  }

  // Bytes as they are. All that was ever published is in `sent`, to be replayed.
  async publish(bytes) {
    this.sent.push(bytes);
    await within(30000, 'the broker to take a message', this.client.publishAsync(`${this.base}/d/${this.broker.device}/dn/${this.id}`, bytes, { qos: 1 }));
  }

  // The claims of our credential with changes, signed by the vendor's own key, or by another pair; `forgery`: as of forgeJws.
  forgeCredential(changes = {}, { by, typ = 'oriel-agent+jwt', forgery = {} } = {}) {
    const vendor = this.broker.keys.vendor(this.vendor);
    return forgeJws(JSON.stringify({ ...peek(this.enrolled.credential).claims, ...changes }), by ?? pair(this.broker.keys.key(vendor, 'vendor.key')), typ, forgery);
  }

  // A hello with a fresh sealing key. Gives back its hash at once.
  async sendHello(changes = {}, knobs = {}) {
    const sealing = pair();
    this.seals.set(sealing.kid, sealing);
    return this.send({ v: 1, typ: 'hello', device: this.broker.device, nonce: nonce(), credential: this.credential, key: sealing.jwk, ...changes }, knobs);
  }

  // hello, and the challenge to it; a denial is an error.
  async hello(changes, knobs) {
    this.asked = await this.sendHello(changes, knobs);
    const answer = await this.next(({ typ, hello, request }) => (typ === 'challenge' && hello === this.asked) || (typ === 'denial' && request === this.asked));
    if (answer.typ === 'denial') throw Object.assign(new Error(`denied: ${answer.reason} ${answer.detail ?? ''}`), { denial: answer });
    if (answer.device !== this.broker.device) throw new Error('a challenge of another device');
    Object.assign(this, { nonce: answer.nonce, challenge: answer.hash, exchange: answer.key });
    return answer;
  }

  // What the enrolment brought for the TURN server: the device goes there with it.
  #turn() {
    const { username, password } = this.enrolled.turn ?? {};
    return username ? { turn: { username, password } } : {};
  }

  // The same, as a browser takes it.
  get iceServers() {
    const { urls, username, password: credential } = this.enrolled.turn ?? {};
    return urls ? [{ urls, username, credential }] : [];
  }

  requestMessage(changes = {}) {
    return { v: 1, typ: 'request', challenge: this.challenge, device: this.broker.device, nonce: this.nonce, reason: 'Capper jams – may I look?', scopes: ['view'], seconds: 600, fingerprint: FINGERPRINT, ...this.#turn(), ...changes };
  }

  // hello, then request; gives back the request's hash.
  async request(changes = {}, knobs) {
    await this.hello();
    this.asked = await this.send(this.requestMessage(changes), knobs);
    return this.asked;
  }

  // hello, then rejoin of our session by that exchange; gives back the answer, and goes on by it when it is a yes.
  async rejoin(changes = {}, knobs = {}) {
    await this.hello();
    const { challenge, nonce: device, session, exchange } = this;
    this.asked = await this.send({ v: 1, typ: 'rejoin', challenge, device: this.broker.device, nonce: device, session, fingerprint: FINGERPRINT, ...changes }, { to: exchange, ...knobs });
    const answer = await this.next(({ typ, request }) => ['rejoined', 'denial'].includes(typ) && request === this.asked);
    if (answer.typ === 'rejoined') {
      this.exchanges.set(answer.session, exchange);
      this.sequences.set(answer.session, 0);
    }
    return answer;
  }

  denial(ms) {
    return this.next((message) => message.typ === 'denial' && message.request === this.asked, ms);
  }

  async grant(ms) {
    const grant = await this.next((message) => ['grant', 'denial'].includes(message.typ) && message.request === this.asked, ms);
    if (grant.typ === 'denial') throw new Error(`denied: ${grant.reason} ${grant.detail ?? ''}`);
    this.session = grant.session;
    this.exchanges.set(grant.session, this.exchange);
    return grant;
  }

  offer(ms) {
    return this.next((message) => message.typ === 'sdp' && message.session === this.session, ms);
  }

  // A message of a session, with the next number in it.
  sequenced(typ, members, session = this.session, knobs = {}) {
    const seq = this.sequences.get(session) ?? 0;
    this.sequences.set(session, seq + 1);
    return this.send({ v: 1, typ, session, seq, ...(['end', 'away'].includes(typ) ? {} : { path: this.path ?? 1 }), ...members }, knobs);
  }

  ended(ms) {
    return this.next((message) => message.typ === 'end' && message.session === this.session, ms);
  }

  async stop() {
    await this.client.endAsync(true);
    await this.queue;
  }
}
