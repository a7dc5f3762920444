// A broker that is nobody's friend: two real mosquittos, one that the device is connected to and one that the agents are,
// and between them a bridge that sees what a broker sees and does with it what a script says: forward, change, drop, hold,
// repeat, make up. It has no key of anybody.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { Broker } from './broker.mjs';
import { freePort, listens, until, within } from './process.mjs';

export class Hostile {
  // Options: those of Broker.start, for both.
  static async start(directory, options = {}) {
    const hostile = new Hostile();
    Object.assign(hostile, { seen: [], script: (packet) => packet, clients: {}, listeners: {} });
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const side of ['devices', 'agents']) {
      const port = await freePort();
      // A door without rules: the operator of a broker needs no account.
      hostile[side] = await Broker.start(join(directory, side), { keys: hostile.devices?.keys, ...options, also: `\nlistener ${port} 127.0.0.1\nallow_anonymous true\n` });
      hostile.listeners[side] = `mqtt://127.0.0.1:${port}`;
      await until(`the door of the ${side}' broker`, () => listens(port)); // mosquitto opens it last
      hostile.clients[side] = await hostile.connect(side, { reconnectPeriod: 100 });
    }
    const base = `oriel/v1/${hostile.devices.tenant}`;
    await hostile.#forward('devices', 'agents', [`${base}/d/+/state`, `${base}/a/+/d/+`]);
    await hostile.#forward('agents', 'devices', [`${base}/d/+/dn/+`, `${base}/v/+/revoked`]);
    return hostile;
  }

  // A client that may do everything.
  connect(side, options = {}) {
    return within(30000, 'the hostile broker to connect', mqtt.connectAsync(this.listeners[side], { protocolVersion: 5, reconnectPeriod: 0, ...options }, false));
  }

  // The script is given {to, topic, payload, retain} and gives back what goes on: one such packet, a list, or nothing.
  async #forward(from, to, topics) {
    this.clients[from].on('message', (topic, payload, { retain }) => {
      const packet = { to, topic, payload, retain };
      this.seen.push(packet);
      for (const one of [this.script(packet) ?? []].flat()) this.send(one).catch(() => { /* its mosquitto is down */ });
    });
    await this.clients[from].subscribeAsync(topics, { qos: 1, rap: true });
  }

  send({ to, topic, payload, retain = false }) {
    return this.clients[to].publishAsync(topic, payload, { qos: 1, retain });
  }

  // What it does to a kind of topic, and lets the rest pass: 'dn' (to the device), 'a' (to an agent), 'state', 'revoked'.
  on(kind, change) {
    this.script = (packet) => (Hostile.kind(packet) === kind ? change(packet) : packet);
  }

  honest() {
    this.script = (packet) => packet;
  }

  static kind({ topic }) {
    const [, , , first, , last] = topic.split('/');
    return first === 'a' ? 'a' : last;
  }

  // All that passed of a kind.
  of(kind) {
    return this.seen.filter((packet) => Hostile.kind(packet) === kind);
  }

  // Whether these words were in anything that passed, as they are or in base64url.
  reads(words) {
    return this.seen.some(({ topic, payload }) => {
      const text = payload.toString('latin1'), parts = text.match(/[\w-]{12,}/g) ?? [];
      return [topic, text, ...parts.map((part) => Buffer.from(part, 'base64url').toString('latin1'))].some((one) => one.includes(Buffer.from(words).toString('latin1')));
    });
  }

  // Afterwards nothing passes; start() alone brings it back.
  async stop() {
    for (const client of Object.values(this.clients)) await client.endAsync(true);
    await Promise.all([this.devices.stop(), this.agents.stop()]);
    return {};
  }
}
