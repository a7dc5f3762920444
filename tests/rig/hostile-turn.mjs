// A TURN server that answers a Binding request as it must, so that it is taken, and then does whatever a test wants.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { stun } from './turn-client.mjs';

export class HostileTurn {
  // `udp` or `tcp`. Options: silent (answers nothing at all).
  static async start(kind, { silent = false } = {}) {
    const server = new HostileTurn();
    Object.assign(server, { kind, silent, received: [], sockets: [] });
    if (kind === 'udp') {
      server.socket = createSocket('udp4');
      server.socket.on('message', (message, from) => server.#take(message, (bytes) => server.socket.send(bytes, from.port, from.address)));
      server.socket.bind(0, '127.0.0.1');
      await once(server.socket, 'listening');
      server.port = server.socket.address().port;
    } else {
      server.server = createServer((socket) => {
        server.sockets.push(socket);
        socket.on('error', () => { /* the other side has had enough */ });
        socket.on('data', (data) => server.#take(data, (bytes) => socket.write(bytes)));
      });
      server.server.listen(0, '127.0.0.1');
      await once(server.server, 'listening');
      server.port = server.server.address().port;
    }
    server.uri = `turn:127.0.0.1:${server.port}?transport=${kind}`;
    return server;
  }

  #take(message, answer) {
    if (message.length === 20 && message.readUInt16BE(0) === 1) {
      if (!this.silent) answer(stun(0x0101, message.subarray(8, 20)));
    } else {
      this.received.push(message);
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
