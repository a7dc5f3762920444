// A panel without an operator: a key switch, or what the owner has signed beforehand, and what neither of them opens. The rules of time
// are in unit/test_authorise.c and unit/test_keyswitch.c, where the clock can be turned.
import assert from 'node:assert/strict';
import { Line } from '../rig/line.mjs';
import { until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const TRUST = { 'fill-cap': { label: 'Fill & Cap GmbH', scopes: ['view', 'camera'], seconds: 3600 }, nozzles: { label: 'Nozzle Works AG', scopes: ['view'], seconds: 900 } };
const events = (device, name) => device.audit().filter(({ event }) => event === name);

async function denied(agent, changes, reason, detail) {
  await agent.request(changes);
  const denial = await agent.denial();
  assert.equal(denial.reason, reason, JSON.stringify(denial));
  if (detail) assert.match(denial.detail, detail);
}

async function ended(cast) {
  const end = await cast.agent.ended();
  await cast.agent.whenState(({ status }) => status === 'ready');
  return end;
}

story('a key switch opens the panel for a while: for its vendors, its scopes, its minutes, and not longer than it is turned', async ({ rig }) => {
  const line = new Line(rig.path('line.sock'));
  const unattended = { switch: Line.NAME, 'switch-minutes': 2, 'switch-vendors': 'fill-cap', 'switch-scopes': 'view' };
  const cast = await rig.cast({ provider: null, agent: { scopes: 'view,camera' }, device: { trust: TRUST, env: line.env, config: { session: { scopes: 'view;camera' }, unattended } } });
  const { agent, device, broker } = cast;
  await denied(agent, {}, 'no-provider');
  line.active = true;
  const open = await until('the window', async () => (await device.status()).window?.left);
  assert.ok(open > 110 && open <= 120, `${open} s`);
  const boris = await rig.agent(broker, { id: 'boris', name: 'Boris Novak', vendor: 'nozzles' });
  await denied(boris, {}, 'no-provider'); // not one of the vendors: the person would be asked
  const request = await agent.request({ scopes: ['view', 'camera'], seconds: 3600 });
  const grant = await agent.grant();
  assert.deepEqual([grant.by, grant.scopes], ['switch', ['view']]);
  assert.ok(grant.seconds > 100 && grant.seconds <= 120, `${grant.seconds} s`); // the window's
  await agent.offer();
  assert.equal((await device.status()).session.by, 'switch');
  assert.match((await device.oriel('status')).stdout, /key switch: nobody was asked/);
  // A panel that is there all the same is told, and can stop it; here, the key is turned back.
  const provider = await rig.provider(device);
  assert.equal((await provider.next('session starting')).by, 'switch');
  line.active = false;
  const end = await ended(cast);
  assert.deepEqual([end.by, end.reason, end.detail], ['person', 'stopped', 'the key was turned back']);
  assert.deepEqual(events(device, 'window').map(({ open: on, why }) => [on, why]), [[true, undefined], [false, 'the key was turned back']]);
  assert.deepEqual(events(device, 'decision').filter((record) => record.request === request).map(({ allow, by }) => [allow, by]), [[true, 'switch']]);
  assert.equal(events(device, 'grant')[0].by, 'switch');
  assert.equal(events(device, 'prompt').length, 0);
  // Closed: the person is asked.
  await agent.request();
  await provider.deny();
  assert.equal((await agent.denial()).reason, 'denied');
  // The line is lost: what it had opened ends, and nobody at the panel is said to have done that.
  line.active = true;
  await until('the window', async () => (await device.status()).window?.left);
  await agent.request();
  assert.equal((await agent.grant()).by, 'switch');
  line.break();
  const lost = await ended(cast);
  assert.deepEqual([lost.by, lost.reason, lost.detail], ['device', 'stopped', "the key switch can't be read any more"]);
  assert.match((await device.oriel('status')).stdout, /opens nothing: it can't be read any more/);
});

story('a pre-authorisation of the owner: as often as it says, for whom it says, and no power cut gives a use back', async ({ rig }) => {
  const config = { session: { scopes: 'view;camera' }, unattended: { authorisations: 'yes', clock: 'local' } };
  const cast = await rig.cast({ provider: null, agent: { scopes: 'view,camera' }, device: { trust: TRUST, config } });
  const { agent, device, broker } = cast;
  const authorise = (what = {}) => broker.keys.authorise({ tenant: broker.tenant, device: device.id, vendor: 'fill-cap', ...what });
  const authorisation = authorise({ uses: 2, seconds: 60, scopes: 'view,camera,logs' });
  const [, claims] = authorisation.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  const { id } = JSON.parse(claims);
  await denied(agent, {}, 'no-provider');
  for (const [what, token, detail] of [
    ['of another vendor', authorise({ vendor: 'nozzles' }), /another vendor/],
    ['for another device', authorise({ device: 'filler-2' }), /another device/],
    ['not yet', authorise({ from: '2100-01-01T00:00:00Z' }), /not hold yet/],
    ['over', authorise({ from: '2020-01-01T00:00:00Z' }), /has ended/],
    ['nothing of it', authorise({ scopes: 'logs' }), /nothing of what is asked/],
    ['tampered with', authorisation.replace(/\.[^.]*\./, `.${Buffer.from(claims.replace('"uses":2', '"uses":9')).toString('base64url')}.`), /owner has signed/],
  ]) await denied(agent, { authorisation: token }, 'not-allowed', detail).catch((error) => { throw new Error(`${what}: ${error.message}`); });
  assert.equal(device.captures(), 0);
  await agent.request({ scopes: ['view', 'camera'], seconds: 3600, authorisation });
  const grant = await agent.grant();
  assert.deepEqual([grant.by, grant.scopes, grant.seconds], ['owner', ['view', 'camera'], 60]);
  assert.match((await device.oriel('status')).stdout, /owner.s authorisation: nobody was asked/);
  const record = events(device, 'grant')[0];
  assert.deepEqual([record.by, record.authorisation, record.use], ['owner', id, 1]);
  await device.oriel('stop');
  await ended(cast);
  // The second use, and the power goes as soon as it is granted.
  await agent.request({ authorisation });
  await agent.next('progress');
  const { boot } = agent.state;
  device.mayDie = true;
  device.process.signal('SIGKILL');
  await device.process.exited;
  await device.run();
  await agent.whenState((state) => state.online && state.status === 'ready' && state.boot !== boot);
  await denied(agent, { authorisation }, 'not-allowed', /used up/); // nor does a replay of it
  assert.equal(events(device, 'grant').length, 2);
  assert.equal(events(device, 'refused').at(-1).detail, 'the authorisation is used up');
});
