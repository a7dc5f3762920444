// Who may say and hear what at the broker that `oriel provision broker` sets up: every role against every topic, on a real
// mosquitto. An observer without rules (a listener of its own, for this test only) sees what was let through, and says
// what roles should or should not hear.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { Keys, provision } from '../rig/keys.mjs';
import { freePort, within } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const PLANT = 'oriel/v1/plant/';
const ids = { device: ['filler-1', 'filler-2', 'admin-fill-cap', 'admin-rival'], agent: ['anna', 'boris'], vendor: ['fill-cap', 'rival'] };
const inTenant = [
  ...ids.device.flatMap((device) => [`d/${device}/state`, ...ids.agent.flatMap((agent) => [`d/${device}/dn/${agent}`, `a/${agent}/d/${device}`])]),
  ...['filler-1', 'filler-2'].flatMap((device) => [`d/${device}/audit`, `d/${device}/cosigned`]),
  ...ids.vendor.map((vendor) => `v/${vendor}/revoked`),
  // Nothing lives here.
  'd/filler-1', 'd/filler-1/dn', 'd/filler-1/state/more', 'd/filler-1/dn/anna/more', 'a/anna/d/filler-1/more', 'a/anna/more', 'a/anna', 'v/fill-cap', 'v/fill-cap/revoked/more', 'x',
];
const TOPICS = [...inTenant.map((topic) => PLANT + topic), ...inTenant.map((topic) => `oriel/v1/other/${topic}`), 'oriel/v1', 'oriel', 'plant', '/', `${PLANT}/d/filler-1/state`];

// What README.md of signaling/broker promises, as expressions over what stands behind the tenant.
const asDevice = (id) => ({ reads: [`d/${id}/dn/[^/]+`, `d/${id}/state`, `d/${id}/cosigned`, 'v/[^/]+/revoked'], writes: [`d/${id}/state`, `d/${id}/audit`, `a/[^/]+/d/${id}`] });
const asAgent = (id) => ({ reads: ['d/[^/]+/state', `a/${id}(/.*)?`, 'v/[^/]+/revoked'], writes: [`d/[^/]+/dn/${id}`] });
const administrator = (vendor) => { const { reads, writes } = asDevice(`admin-${vendor}`); return { reads, writes: [...writes, `v/${vendor}/revoked`] }; };

const collector = { reads: ['d/[^/]+/audit', 'v/[^/]+/revoked'], writes: ['d/[^/]+/cosigned'] };

const allowed = (rules) => new Set(TOPICS.filter((topic) => rules.some((rule) => new RegExp(`^${PLANT}${rule}$`).test(topic))));

const roles = {
  'a device': { rules: asDevice('filler-1'), connect: (broker) => broker.connect(broker.keys.certificate({ device: 'filler-1', tenant: 'plant' })) },
  'another device': { rules: asDevice('filler-2'), connect: (broker) => broker.connect(broker.keys.certificate({ device: 'filler-2', tenant: 'plant' })) },
  // The names that it gives itself count for nothing: the certificate's does.
  'a device that says it is another': { rules: asDevice('filler-2'), connect: (broker) => broker.connect(broker.keys.certificate({ device: 'filler-2', tenant: 'plant' }), { username: 'filler-1', password: 'x', clientId: 'filler-1' }) },
  'an agent': { rules: asAgent('anna'), connect: (broker) => asAgentOf(broker, 'anna') },
  'another agent': { rules: asAgent('boris'), connect: (broker) => asAgentOf(broker, 'boris') },
  'an administrator': { rules: administrator('fill-cap'), connect: (broker) => broker.connect(broker.keys.certificate({ admin: 'fill-cap' })) },
  'the collector': { rules: collector, connect: (broker) => broker.connect(broker.keys.collector('plant', broker.url)) },
  // A certificate alone gives no right: the owner names the vendors when the broker is set up.
  'an administrator of a vendor that has none here': { rules: asDevice('admin-rival'), connect: (broker) => broker.connect(broker.keys.certificate({ admin: 'rival' })) },
};

const password = (broker, agent) => readFileSync(broker.password(agent), 'utf8');
const websocket = (broker, options) => within(10000, 'an answer from the broker', mqtt.connectAsync(broker.socket, { protocolVersion: 5, reconnectPeriod: 0, ...options }, false));
const asAgentOf = (broker, id) => websocket(broker, { username: id, password: password(broker, id) });

async function setUp(rig) {
  const port = await freePort();
  const broker = await rig.broker({ also: `\nlistener ${port} 127.0.0.1\nallow_anonymous true\n` });
  const observer = rig.own(await client(mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, reconnectPeriod: 0 })));
  await observer.subscribeAsync('#', { qos: 1 });
  return { broker, observer };
}

// A client with all that it hears in `heard`, to be ended by the rig.
async function client(connecting) {
  const its = await connecting;
  its.heard = [];
  its.on('message', (topic, payload) => its.heard.push({ topic, text: payload.toString() }));
  its.on('error', () => {});
  its.stop = () => its.endAsync(true).then(() => ({}));
  return its;
}

// Until the client has heard `text`; what came before it is there, then.
const hears = (its, text) => within(10000, () => `"${text}"; there were ${its.heard.length} messages`, new Promise((resolve) => {
  const look = () => its.heard.some((one) => one.text === text) && resolve();
  its.on('message', look);
  look();
}));

for (const [name, { rules, connect }] of Object.entries(roles)) {
  story(`${name} publishes where it may, and nowhere else`, async ({ rig }) => {
    const { broker, observer } = await setUp(rig);
    for (const topic of TOPICS) {
      const its = await client(connect(broker)); // one each: mqtt.js stalls after a publication that is refused
      await its.publishAsync(topic, 'said', { qos: 1 }).catch((error) => assert.match(error.message, /authorized/i));
      await its.stop();
    }
    await observer.publishAsync('done', 'done', { qos: 1 });
    await hears(observer, 'done');
    const through = new Set(observer.heard.filter(({ text }) => text === 'said').map(({ topic }) => topic));
    assert.deepEqual([...through].sort(), [...allowed(rules.writes)].sort());
    assert.ok(through.size > 0);
  });

  story(`${name} hears what it may, and nothing else`, async ({ rig }) => {
    const { broker, observer } = await setUp(rig);
    for (const topic of TOPICS) await observer.publishAsync(topic, 'kept', { qos: 1, retain: true });
    const its = rig.own(await client(connect(broker)));
    await its.subscribeAsync(['#', '$SYS/#', '+/+/+/+/+/+', `${PLANT}#`, 'oriel/v1/other/#', `${PLANT}a/+/#`, `${PLANT}d/+/dn/+`, ...TOPICS], { qos: 1 }).catch(() => {});
    for (const topic of TOPICS) await observer.publishAsync(topic, 'live', { qos: 1 });
    await observer.publishAsync(`${PLANT}v/fill-cap/revoked`, 'end', { qos: 1 }); // everybody hears this
    await hears(its, 'end');
    const heard = (what) => [...new Set(its.heard.filter(({ text }) => text === what).map(({ topic }) => topic))].sort();
    assert.deepEqual(heard('kept'), [...allowed(rules.reads)].sort(), 'retained');
    assert.deepEqual(heard('live'), [...allowed(rules.reads)].sort(), 'live');
    assert.deepEqual(its.heard.filter(({ text }) => !['kept', 'live', 'end'].includes(text)), [], 'of the broker itself');
  });
}

story('nobody gets in without what proves who it is', async ({ rig }) => {
  const { broker } = await setUp(rig);
  const other = new Keys(rig.path('other'), { id: 'other', name: 'Other' });
  const anna = password(broker, 'anna');
  const at = await websocket(broker, { username: 'anna', password: anna });
  await at.endAsync();
  const refused = {
    'no name': {}, 'a name without a password': { username: 'anna' }, 'a wrong password': { username: 'anna', password: 'x' }, 'an empty password': { username: 'anna', password: '' },
    'the password of another agent': { username: 'boris', password: anna }, 'an agent of another tenant': { username: 'carla', password: anna },
    'a device that comes by the agents\' door': { username: 'filler-1', password: anna }, 'a wildcard': { username: '+', password: anna }, 'all': { username: '#', password: anna },
  };
  for (const [who, options] of Object.entries(refused)) await assert.rejects(websocket(broker, options), /authorized|password/i, who);
  // At the devices' door.
  const { ca } = broker.keys, trusted = readFileSync(ca);
  const tls = (options) => within(10000, 'an answer from the broker', mqtt.connectAsync(broker.url, { ca: trusted, protocolVersion: 5, reconnectPeriod: 0, ...options }, false));
  const files = ({ certificate, key }) => ({ cert: readFileSync(certificate), key: readFileSync(key) });
  for (const [who, options] of Object.entries({
    'no certificate': {}, 'an agent, with its password': { username: 'anna', password: anna },
    'a device of another tenant': files(other.certificate({ device: 'filler-1', tenant: 'other' })),
    'another tenant\'s administrator': files(other.certificate({ admin: 'fill-cap' })),
    'a server': files(broker.keys.certificate({ server: ['filler-1'] })),
  })) await assert.rejects(tls(options), Error, who);
  await (await tls(files(broker.keys.certificate({ device: 'filler-1', tenant: 'plant' })))).endAsync();
});

story('a device is not pushed off by one that takes its client id', async ({ rig }) => {
  const { broker } = await setUp(rig);
  const [one, two] = ['a device', 'a device that says it is another'].map((name) => roles[name].connect(broker));
  const its = rig.own(await client(one));
  let lost = false;
  its.on('close', () => { lost = true; });
  rig.own(await client(two));
  await its.publishAsync(`${PLANT}d/filler-1/state`, 'still here', { qos: 1 });
  assert.equal(lost, false);
});

story('a password that is renewed is the only one', async ({ rig }) => {
  const { broker } = await setUp(rig);
  const old = password(broker, 'anna');
  const fresh = provision('broker-agent', { broker: broker.files, id: 'anna', renew: true }); // which tells mosquitto
  await assert.rejects(async () => { for (let i = 0; i < 50; i++) await (await websocket(broker, { username: 'anna', password: old })).endAsync(); }, /authorized|password/i);
  await (await websocket(broker, { username: 'anna', password: fresh })).endAsync();
});
