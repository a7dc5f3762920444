// A TURN server that answers the question of egress as it must, so that it is taken, and then does whatever a test wants.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { attribute, message as stun } from './turn-client.mjs';

export class HostileTurn {
  // `udp`, `tcp` or `tls`. Options: silent (answers nothing at all); answer (to the question, given its transaction: an error without a
  // challenge, so that media's requests come through); those of node's TLS server.
  static async start(kind, { silent = false, answer = (id) => stun(3, 0x110, id, [attribute(9, [0, 0, 5, 0])]), ...secure } = {}) {
    const server = new HostileTurn();
    Object.assign(server, { kind, silent, received: [], sockets: [], answerTo: answer });
    if (kind === 'udp') {
      server.socket = createSocket('udp4');
      server.socket.on('message', (bytes, from) => server.#take(bytes, (answer) => server.socket.send(answer, from.port, from.address)));
      server.socket.bind(0, '127.0.0.1');
      await once(server.socket, 'listening');
      server.port = server.socket.address().port;
    } else {
      const create = kind === 'tls' ? (serve) => createTlsServer(secure, serve).on('tlsClientError', () => { /* it went away */ }) : createServer;
      server.server = create((socket) => {
        server.sockets.push(socket);
        socket.on('error', () => { /* the other side has had enough */ });
        socket.on('data', (bytes) => server.#take(bytes, (answer) => socket.write(answer)));
      });
      server.server.listen(0, '127.0.0.1');
      await once(server.server, 'listening');
      server.port = server.server.address().port;
    }
    server.uri = kind === 'tls' ? `turns:127.0.0.1:${server.port}` : `turn:127.0.0.1:${server.port}?transport=${kind}`;
    return server;
  }

  #take(bytes, answer) {
    if (bytes.length === 28 && bytes.readUInt16BE(0) === 3) {
      if (!this.silent) answer(this.answerTo(bytes.subarray(8, 20)));
    } else {
      this.received.push(bytes);
    }
    this.answer = answer;
  }

  // To whoever was last heard of.
  send(bytes) {
    this.answer(bytes);
  }

  stop() {
    for (const socket of this.sockets) socket.destroy();
    this.server?.close();
    this.socket?.close();
  }
}
