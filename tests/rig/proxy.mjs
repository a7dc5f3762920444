// An HTTP CONNECT proxy, as a plant has one; or one that says what a test wants it to say.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Proxy {
  // Options: answer (bytes instead of a tunnel; null: no answer at all), address, port. On another machine: connect-proxy.mjs.
  static async start({ answer, address = '127.0.0.1', port = 0 } = {}) {
    const proxy = new Proxy();
    proxy.tunnels = [];
    proxy.sockets = new Set();
    proxy.server = createServer((socket) => proxy.#serve(socket, answer));
    proxy.server.listen(port, address);
    await once(proxy.server, 'listening');
    proxy.address = `${address}:${proxy.server.address().port}`;
    return proxy;
  }

  #keep(socket) {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => this.sockets.delete(socket)).on('error', () => socket.destroy());
  }

  #serve(socket, answer) {
    let request = '';
    this.#keep(socket);
    const read = (data) => {
      request += data.toString('latin1');
      const match = /^CONNECT (\[[\da-f:]+\]|[^\s:]+):(\d+) HTTP\/1\.1\r\n(?:.+\r\n)*\r\n$/i.exec(request);
      if (!match) return;
      socket.off('data', read);
      this.tunnels.push(`${match[1]}:${match[2]}`);
      if (answer !== undefined) {
        if (answer !== null) socket.write(answer);
        return;
      }
      const far = connect(Number(match[2]), match[1].replace(/[[\]]/g, ''), () => {
        socket.write('HTTP/1.1 200 Connection established\r\nVia: rig\r\n\r\n');
        socket.pipe(far).pipe(socket);
      });
      this.#keep(far);
      far.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')).on('close', () => socket.destroy());
      socket.on('close', () => far.destroy());
    };
    socket.on('data', read);
  }

  stop() {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
