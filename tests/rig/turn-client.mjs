// A TURN client of the least kind (RFC 8656 over UDP, long-term credentials): asks for a relayed address, permissions and
// channels, and sends and receives by them. What the server refuses comes back as its error code.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { within } from './process.mjs';

const COOKIE = 0x2112a442;
const METHODS = { binding: 1, allocate: 3, refresh: 4, send: 6, data: 7, permit: 8, bind: 9 };
const REQUEST = 0, INDICATION = 0x10, SUCCESS = 0x100, ERROR = 0x110;
const A = { username: 6, integrity: 8, error: 9, peer: 0x12, data: 0x13, realm: 0x14, nonce: 0x15, relayed: 0x16, transport: 0x19, mapped: 0x20, lifetime: 0xd, channel: 0xc, family: 0x17 };

export function attribute(type, value) {
  const bytes = Buffer.from(value), head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(bytes.length, 2);
  return Buffer.concat([head, bytes, Buffer.alloc(-bytes.length & 3)]);
}

export function message(method, kind, id, attributes, key) {
  const body = Buffer.concat(attributes), head = Buffer.alloc(20);
  head.writeUInt16BE(method | kind, 0); // methods below 16 have no bits that the class would part
  head.writeUInt16BE(body.length + (key ? 24 : 0), 2);
  head.writeUInt32BE(COOKIE, 4);
  id.copy(head, 8);
  const text = Buffer.concat([head, body]);
  return key ? Buffer.concat([text, attribute(A.integrity, createHmac('sha1', key).update(text).digest())]) : text;
}

// IPv4, or IPv6 as RFC 5952 writes it, without an IPv4 tail.
function bytesOf(address) {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [front, back] = address.split('::').map((half) => (half ? half.split(':') : []));
  const groups = back ? [...front, ...Array(8 - front.length - back.length).fill('0'), ...back] : front;
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function xorAddress(address, port, id) {
  const plain = bytesOf(address), v6 = plain.length === 16;
  const mask = Buffer.concat([Buffer.from('2112a442', 'hex'), id]), bytes = Buffer.alloc(4);
  bytes[1] = v6 ? 2 : 1;
  bytes.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  return Buffer.concat([bytes, plain.map((byte, i) => byte ^ mask[i])]);
}

function readAddress(bytes) {
  const mask = Buffer.from('2112a442', 'hex');
  return { port: bytes.readUInt16BE(2) ^ (COOKIE >>> 16), address: [...bytes.subarray(4, 8)].map((byte, i) => byte ^ mask[i]).join('.') };
}

function parse(bytes) {
  const attributes = new Map();
  for (let at = 20; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16BE(at + 2);
    attributes.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length + (-length & 3);
  }
  const type = bytes.readUInt16BE(0);
  return { method: type & ~0x110, kind: type & 0x110, id: bytes.subarray(8, 20).toString('hex'), attributes };
}

export class TurnClient {
  static async open(port, { username, password }, { address = '127.0.0.1' } = {}) {
    const client = new TurnClient();
    Object.assign(client, { username, password, waiting: new Map(), received: [], channelled: 0, strange: 0 });
    client.socket = createSocket('udp4');
    client.socket.connect(port, address);
    await once(client.socket, 'connect');
    client.socket.on('message', (bytes) => client.#arrived(bytes));
    client.socket.on('error', () => { /* nobody is there: whoever waits for an answer says so */ });
    return client;
  }

  // ChannelData is counted, and given to onData(bytes, channel); what is neither that nor STUN is strange.
  #arrived(bytes) {
    if ((bytes[0] & 0xc0) === 0x40) {
      this.channelled++;
      this.onData?.(bytes.subarray(4, 4 + bytes.readUInt16BE(2)), bytes.readUInt16BE(0));
    } else if (bytes.length >= 20 && bytes.readUInt32BE(4) === COOKIE) {
      this.#take(parse(bytes));
    } else {
      this.strange++;
    }
  }

  #take(answer) {
    if (answer.kind === INDICATION && answer.method === METHODS.data) this.received.push({ text: answer.attributes.get(A.data).toString(), ...readAddress(answer.attributes.get(A.peer)) });
    this.waiting.get(answer.id)?.(answer);
  }

  // Again and again, as on UDP one must.
  #ask(method, attributes, key) {
    const id = randomBytes(12), text = message(METHODS[method], REQUEST, id, attributes(id), key);
    const answer = new Promise((resolve) => this.waiting.set(id.toString('hex'), resolve));
    const send = () => this.socket.send(text), again = setInterval(send, 200);
    send();
    return within(this.patience ?? 3000, `an answer of the TURN server to ${method}`, answer).finally(() => { clearInterval(again); this.waiting.delete(id.toString('hex')); });
  }

  async binding() {
    await this.#ask('binding', () => []);
  }

  // {code: 0, …} or {code: what the server says}; once more when it wants to know who asks.
  async #request(method, attributes = () => []) {
    const signed = (id) => [...attributes(id), attribute(A.username, this.username), attribute(A.realm, this.realm), attribute(A.nonce, this.nonce)];
    const key = () => createHash('md5').update(`${this.username}:${this.realm}:${this.password}`).digest();
    let answer = this.nonce ? await this.#ask(method, signed, key()) : await this.#ask(method, attributes);
    for (let tries = 0; tries < 2; tries++) {
      const code = answer.kind === ERROR ? answer.attributes.get(A.error)[2] * 100 + answer.attributes.get(A.error)[3] : 0;
      const again = (code === 401 && !tries && !this.nonce) || code === 438;
      if (answer.attributes.has(A.nonce)) Object.assign(this, { nonce: answer.attributes.get(A.nonce), realm: answer.attributes.get(A.realm) ?? this.realm });
      if (!again) return { code, attributes: answer.attributes };
      answer = await this.#ask(method, signed, key());
    }
    return { code: 438, attributes: answer.attributes };
  }

  // {code, relayed: {address, port}, mapped: {address, port}}; `v6`: an address of IPv6, which is not read.
  async allocate({ v6 = false } = {}) {
    const { code, attributes } = await this.#request('allocate', () => [attribute(A.transport, [17, 0, 0, 0]), ...(v6 ? [attribute(A.family, [2, 0, 0, 0])] : [])]);
    return code || v6 ? { code } : { code, relayed: readAddress(attributes.get(A.relayed)), mapped: readAddress(attributes.get(A.mapped)) };
  }

  async refresh(seconds = 600) {
    const lifetime = Buffer.alloc(4);
    lifetime.writeUInt32BE(seconds);
    return (await this.#request('refresh', () => [attribute(A.lifetime, lifetime)])).code;
  }

  async permit(address) {
    return (await this.#request('permit', (id) => [attribute(A.peer, xorAddress(address, 0, id))])).code;
  }

  // The code; then put() and onData() speak with that peer.
  async bind({ address, port }, channel) {
    return (await this.#request('bind', (id) => [attribute(A.channel, [channel >> 8, channel & 255, 0, 0]), attribute(A.peer, xorAddress(address, port, id))])).code;
  }

  put(channel, bytes) {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(channel, 0);
    head.writeUInt16BE(bytes.length, 2);
    this.raw(Buffer.concat([head, bytes]));
  }

  raw(bytes) {
    this.socket.send(bytes);
  }

  send({ address, port }, text) {
    const id = randomBytes(12);
    this.socket.send(message(METHODS.send, INDICATION, id, [attribute(A.peer, xorAddress(address, port, id)), attribute(A.data, text)]));
  }

  stop() {
    this.socket.close();
    return {};
  }
}
