// node bulk.mjs ADDRESS PORT: sends all that it can by one TCP connection, until it is ended.
import { connect } from 'node:net';

const [host, port] = process.argv.slice(2), chunk = Buffer.alloc(16384);
const socket = connect({ host, port: Number(port) }, function more() {
  while (socket.write(chunk));
  socket.once('drain', more);
});
