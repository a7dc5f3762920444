// TURN: what `oriel provision` makes, at a real coturn that runs by the file of `oriel provision turn`, with credentials of
// `oriel provision agent`; and what a device demands of a request when its media goes that way.
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { enrol } from '../rig/agent.mjs';
import { provision } from '../rig/keys.mjs';
import { freePort, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { TurnClient } from '../rig/turn-client.mjs';
import { Turn, freePortOfBoth } from '../rig/turn.mjs';

// A broker, a vendor with one TURN server, and that server as it was provisioned; `options` are those of the command.
async function stage(rig, options = {}) {
  const broker = await rig.broker();
  const { keys } = broker, vendor = keys.vendor('fill-cap');
  const ports = { plain: await freePortOfBoth(), tls: await freePort() };
  const uris = [`turn:127.0.0.1:${ports.plain}`, `turn:127.0.0.1:${ports.plain}?transport=tcp`];
  const out = rig.path('coturn');
  provision('turn', { vendor, turn: uris, out, listen: '127.0.0.1', owner: keys.owner, port: ports.plain, 'tls-port': ports.tls, log: 'stdout', realm: 'turn.example', ...options });
  const turn = rig.own(await Turn.start(rig.folder('turn'), { keys, config: join(out, 'turnserver.conf'), ports }));
  const client = async (credentials) => rig.own(await TurnClient.open(ports.plain, credentials));
  return { broker, keys, vendor, uris, turn, client };
}

story('the credentials of an enrolment are good at the vendor\'s server, others are not', async ({ rig }) => {
  const { broker, uris, client } = await stage(rig, { 'allow-peer': '127.0.0.1' });
  const { turn, credential } = await enrol(broker);
  assert.deepEqual(turn.urls, uris);
  const { exp, sub } = JSON.parse(Buffer.from(credential.split('.')[1], 'base64url'));
  assert.equal(turn.username, `${exp}:${sub}`);
  const anna = await client(turn), { code, relayed } = await anna.allocate();
  assert.equal(code, 0);
  assert.equal(relayed.address, '127.0.0.1');

  // Agent and device have the same credentials and an allocation each; they meet at their relayed addresses.
  const device = await client(turn), other = await device.allocate();
  assert.deepEqual([await anna.permit('127.0.0.1'), await device.permit('127.0.0.1')], [0, 0]);
  await until('a word from one relay to the other', () => {
    anna.send(other.relayed, 'hello');
    return device.received.find(({ text, port }) => text === 'hello' && port === relayed.port);
  });

  const refused = async (change) => (await (await client({ ...turn, ...change })).allocate()).code;
  assert.equal(await refused({ password: `A${turn.password.slice(1)}` === turn.password ? `B${turn.password.slice(1)}` : `A${turn.password.slice(1)}` }), 401);
  assert.equal(await refused({ username: turn.username.replace('anna', 'boris') }), 401); // somebody else's name
  assert.equal(await refused({ username: `${exp + 3600}:anna` }), 401); // a longer life
});

story('expired credentials get no address; one that stands when they expire goes on', async ({ rig }) => {
  const { broker, vendor, client, turn } = await stage(rig);
  const { turn: good } = await enrol(broker);
  turn.secret = readFileSync(join(vendor, 'turn.secret'), 'utf8');
  assert.deepEqual(turn.credentials(Number(good.username.split(':')[0]) - Math.floor(Date.now() / 1000), 'anna').password, good.password); // the rig makes the same
  assert.equal((await (await client(turn.credentials(-2, 'anna'))).allocate()).code, 401);
  let brief, early;
  await until('an allocation in so short a time', async () => { brief = turn.credentials(2, 'anna'); early = await client(brief); return (await early.allocate()).code === 0; });
  await sleep(3500);
  assert.equal((await (await client(brief)).allocate()).code, 401);
  assert.equal(await early.refresh(), 0);
});

const PRIVATE = ['127.0.0.1', '10.0.0.1', '172.16.9.9', '192.168.1.1', '169.254.1.1', '100.64.0.1', '0.0.0.0', '255.255.255.255', '224.0.0.1'];

story('private peers are denied unless they are allowed by name', async ({ rig }) => {
  const shut = await stage(rig), { turn } = await enrol(shut.broker);
  const client = await shut.client(turn);
  assert.equal((await client.allocate()).code, 0);
  for (const address of PRIVATE) assert.equal(await client.permit(address), 403, address);
  assert.equal(await client.permit('8.8.8.8'), 0); // a public one is what relaying is for; nothing is sent
});

story('allowed peers are exactly those', async ({ rig }) => {
  const open = await stage(rig, { 'allow-peer': ['10.9.0.0-10.9.255.255', '127.0.0.1'] }), { turn } = await enrol(open.broker);
  const client = await open.client(turn);
  assert.equal((await client.allocate()).code, 0);
  assert.deepEqual([await client.permit('10.9.0.1'), await client.permit('10.9.255.255'), await client.permit('127.0.0.1')], [0, 0, 0]);
  for (const address of ['10.8.255.255', '10.10.0.0', '127.0.0.2', '192.168.1.1']) assert.equal(await client.permit(address), 403, address);
});

// coturn looks through `external-ip`: the peer at the public address is the private one, which must be allowed.
story('behind a NAT, the public address of the server itself is a peer when its private one is', async ({ rig }) => {
  for (const [options, code] of [[{}, 403], [{ 'allow-peer': '127.0.0.1' }, 0]]) {
    const { broker, client } = await stage(rig, { external: '203.0.114.7', ...options }), { turn } = await enrol(broker);
    const anna = await client(turn);
    assert.equal((await anna.allocate()).relayed.address, '203.0.114.7');
    assert.equal(await anna.permit('203.0.114.7'), code);
  }
});

story('the vendor\'s secret is changed: what was made with the old one is void', async ({ rig }) => {
  const { broker, keys, vendor, uris, turn } = await stage(rig);
  const { turn: before } = await enrol(broker);
  await turn.stop();
  rmSync(join(vendor, 'turn.secret'));
  const out = rig.path('coturn');
  provision('turn', { vendor, turn: uris, out, listen: '127.0.0.1', owner: keys.owner, port: turn.ports.plain, 'tls-port': turn.ports.tls, log: 'stdout' });
  const next = rig.own(await Turn.start(rig.folder('turn'), { keys, config: join(out, 'turnserver.conf'), ports: turn.ports }));
  const { turn: after } = await enrol(broker);
  const code = async (credentials) => (await rig.own(await TurnClient.open(next.ports.plain, credentials)).allocate()).code;
  assert.deepEqual([await code(before), await code(after)], [401, 0]);
});

// ---- what a device demands ----

const RELAY = { media: { path: 'relay', addresses: null } };

async function asking(rig, { servers, watch = true }) {
  const broker = await rig.broker();
  if (servers) provision('turn', { vendor: broker.keys.vendor('fill-cap'), turn: servers });
  const device = await rig.device({ broker, watch, config: RELAY }), person = await rig.provider(device);
  await device.online();
  const agent = await rig.agent(broker);
  await agent.whenState((state) => state.online && state.consent);
  return { device, person, agent };
}

// Nobody was asked, nothing was started, and the refusal is on record.
async function refused({ device, person, agent }, changes, detail) {
  await agent.request(changes);
  const denial = await agent.denial();
  assert.equal(denial.reason, 'not-allowed');
  assert.match(denial.detail, detail);
  assert.deepEqual(person.packets.filter(({ t }) => t === 'ask'), []);
  assert.deepEqual(device.started(), ['oriel-signal']);
  assert.deepEqual(device.audit().filter(({ event }) => event === 'refused').map(({ reason }) => reason), ['not-allowed']);
}

story('a device without a TURN server for the vendor refuses, and says what is to be done', async ({ rig }) => {
  await refused(await asking(rig, {}), {}, /^this device has no TURN server for fill-cap: put one into trust\.d, or set \[media\] path=direct for a trusted LAN$/);
});

story('a request without credentials for TURN is refused, and so is one that names a server', async ({ rig }) => {
  const cast = await asking(rig, { servers: ['turn:127.0.0.1:9'] });
  await refused(cast, { turn: undefined }, /^media of this device goes through TURN, and the request has no credentials for it/);
  await cast.agent.request({ turn: { username: '1:anna', password: 'x', urls: ['turn:evil.example'] } });
  assert.equal((await cast.agent.denial()).reason, 'malformed');
});

story('with both the person is asked; the credentials are in no record, no log and no prompt', async ({ rig }) => {
  const { device, person, agent } = await asking(rig, { servers: ['turn:127.0.0.1:9'], watch: false });
  const { username, password } = agent.enrolled.turn;
  await agent.request();
  await person.deny();
  assert.equal((await agent.denial()).reason, 'denied');
  const said = [readFileSync(device.auditFile, 'utf8'), readFileSync(join(device.directory, 'orield.log'), 'utf8'), JSON.stringify(person.packets)].join('\n');
  assert.ok(said.includes('Anna Weber'));
  for (const secret of [password, username]) assert.ok(!said.includes(secret), said);
});
