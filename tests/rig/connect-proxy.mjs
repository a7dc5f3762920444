// The proxy of proxy.mjs as a program, for another machine: node connect-proxy.mjs ADDRESS PORT.
import { Proxy } from './proxy.mjs';

const [address, port] = process.argv.slice(2);
await Proxy.start({ address, port: Number(port) });
console.log('ready');
