// node sender.mjs ADDRESS PORT BYTES COUNT BITS_A_SECOND: sends so many UDP datagrams, each an IP packet of so many bytes, at that rate. In each
// is its number and the time of CLOCK_MONOTONIC in ns when it was sent. Prints `sent COUNT` at the end.
import { createSocket } from 'node:dgram';

const [address, port, bytes, count, rate] = process.argv.slice(2), OVERHEAD = 28; // IP and UDP
const socket = createSocket('udp4'), began = process.hrtime.bigint(), step = Number(bytes) * 8e9 / Number(rate);
let next = 0;
function tick() {
  for (; next < count && Number(process.hrtime.bigint() - began) >= next * step; next++) {
    const datagram = Buffer.alloc(bytes - OVERHEAD);
    datagram.writeUInt32LE(next);
    datagram.writeBigUInt64LE(process.hrtime.bigint(), 4);
    socket.send(datagram, Number(port), address);
  }
  if (next < count) setTimeout(tick, 1);
  else setTimeout(() => { console.log(`sent ${count}`); socket.close(); }, 20);
}
tick();
