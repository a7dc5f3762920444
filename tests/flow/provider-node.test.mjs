// The story of consent with a provider that has no code of ours: rig/provider-node.mjs, over the socket with lines.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { NodeProvider } from '../rig/provider-node.mjs';
import { story } from '../rig/story.mjs';

story('a provider in Node, written against PROVIDER.md: no, yes with less, one scope less, asked for more, frozen, stopped', async ({ rig }) => {
  const socket = rig.path('lines.sock');
  const { agent, device } = await rig.cast({ provider: null, agent: { scopes: 'view,camera,voice' }, device: {
    trust: { 'fill-cap': { label: 'Fill & Cap GmbH', scopes: ['view', 'camera', 'voice'], seconds: 3600 } },
    config: { session: { scopes: 'view;camera;voice' }, consent: { 'lines-socket': socket } } } });
  const person = rig.own(await NodeProvider.connect(socket, 'Filler HMI'));
  const heard = async (what, fits = () => true) => { for (;;) { const [message] = await once(person, what, { signal: AbortSignal.timeout(10000) }); if (fits(message)) return message; } };
  const session = (state) => heard('session', (message) => message.state === state);
  // A message may come as parts of lines, and several at once.
  const call = JSON.stringify({ t: 'call', note: 'Jam at the capper' }), half = call.length / 2;
  const published = heard('call');
  person.socket.write(call.slice(0, half));
  await new Promise((resolve) => { setTimeout(resolve, 50); });
  person.socket.write(`${call.slice(half)}\n{"t":"state","indicator":false}\n{"t":"uncall"}\n`);
  assert.equal((await published).call, true);
  await agent.whenState((state) => !state.help && state.consent);
  // No.
  let asked = heard('ask');
  await agent.request();
  person.deny(await asked);
  assert.equal((await agent.denial()).reason, 'denied');
  // Yes, but without the voice; too soon at first.
  asked = heard('ask');
  await agent.request({ scopes: ['view', 'camera', 'voice'] });
  const ask = await asked, early = heard('early');
  assert.deepEqual([ask.kind, ask.agent, ask.company, ask.scopes], ['request', 'Anna Weber', 'Fill & Cap GmbH', ['view', 'camera', 'voice']]);
  person.send({ t: 'shown', request: ask.request });
  person.allow(ask);
  assert.equal((await early).request, ask.request);
  await person.show(ask);
  const starting = session('starting');
  person.allow(ask, ['view', 'camera']);
  assert.deepEqual((await agent.grant()).scopes, ['view', 'camera']);
  await agent.offer();
  assert.equal((await starting).by, 'person');
  // One less, and then asked for it again.
  person.remove('camera');
  assert.deepEqual((await agent.next('update')).scopes, ['view']);
  asked = heard('ask');
  await agent.hello();
  await agent.send({ ...agent.requestMessage({ scopes: ['camera'] }), session: agent.session }, { to: agent.exchange });
  const more = await asked;
  assert.deepEqual([more.kind, more.scopes], ['more', ['camera']]);
  await person.show(more);
  person.allow(more);
  assert.deepEqual((await agent.next('update')).scopes, ['view', 'camera']);
  // The indicator is covered; then Stop.
  person.indicator = false;
  await agent.next(({ typ, paused }) => typ === 'update' && paused === 'indicator', 6000);
  person.indicator = true;
  await agent.next(({ typ, paused }) => typ === 'update' && paused === '', 6000);
  const over = session('ended');
  person.stop();
  const end = await agent.ended();
  assert.deepEqual([end.by, end.reason], ['person', 'stopped']);
  assert.equal((await over).by, 'person');
  // One provider at a time, whichever socket it came by; and what breaks the rules is out.
  const other = await rig.provider(device, { hello: false, state: false });
  assert.match((await other.next('refused')).why, /another provider/);
  const refused = heard('refused'), closed = once(person, 'closed');
  person.socket.write(`{"t":"${'x'.repeat(9000)}`);
  assert.match((await refused).why, /8 KiB/);
  await closed;
  await agent.whenState((state) => !state.consent);
});
