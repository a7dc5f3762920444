// The TURN server as signaling/turn configures it: whom it relays for, whom to, and what it says about it.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { connect } from 'node:tls';
import { sleep } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { TurnClient } from '../rig/turn-client.mjs';

// One of each range that signaling/turn/turnserver.conf.in denies, from its edges where they tell most.
const DENIED = ['0.0.0.1', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255',
  '192.0.0.8', '192.0.2.1', '192.88.99.1', '192.168.0.1', '192.168.255.255', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255'];
const DENIED_SIX = ['::', '::1', '::7f00:1', '::ffff:a00:1', '::ffff:7f00:1', '64:ff9b::a00:1', '64:ff9b:1::a00:1', '100::1', '2001::1', '2001:db8::1', '2002:a00:1::1', 'fc00::1', 'fd12:3456::1',
  'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'fe80::1', 'febf::1', 'fec0::1', 'ff02::1', 'ff05::2'];
const ALLOWED = ['1.1.1.1', '9.255.255.255', '11.0.0.1', '100.63.255.255', '100.128.0.1', '172.15.255.255', '172.32.0.1', '192.167.255.255', '192.169.0.1', '198.17.255.255', '223.255.255.254'];
const ALLOWED_SIX = ['2606:4700::1111', '2a00:1450::1', '2003::1', '65::1'];

story('private, local and reserved addresses are no peers', async ({ rig }) => {
  const turn = await rig.turn({ allowed: [], also: 'relay-ip=::1' });
  const four = rig.own(await TurnClient.open(turn.ports.plain, turn.credentials()));
  await four.allocate();
  for (const address of DENIED) assert.equal(await four.permit(address), 403, address);
  for (const address of ALLOWED) assert.equal(await four.permit(address), 0, address);
  const six = rig.own(await TurnClient.open(turn.ports.plain, turn.credentials()));
  await six.allocate({ v6: true });
  for (const address of DENIED_SIX) assert.equal(await six.permit(address), 403, address);
  for (const address of ALLOWED_SIX) assert.equal(await six.permit(address), 0, address);
});

story('a denied peer is neither sent to nor heard', async ({ rig }) => {
  const turn = await rig.turn({ allowed: ['127.0.0.2'] }), peer = createSocket('udp4');
  rig.own({ stop: () => peer.close() });
  peer.bind(0, '127.0.0.1');
  await once(peer, 'listening');
  let heard = 0;
  peer.on('message', () => heard++);
  const client = rig.own(await TurnClient.open(turn.ports.plain, turn.credentials()));
  const { relayed } = await client.allocate();
  assert.equal(await client.bind({ address: '127.0.0.1', port: peer.address().port }, 0x4000), 403);
  client.put(0x4000, Buffer.from('unbound channel'));
  peer.send('from a stranger', relayed.port, relayed.address);
  await sleep(300);
  assert.equal(heard, 0);
  assert.equal(client.channelled + client.received.length, 0);
  assert.equal(await client.permit('127.0.0.2'), 0);
});

story('TLS is 1.2 or later, nothing listens beside the two ports, and the log names nobody', async ({ rig }) => {
  const turn = await rig.turn(), secret = turn.credentials(600, 'somebody');
  const version = (ms, options) => new Promise((resolve) => {
    const socket = connect({ port: turn.ports.tls, host: '127.0.0.1', ca: readFileSync(turn.ca), ...options }, () => { resolve(socket.getProtocol()); socket.destroy(); });
    socket.on('error', () => resolve('none'));
    setTimeout(() => { resolve('none'); socket.destroy(); }, ms).unref(); // coturn does not even answer
  });
  assert.match(await version(10000, {}), /^TLSv1\.[23]$/);
  assert.equal(await version(1500, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }), 'none');
  const client = rig.own(await TurnClient.open(turn.ports.plain, secret));
  const { relayed } = await client.allocate();
  const listeners = (file) => readFileSync(`/proc/net/${file}`, 'utf8').split('\n').slice(1).map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === (file.startsWith('tcp') ? '0A' : '07')).map((words) => ({ at: words[1], inode: words[9] }));
  const own = new Set(readdirSync(`/proc/${turn.process.pid}/fd`).map((fd) => /^socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${turn.process.pid}/fd/${fd}`, 'utf8'))?.[1]));
  const open = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((file) => listeners(file).filter(({ inode }) => own.has(inode)).map(({ at }) => `${file} ${at}`));
  const hex = (port) => port.toString(16).toUpperCase().padStart(4, '0');
  const expected = [`tcp 0100007F:${hex(turn.ports.plain)}`, `tcp 0100007F:${hex(turn.ports.tls)}`, `udp 0100007F:${hex(turn.ports.plain)}`, `udp 0100007F:${hex(relayed.port)}`];
  assert.deepEqual([...new Set(open)].sort(), expected.sort());
  await turn.stop();
  const log = turn.process.lines.map(({ text }) => text).join('\n');
  assert.ok(!/somebody/.test(log), log);
  assert.ok(!log.includes(turn.secret), 'the secret is in the log');
});
