// An HTTP proxy that knows CONNECT and nothing else: node connect-proxy.mjs ADDRESS PORT. Says who was asked for.
import { connect, createServer } from 'node:net';

const [address, port] = process.argv.slice(2);

createServer((client) => {
  let head = '';
  const refuse = () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  client.on('error', () => client.destroy());
  client.on('data', function read(data) {
    head += data.toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    client.off('data', read).pause();
    const [, host, to] = /^CONNECT \[?([^\s\]]+?)\]?:(\d+) HTTP\/1\.[01]\r\n/.exec(head) ?? [];
    if (!host) { refuse(); return; }
    console.log(`CONNECT ${host}:${to}`);
    const server = connect({ host, port: Number(to), noDelay: true }, () => {
      client.setNoDelay(true);
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      server.write(Buffer.from(head.slice(end + 4), 'latin1'));
      client.pipe(server).pipe(client);
    });
    server.on('error', () => { refuse(); client.destroy(); });
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  });
}).listen(Number(port), address, () => console.log('ready'));
