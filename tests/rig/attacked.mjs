// A device under attack: a hostile broker (hostile.mjs) between it and the agents, two vendors that it trusts: a machine builder
// with view, camera and voice, and a maker of components with view only. And what an attack must have come to: what the agent was
// told, what the device recorded, that no picture was made.
import assert from 'node:assert/strict';
import { Hostile } from './hostile.mjs';
import { sleep, until } from './process.mjs';

const VENDORS = {
  'fill-cap': { label: 'Fill & Cap GmbH', scopes: ['view', 'camera', 'voice'], seconds: 3600 },
  nozzles: { label: 'Nozzle Works AG', scopes: ['view'], seconds: 900 },
};
const PICTURE = ['oriel-capture', 'oriel-media'];

// Anna is the builder's, Boris of the other vendor.
export async function stage(rig, { trust = VENDORS, config = {}, env } = {}) {
  const hostile = rig.own(await Hostile.start(rig.path('broker'), { vendors: Object.keys(VENDORS) }));
  const device = await rig.device({ broker: hostile.devices, watch: true, trust, env, config: { session: { scopes: 'view;camera;voice' }, ...config } });
  const provider = await rig.provider(device);
  await device.online();
  const agent = await rig.agent(hostile.agents, { scopes: 'view,camera,voice' });
  await agent.whenState((state) => state.online && state.consent);
  return { rig, hostile, device, provider, agent };
}

export const boris = ({ rig, hostile }, options = {}) => rig.agent(hostile.agents, { id: 'boris', name: 'Boris Novak', vendor: 'nozzles', ...options });

// Those of what has happened so far: they are written beside the main loop, and a disk may be slow.
export async function records(device) {
  await until('all of it to be on record', () => !device.unrecorded());
  const { code, stdout, stderr } = await device.oriel('audit', 'show', '--json', '--directory', device.config.audit.directory);
  assert.equal(code, 0, stderr);
  return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

export const refusals = async (device) => (await records(device)).filter(({ event }) => event === 'refused').map(({ reason }) => reason);

// No process that could have seen a picture was ever started, and the record has no session.
export async function noPicture({ device }) {
  assert.equal(device.captures(), 0);
  assert.deepEqual((await records(device)).filter(({ event }) => ['grant', 'media-start', 'live'].includes(event)), []);
}

// Nothing was said to the agent since it was last listened to. The challenge to a hello is the proof that the device has
// read what came before.
export async function silence({ agent }) {
  const asked = await agent.sendHello();
  await until('a challenge', () => agent.messages.some(({ hello }) => hello === asked));
  const others = agent.messages.filter(({ typ, hello }) => typ !== 'state' && hello !== asked);
  agent.messages.splice(0);
  assert.deepEqual(others, []);
}

// A hello that is denied: the denial.
export async function denied(agent, changes, knobs) {
  const { denial } = await agent.hello(changes, knobs).then(() => assert.fail('a challenge'), (error) => error.denial ? error : Promise.reject(error));
  return denial;
}

export async function granted({ agent, provider, device }, changes) {
  await agent.request(changes);
  const ask = await provider.allow();
  const grant = await agent.grant();
  const offer = await agent.offer();
  // The voice is begun beside them, where it is granted: it may run by now or not.
  const seen = device.picture().map(({ name }) => name).filter((name) => name !== 'oriel-voice' || !grant.scopes.includes('voice'));
  assert.deepEqual(seen.sort(), PICTURE);
  return { ask, grant, offer };
}

// How a session ended, as agent, person and record have it, and that nothing of it runs.
export async function over({ agent, provider, device }, by, reason, { ms = 30000, told = true } = {}) {
  if (told) {
    const end = await agent.ended(ms);
    assert.deepEqual([end.by, end.reason], [by, reason], JSON.stringify(end));
  }
  const ended = await provider.next('session ended', ms);
  assert.deepEqual([ended.by, ended.reason], [by, reason]);
  await until('capture and media to be gone', () => device.picture().length === 0);
  const end = (await records(device)).filter(({ event }) => event === 'end').at(-1);
  assert.deepEqual([end.by, end.reason], [by, reason]);
}

// After all that, an honest request is asked, and a no is a no.
export async function stillWorks({ agent, provider }) {
  agent.messages.splice(0);
  const asked = await agent.request();
  assert.equal((await provider.deny()).request, asked);
  assert.equal((await agent.denial()).reason, 'denied');
}

// The last packet has come: what was on its way at the end may take a busy browser a moment to read.
export async function noMorePackets(receiver) {
  let packets = -1;
  await until('packets to end', async () => { const before = packets; ({ packets } = await receiver.received()); return packets === before; }, { every: 250 });
  await sleep(500);
  assert.equal((await receiver.received()).packets, packets, 'pictures after the end');
}

// Nothing of a picture came through.
export async function nothingReceived(receiver) {
  const { packets, bytes, decoded, messages } = await receiver.received();
  assert.deepEqual([packets, bytes, decoded, messages], [0, 0, 0, 0]);
}
