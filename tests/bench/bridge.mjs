// node bridge.mjs PORT DELAY ADDRESS: a WebSocket on loopback (its address is printed) for one TCP port, as noVNC needs it. What comes
// from the server is held back for DELAY ms: a known delay, by which the bench checks its clock.
import { connect } from 'node:net';
import { WebSocketServer } from 'ws';

const [port, delay] = process.argv.slice(2).map(Number), [,,,, host] = process.argv;
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}/`));
server.on('connection', (socket) => {
  const tcp = connect({ host, port, noDelay: true });
  const pass = (data) => socket.send(data);
  tcp.on('data', delay ? (data) => setTimeout(pass, delay, data) : pass);
  socket.on('message', (data) => tcp.write(data));
  tcp.on('close', () => socket.close());
  tcp.on('error', () => socket.close());
  socket.on('close', () => tcp.destroy());
});
