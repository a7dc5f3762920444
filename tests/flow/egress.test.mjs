// oriel-egress alone: a real TURN client on its inside, a real coturn outside, and a peer behind that; every byte is compared.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { Egress } from '../rig/egress.mjs';
import { HostileTurn } from '../rig/hostile-turn.mjs';
import { Keys } from '../rig/keys.mjs';
import { program } from '../rig/paths.mjs';
import { memory, sleep, until } from '../rig/process.mjs';
import { Proxy } from '../rig/proxy.mjs';
import { story } from '../rig/story.mjs';
import { TurnClient, attribute, message as stun } from '../rig/turn-client.mjs';

const egressOf = async (rig, options) => rig.own(await Egress.start({ log: rig.path('egress.log'), ...options }));
const clientOf = async (rig, egress, turn) => rig.own(await TurnClient.open(egress.port, turn ? turn.credentials() : {}));

// Packets that tell where they belong, and whose every byte follows from their number.
function packet(number, size) {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = (number * 31 + i * 7) & 255;
  bytes.writeUInt32BE(number, 0);
  return bytes;
}

// A peer, a channel to it through egress, and what arrives at either end.
async function conversation(rig, egress, turn) {
  const peer = createSocket('udp4'), client = await clientOf(rig, egress, turn);
  rig.own({ stop: () => peer.close() });
  peer.bind(0, '127.0.0.1');
  await once(peer, 'listening');
  const { relayed } = await client.allocate(), channel = 0x4000;
  assert.equal(await client.bind({ address: '127.0.0.1', port: peer.address().port }, channel), 0);
  const there = [], here = [];
  peer.on('message', (message) => there.push(message));
  client.onData = (message) => here.push(Buffer.from(message));
  return { client, there, here, out: (bytes) => client.put(channel, bytes), back: (bytes) => peer.send(bytes, relayed.port, relayed.address) };
}

// Sends `total` packets each way, `burst` of them every `every` ms, of sizes that change; all must arrive as they were. No more are under
// way than a socket holds for a process that does not run at the moment.
async function exchange(talk, { total, burst, every, size }) {
  const { there, here } = talk, sent = [];
  there.length = here.length = 0;
  for (let number = 0; number < total;) {
    for (let i = 0; i < burst && number < total; i++, number++) {
      const bytes = packet(number, size(number));
      sent.push(bytes);
      talk.out(bytes);
      talk.back(bytes);
    }
    await sleep(every);
    await until(() => `${sent.length} packets; ${there.length} and ${here.length} came`, () => sent.length - Math.min(there.length, here.length) < 3 * burst, { every: 2 });
  }
  await until(() => `all ${total} packets; ${there.length} and ${here.length} came`, () => there.length >= total && here.length >= total);
  for (const came of [there, here]) {
    came.sort((a, b) => a.readUInt32BE(0) - b.readUInt32BE(0));
    assert.deepEqual(came, sent);
  }
}

const voice = { total: 75, burst: 1, every: 18, size: (i) => 80 + (i * 13) % 121 };
const picture = { total: 600, burst: 12, every: 25, size: (i) => 1200 - (i % 7) };

for (const [name, kind, proxied] of [['UDP', 'udp'], ['TCP', 'tcp'], ['TLS', 'tls'], ['TCP through a proxy', 'tcp', true], ['TLS through a proxy', 'tls', true]])
  story(`voice and picture go by ${name}, byte for byte, both ways`, async ({ rig }) => {
    const turn = await rig.turn(), proxy = proxied && rig.own(await Proxy.start());
    const uri = turn.uris().at(['udp', 'tcp', 'tls'].indexOf(kind));
    const egress = await egressOf(rig, { servers: [uri], ca: turn.ca, proxy: proxy?.address });
    const path = await egress.next('path');
    assert.deepEqual([path.transport, path.generation, path.remember], [kind, 1, uri]);
    assert.match(path.detail, proxied ? new RegExp(`through proxy ${proxy.address}`) : new RegExp(`^${kind.toUpperCase()} to 127.0.0.1:\\d+$`));
    const talk = await conversation(rig, egress, turn);
    await exchange(talk, voice);
    await exchange(talk, picture);
    const bytes = picture.total * 1195;
    const stats = await egress.stats((figures) => figures.out > bytes && figures.in > bytes);
    assert.deepEqual([stats.dropped_out, stats.dropped_in, stats.refused], [0, 0, 0]);
    assert.equal(talk.client.strange, 0);
    if (proxied) assert.deepEqual(proxy.tunnels, [`127.0.0.1:${kind === 'tls' ? turn.ports.tls : turn.ports.plain}`]);
  });

story('by name, with the name in the certificate', async ({ rig }) => {
  const turn = await rig.turn({ names: ['localhost'] });
  const egress = await egressOf(rig, { servers: turn.uris({ host: 'localhost' }).slice(2), ca: turn.ca });
  const { detail } = await egress.next('path');
  assert.match(detail, /^TLS to localhost:\d+ \(127\.0\.0\.1:\d+\)$/);
  await exchange(await conversation(rig, egress, turn), { ...voice, total: 10 });
});

story('UDP that is refused or not answered: another way within two seconds, and the next time at once', async ({ rig }) => {
  const turn = await rig.turn({ udp: false }), silent = rig.own(await HostileTurn.start('udp', { silent: true }));
  // At once is: sooner than by the fallback, however long that is.
  const refused = await egressOf(rig, { servers: [`turn:127.0.0.1:${turn.ports.plain}`, ...turn.uris()], ca: turn.ca, fallback: 8000 });
  const first = await refused.next('path');
  assert.equal(first.transport, 'tcp');
  assert.ok(first.ms < 4000, `${first.ms} ms`);
  const servers = [silent.uri, ...turn.uris()];
  const unanswered = await egressOf(rig, { servers, ca: turn.ca });
  const second = await unanswered.next('path');
  assert.equal(second.transport, 'tcp');
  assert.ok(second.ms >= 900 && second.ms < 4000, `${second.ms} ms`);
  const remembered = await egressOf(rig, { servers, ca: turn.ca, remembered: turn.uris()[1], fallback: 8000 });
  const third = await remembered.next('path');
  assert.equal(third.transport, 'tls');
  assert.ok(third.ms < 4000, `${third.ms} ms`);
  const patient = await egressOf(rig, { servers, ca: turn.ca, fallback: 5000 });
  const fourth = await patient.next('path');
  assert.ok(fourth.ms >= 2400, `${fourth.ms} ms`);
});

story('UDP is taken where it answers, also when TLS worked last time', async ({ rig }) => {
  const turn = await rig.turn();
  for (const remembered of ['', turn.uris()[2], 'turn:somebody.else:3478?transport=udp']) {
    const egress = await egressOf(rig, { servers: turn.uris(), ca: turn.ca, remembered });
    assert.equal((await egress.next('path')).transport, 'udp');
  }
});

story('a certificate of another CA, for another host, or out of date: refused, and said which', async ({ rig }) => {
  const turn = await rig.turn(), other = new Keys(rig.path('other')), uri = turn.uris().slice(2);
  const attempt = async (ca = turn.ca, servers = uri) => {
    const egress = await egressOf(rig, { servers, ca });
    const { detail } = await egress.next('failed');
    assert.deepEqual(await egress.next('exit'), { exit: 1 });
    return detail;
  };
  assert.match(await attempt(other.ca), /not signed by a CA that is trusted here.*is the CA file the right one/);
  assert.match(await attempt(''), /not signed by a CA that is trusted here/);
  assert.match(await attempt(rig.path('missing.pem')), /CA file .*missing.pem can't be used: No such file/);
  for (const [names, words] of [[['turn.example.com'], /is for another host than 127\.0\.0\.1/], [['localhost'], /is for another host than 127\.0\.0\.1/]]) {
    turn.certificate({ names });
    await turn.stop();
    await turn.run();
    assert.match(await attempt(), words);
  }
  assert.match(await attempt(turn.ca, ['turn:127.0.0.1:9', ...uri]), /^no TURN server can be reached: TLS to 127\.0\.0\.1:\d+: its certificate is for another host.*; UDP to 127\.0\.0\.1:9: Connection refused$/);
  assert.match(await attempt(turn.ca, turn.uris({ host: 'ip6-localhost.localdomain' }).slice(2)), /name can't be looked up/);
  turn.certificate({ names: ['127.0.0.1'], expired: true });
  await turn.stop();
  await turn.run();
  await sleep(1100);
  assert.match(await attempt(), /has expired: renew it, or set this device's clock/);
});

story('TLS: 1.2 or later, the name is asked for, an address is not; what cuts it breaks the path', async ({ rig }) => {
  const keys = new Keys(rig.path('keys')), { certificate, key } = keys.certificate({ server: ['localhost', '127.0.0.1'] });
  const files = { cert: readFileSync(certificate), key: readFileSync(key) };
  const names = [];
  const server = rig.own(await HostileTurn.start('tls', { ...files, maxVersion: 'TLSv1.2', SNICallback: (name, done) => { names.push(name); done(null, null); } }));
  const byName = await egressOf(rig, { servers: [server.uri.replace('127.0.0.1', 'localhost')], ca: keys.ca });
  await byName.next('path');
  const byAddress = await egressOf(rig, { servers: [server.uri], ca: keys.ca });
  await byAddress.next('path');
  assert.deepEqual(names, ['localhost']);
  assert.deepEqual(server.sockets.map((socket) => socket.getProtocol()), ['TLSv1.2', 'TLSv1.2']);
  server.sockets[1].destroy();
  assert.match((await byAddress.next('lost')).detail, /the server closed the connection|reset/);
  await byAddress.next('path');
  const old = rig.own(await HostileTurn.start('tls', { ...files, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
  const refused = await egressOf(rig, { servers: [old.uri], ca: keys.ca });
  assert.match((await refused.next('failed')).detail, /the TLS handshake failed: .*(protocol|version)/i);
  assert.equal(old.sockets.length, 0);
});

story('a proxy that refuses, wants a login, or is none', async ({ rig }) => {
  const turn = await rig.turn();
  const attempt = async (answer) => {
    const proxy = rig.own(await Proxy.start({ answer }));
    const egress = await egressOf(rig, { servers: turn.uris().slice(1), ca: turn.ca, proxy: proxy.address });
    const { detail } = await egress.next('failed');
    assert.equal(proxy.tunnels.length, 2);
    return detail;
  };
  assert.match(await attempt('HTTP/1.1 403 Forbidden by policy\r\nContent-Length: 2\r\n\r\nno'), /through proxy 127.0.0.1: the proxy refused the connection: 403 Forbidden by policy/);
  assert.match(await attempt('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'), /407 .*it wants a login, which is not supported/);
  assert.match(await attempt('220 mail.example.com ESMTP\r\n'), /does not speak HTTP/);
  assert.match(await attempt('HTTP/1.1 200 OK\r\n\r\nand more'), /more than a reply/);
  assert.match(await attempt(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(5000)}`), /longer than 4096 bytes/);
  const gone = await egressOf(rig, { servers: turn.uris().slice(2), ca: turn.ca, proxy: '127.0.0.1:1' });
  assert.match((await gone.next('failed')).detail, /Connection refused/);
});

for (const kind of ['udp', 'tcp', 'tls'])
  story(`the server restarts under a session by ${kind}: LOST, then a new path`, async ({ rig }) => {
    const turn = await rig.turn();
    const egress = await egressOf(rig, { servers: [turn.uris()[['udp', 'tcp', 'tls'].indexOf(kind)]], ca: turn.ca });
    await egress.next('path');
    const talk = await conversation(rig, egress, turn);
    await exchange(talk, { ...voice, total: 10 });
    await turn.stop();
    const chatter = setInterval(() => talk.out(packet(1, 100)), 20);
    const lost = await egress.next('lost');
    assert.equal(lost.generation, 1);
    await egress.next('lost'); // tried again in vain
    await turn.run();
    const again = await egress.next('path');
    clearInterval(chatter);
    assert.deepEqual([again.transport, again.generation], [kind, 2]);
    // The old transport of media speaks to nobody; a new one has a new allocation.
    talk.there.length = 0;
    talk.out(packet(2, 100));
    await exchange(await conversation(rig, egress, turn), { ...voice, total: 10 });
    assert.equal(talk.there.length, 0);
  });

story('RENEW: another path, another allocation, the old transport is heard no more', async ({ rig }) => {
  const turn = await rig.turn();
  const egress = await egressOf(rig, { servers: turn.uris(), ca: turn.ca });
  await egress.next('path');
  const old = await conversation(rig, egress, turn);
  await exchange(old, { ...voice, total: 10 });
  egress.tell('renew');
  assert.equal((await egress.next('path')).generation, 2);
  old.there.length = 0;
  old.out(packet(1, 100));
  const talk = await conversation(rig, egress, turn);
  old.out(packet(2, 100));
  await exchange(talk, { ...voice, total: 10 });
  assert.equal(old.there.length, 0);
  assert.equal(egress.messages.some(({ message }) => message === 'lost'), false);
});

story('media\'s first request has its answer with the path; a server that relays for anybody is not used', async ({ rig }) => {
  const challenge = (id) => stun(3, 0x110, id, [attribute(9, [0, 0, 4, 1]), attribute(0x14, 'realm'), attribute(0x15, 'nonce')]);
  const server = rig.own(await HostileTurn.start('udp', { answer: challenge }));
  const egress = await egressOf(rig, { servers: [server.uri] });
  await egress.next('path');
  const media = createSocket('udp4'), id = Buffer.from('media\'s own!');
  rig.own({ stop: () => media.close() });
  media.connect(egress.port, '127.0.0.1');
  await once(media, 'connect');
  media.send(stun(3, 0, id, [attribute(0x19, [17, 0, 0, 0])]));
  const [answer] = await once(media, 'message'), text = answer.toString('latin1');
  assert.deepEqual([answer.readUInt16BE(0), answer.subarray(8, 20)], [0x113, id]);
  assert.ok(text.includes('realm') && text.includes('nonce'), text);
  const signed = stun(3, 0, id, [attribute(6, 'user'), attribute(0x14, 'realm'), attribute(0x15, 'nonce')], 'key');
  media.send(signed);
  await until('the request with credentials', () => server.received.length);
  assert.deepEqual(server.received, [signed], 'the one without has gone on');
  const open = rig.own(await HostileTurn.start('tcp', { answer: (id) => stun(3, 0x100, id, []) }));
  const refused = await egressOf(rig, { servers: [open.uri] });
  assert.match((await refused.next('failed')).detail, /it relays for anybody, without asking for credentials: such a server is not used/);
});

story('what media has at the server is released when its path is given up, and at the end', async ({ rig }) => {
  const turn = await rig.turn({ also: 'verbose' }), credentials = turn.credentials();
  const egress = await egressOf(rig, { servers: turn.uris(), ca: turn.ca, credentials });
  const used = async () => {
    await egress.next('path');
    const client = rig.own(await TurnClient.open(egress.port, credentials)), from = turn.process.lines.length;
    assert.equal((await client.allocate()).code, 0);
    return () => turn.process.line(/refreshed, .*lifetime=0/, { from });
  };
  const first = await used();
  egress.tell('renew');
  await first();
  const second = await used();
  await egress.stop();
  await second();
});

story('garbage from inside goes nowhere, nor does anybody but the transport that has allocated', async ({ rig }) => {
  const server = rig.own(await HostileTurn.start('udp'));
  const egress = await egressOf(rig, { servers: [server.uri] });
  await egress.next('path');
  const client = await clientOf(rig, egress), allocate = Buffer.from('000300002112a442' + '00'.repeat(12), 'hex');
  client.raw(Buffer.from('000100002112a442' + '11'.repeat(12), 'hex')); // before Allocate: whose is it?
  const garbage = ['', '00', 'hello, world, hello, world', Buffer.alloc(2100, 0x40), Buffer.from('000300042112a442' + '00'.repeat(12), 'hex'), Buffer.from('0003000021120000' + '00'.repeat(12), 'hex'),
    Buffer.from('4000ffff00', 'hex'), Buffer.from('40000001aabbccddee', 'hex'), Buffer.from('5000000401020304', 'hex'), Buffer.alloc(60000, 0x80)];
  for (const bytes of garbage) client.raw(Buffer.from(bytes));
  client.raw(allocate);
  await until('the Allocate', () => server.received.length);
  const stranger = await clientOf(rig, egress);
  stranger.raw(allocate);
  client.raw(Buffer.from('4001000301020300', 'hex'));
  await until('the rest', () => server.received.length >= 2);
  await sleep(100);
  assert.deepEqual(server.received, [allocate, Buffer.from('40010003010203', 'hex')]);
  const stats = await egress.stats(({ refused }) => refused >= garbage.length);
  assert.deepEqual([stats.refused, stats.dropped_out], [garbage.length, 1]);
});

story('garbage from a server goes nowhere', async ({ rig }) => {
  const server = rig.own(await HostileTurn.start('udp'));
  const egress = await egressOf(rig, { servers: [server.uri] });
  await egress.next('path');
  const client = await clientOf(rig, egress);
  const good = Buffer.from('4001000401020304', 'hex');
  server.send(good); // nobody there yet
  await sleep(50);
  client.raw(Buffer.from('000300002112a442' + '00'.repeat(12), 'hex'));
  await until('the Allocate', () => server.received.length);
  for (const bytes of ['', 'HTTP/1.1 400 Bad Request\r\n\r\n', Buffer.alloc(3000, 0x41), Buffer.from('4000ffff00', 'hex')]) server.send(Buffer.from(bytes));
  server.send(good);
  await until('the good one', () => client.channelled);
  const stats = await egress.stats(({ refused }) => refused >= 4);
  assert.deepEqual([client.channelled, client.strange, stats.refused, stats.dropped_in], [1, 0, 4, 1]);
});

// A hostile server to which egress has a path by TCP, and a client that egress has learnt from its Allocate.
async function besideHostile(rig) {
  const server = rig.own(await HostileTurn.start('tcp'));
  const egress = await egressOf(rig, { servers: [server.uri] });
  await egress.next('path');
  const client = await clientOf(rig, egress);
  client.raw(Buffer.from('000300002112a442' + '00'.repeat(12), 'hex'));
  await until('the Allocate', () => server.received.length);
  return { server, egress, client };
}

story('a server that sends huge messages, in crumbs: passed over in little memory; nonsense ends the path', async ({ rig }) => {
  const { server, egress, client } = await besideHostile(rig);
  const before = memory(egress.pid).own;
  const huge = Buffer.concat([Buffer.from('4001ffff', 'hex'), Buffer.alloc(65536, 0xaa)]), stunHuge = Buffer.concat([Buffer.from('0101fffc2112a442' + '22'.repeat(12), 'hex'), Buffer.alloc(65532, 0xbb)]);
  const small = Buffer.from('4001000301020300', 'hex');
  for (let i = 0; i < 100; i++) { server.send(huge); server.send(stunHuge); server.send(small); }
  for (const byte of Buffer.concat([small, huge.subarray(0, 40)])) { server.send(Buffer.from([byte])); await sleep(1); }
  server.send(huge.subarray(40));
  server.send(small);
  await until(() => `the small ones; ${client.channelled} came`, () => client.channelled === 102);
  assert.equal((await egress.stats(({ refused }) => refused >= 201)).refused, 201);
  assert.ok(memory(egress.pid).own - before < 200, `${before} -> ${memory(egress.pid).own} KiB`);
  server.send(Buffer.from('<html>Your time is up</html>'.padEnd(40)));
  assert.match((await egress.next('lost')).detail, /sent what is no TURN message/);
  await egress.next('path');
});

story('a server that stops reading: memory stays flat, what does not fit is dropped and counted', async ({ rig }) => {
  const { server, egress, client } = await besideHostile(rig);
  server.sockets[0].pause();
  const before = memory(egress.pid).own;
  let peak = 0;
  for (let i = 0; i < 100; i++) {
    for (let k = 0; k < 40; k++) client.put(0x4001, packet(k, 1200));
    peak = Math.max(peak, memory(egress.pid).own);
    await sleep(20);
  }
  const { dropped_out: dropped } = await egress.stats(({ dropped_out: count }) => count > 500);
  assert.ok(peak - before < 300, `${before} -> ${peak} KiB`);
  // What arrives after all is whole: the stream was never cut inside of a message.
  server.received.length = 0;
  server.sockets[0].resume();
  await sleep(300);
  const stream = Buffer.concat(server.received);
  let at = 0, messages = 0;
  for (; at < stream.length; at += 4 + 1200, messages++) assert.equal(stream.readUInt32BE(at), 0x400104b0, `message ${messages} of ${dropped} dropped ones`);
  assert.ok(messages > 10, `${messages}`);
});

story('a server that falls silent is noticed; silence of media is none', async ({ rig }) => {
  const server = rig.own(await HostileTurn.start('udp'));
  const egress = await egressOf(rig, { servers: [server.uri] });
  await egress.next('path');
  const client = await clientOf(rig, egress);
  await sleep(4000);
  client.raw(Buffer.from('000300002112a442' + '00'.repeat(12), 'hex'));
  const chatter = setInterval(() => client.put(0x4001, packet(1, 100)), 200);
  await sleep(7500);
  assert.deepEqual(egress.messages.filter(({ message }) => message !== 'stats'), [], 'it answers the question: it is there');
  server.silent = true;
  const lost = await egress.next('lost');
  clearInterval(chatter);
  assert.match(lost.detail, /no answer for 6 s/);
});

story('a socket that is not media\'s, a server that is none, a core that is none: a clear end', async ({ rig }) => {
  const turn = await rig.turn(), servers = turn.uris().slice(0, 1);
  for (const [inside, words] of [['tcp', /no UDP socket/], ['unbound', /not bound to 127\.0\.0\.1/], ['any', /not bound to 127\.0\.0\.1/], ['connected', /connected already/]]) {
    const egress = await egressOf(rig, { servers, inside });
    assert.match((await egress.next('failed')).detail, words);
    assert.deepEqual(await egress.next('exit'), { exit: 1 });
  }
  const wrong = await egressOf(rig, { servers: ['stun:127.0.0.1'] });
  assert.match((await wrong.next('failed')).detail, /'stun:127.0.0.1' must begin with turn: or turns:/);
  const foreign = await egressOf(rig, { servers: ['turn:äö', ...servers], proxy: 'x' });
  assert.match((await foreign.next('failed')).detail, /^TURN server 'turn:\?+' has no valid host/);
  const nobody = await egressOf(rig, { servers: ['turn:127.0.0.1:9?transport=udp', 'turn:127.0.0.1:9?transport=tcp'] });
  assert.match((await nobody.next('failed')).detail, /: UDP to 127\.0\.0\.1:9: Connection refused; TCP to 127\.0\.0\.1:9: Connection refused$/);
  const garbage = await egressOf(rig, { servers });
  await garbage.next('path');
  garbage.tell('garbage');
  assert.deepEqual(await garbage.next('exit'), { exit: 1 });
  const shut = await egressOf(rig, { servers });
  await shut.next('path');
  shut.tell('shut');
  assert.match((await shut.next('failed')).detail, /media has broken its socket/);
  const asked = execFileSync('sh', ['-c', '"$1" 2>&1 || echo "status $?"', 'sh', program('oriel-egress')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  assert.match(asked, /started by orield.*\nstatus 2/s);
});

story('no listener, nothing unconnected, no wake-up at rest, and no bind or listen in the program', async ({ rig }) => {
  const turn = await rig.turn();
  const egress = await egressOf(rig, { servers: turn.uris(), ca: turn.ca });
  await egress.next('path');
  const talk = await conversation(rig, egress, turn);
  await exchange(talk, { ...voice, total: 10 });
  await sleep(1500);
  const sockets = new Set(readdirSync(`/proc/${egress.pid}/fd`).map((fd) => /^socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${egress.pid}/fd/${fd}`))?.[1]).filter(Boolean));
  const inet = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((file) => readFileSync(`/proc/net/${file}`, 'utf8').split('\n').slice(1).map((line) => line.trim().split(/\s+/)).filter((words) => sockets.has(words[9])).map((words) => ({ file, far: words[2], state: words[3] })));
  assert.equal(inet.length, 2, 'the inside socket and the path');
  for (const { file, far, state } of inet) assert.deepEqual([file, /^0100007F:(?!0000)/.test(far), state], ['udp', true, '01']);
  const switches = () => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${egress.pid}/status`, 'utf8'))[1]);
  const before = switches();
  await sleep(3000);
  assert.equal(switches() - before, 0, 'woken at rest');
  const symbols = execFileSync('nm', ['-D', '--undefined-only', program('oriel-egress')], { encoding: 'utf8' });
  assert.match(symbols, / connect@/);
  assert.doesNotMatch(symbols, / (bind|listen|accept4?|system|popen|execv\w*)@/);
});
