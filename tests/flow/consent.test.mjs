// Without an explicit yes of the person nothing of the picture ever runs, and the agent is told why.
import assert from 'node:assert/strict';
import { sleep, until, within } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

// What every no has in common: the device is ready again, no screen was ever looked at, and the log has no grant.
async function nothingHappened({ device, agent }) {
  await agent.whenState((state) => state.status === 'ready');
  assert.equal(device.captures(), 0);
  await until('media, which got ready, to be gone', () => device.picture().length === 0);
  assert.deepEqual(device.helpers().map(({ name }) => name), ['oriel-signal']);
  const events = device.audit().map(({ event }) => event);
  for (const event of ['grant', 'media-start', 'live']) assert.ok(!events.includes(event), `${event} in the log of a session that never was`);
}

const decisions = (device) => device.audit().filter(({ event }) => event === 'decision');

story('denied: the agent is told, nothing was started', async ({ rig }) => {
  const cast = await rig.cast();
  const asked = await cast.agent.request();
  const ask = await cast.provider.asked();
  assert.equal(ask.request, asked);
  assert.equal(ask.agent, 'Anna Weber');
  assert.equal(ask.company, 'Fill & Cap GmbH');
  assert.equal(ask.reason, 'Capper jams – may I look?');
  assert.deepEqual(ask.scopes, ['view']);
  assert.equal(ask.seconds, 600);
  const shown = await cast.agent.next('progress');
  assert.deepEqual([shown.request, shown.stage], [asked, 'shown']);
  assert.equal((await cast.agent.whenState((state) => state.status === 'asking')).status, 'asking');
  cast.provider.decide(ask, false);
  assert.equal((await cast.agent.denial()).reason, 'denied');
  await nothingHappened(cast);
  assert.deepEqual(cast.device.audit().map(({ event }) => event), ['boot', 'request', 'prompt', 'decision']);
  assert.equal(decisions(cast.device)[0].allow, false);
});

story('timeout: silence is a no, and the prompt is withdrawn', async ({ rig }) => {
  const cast = await rig.cast({ device: { config: { consent: { timeout: 5 } } } });
  await cast.agent.request();
  const ask = await cast.provider.asked();
  assert.equal(ask.timeout, 5);
  const [denial, withdraw] = await Promise.all([cast.agent.denial(15000), cast.provider.next('withdraw', 15000)]);
  assert.equal(denial.reason, 'timeout');
  assert.deepEqual([withdraw.request, withdraw.why], [ask.request, 'timeout']);
  // A yes that comes too late starts nothing.
  cast.provider.decide(ask, true);
  await sleep(300);
  await nothingHappened(cast);
});

story('no provider: nobody can be asked', async ({ rig }) => {
  const cast = await rig.cast({ provider: null });
  assert.equal(cast.agent.state.consent, false);
  await cast.agent.request();
  assert.equal((await cast.agent.denial()).reason, 'no-provider');
  await nothingHappened(cast);
});

story('provider killed while it asks: no', async ({ rig }) => {
  const cast = await rig.cast();
  await cast.agent.request();
  await cast.provider.asked();
  await cast.provider.kill();
  assert.equal((await cast.agent.denial()).reason, 'provider-lost');
  await nothingHappened(cast);
  assert.equal((await cast.agent.whenState((state) => !state.consent)).consent, false);
});

story('provider hangs while it asks: no after 3 s', async ({ rig }) => {
  const cast = await rig.cast();
  await cast.agent.request();
  await cast.provider.asked();
  cast.provider.stopBeating();
  assert.equal((await cast.agent.denial(15000)).reason, 'provider-lost');
  await nothingHappened(cast);
});

const invalid = {
  'a decision for another request': (ask) => ({ t: 'decision', request: `${ask.request.slice(0, 41)}${ask.request[41] === 'A' ? 'B' : 'A'}${ask.request[42]}`, allow: true, scopes: ['view'] }),
  'an allow that is a word': (ask) => ({ t: 'decision', request: ask.request, allow: 'true' }),
  'an allow that is a number': (ask) => ({ t: 'decision', request: ask.request, allow: 1 }),
  'a decision without allow': (ask) => ({ t: 'decision', request: ask.request }),
  'a decision with more members': (ask) => ({ t: 'decision', request: ask.request, allow: true, scopes: ['view'], always: true }),
  'a duplicate allow': (ask) => `{"t":"decision","request":"${ask.request}","allow":false,"allow":true}`,
  'a yes to nothing': (ask) => ({ t: 'decision', request: ask.request, allow: true, scopes: [] }),
  'a yes without scopes': (ask) => ({ t: 'decision', request: ask.request, allow: true }),
  'scopes that are none': (ask) => ({ t: 'decision', request: ask.request, allow: true, scopes: ['everything'] }),
  'an unknown t': () => ({ t: 'allow' }),
  'no JSON': () => 'yes',
  'an empty object': () => '{}',
  'NUL bytes': () => '@hex 7b0000007d',
  'a packet of 9 KiB': (ask) => ({ t: 'decision', request: ask.request, allow: true, scopes: ['view'], padding: 'x'.repeat(9000) }),
};
story('provider gives an answer that is not one: no', async ({ rig }) => {
  const cast = await rig.cast();
  let { provider } = cast;
  for (const [what, answer] of Object.entries(invalid)) {
    await cast.agent.request();
    const ask = await provider.asked();
    provider.send(answer(ask));
    const denial = await cast.agent.denial();
    assert.equal(denial.reason, 'provider-invalid', `${what}: ${JSON.stringify(denial)}`);
    await nothingHappened(cast);
    // Whoever spoke nonsense was disconnected (a wrong hash alone is no nonsense); the next one can connect.
    if (what !== 'a decision for another request') {
      await within(10000, `${what} to be the end of the connection`, provider.process.exited);
      provider = await rig.provider(cast.device);
    }
    await cast.agent.whenState((state) => state.consent && state.status === 'ready');
  }
});

story('a decision before the prompt was shown is no yes', async ({ rig }) => {
  const cast = await rig.cast();
  await cast.agent.request();
  const ask = await cast.provider.next('ask');
  cast.provider.decide(ask, true);
  assert.equal((await cast.agent.denial()).reason, 'provider-invalid');
  await nothingHappened(cast);
});

story('another user cannot be the provider', { skip: process.getuid() !== 0 && 'needs root, to be another user' }, async ({ rig }) => {
  const cast = await rig.cast({ provider: null });
  // The socket is closed to others by its mode already; open it, so that the check of the uid itself is seen.
  const { chmodSync } = await import('node:fs');
  for (const path of [rig.directory, cast.device.directory]) chmodSync(path, 0o755);
  chmodSync(cast.device.consent, 0o666);
  const other = await rig.provider(cast.device, { uid: 65534, hello: false, state: false });
  other.send({ t: 'hello', v: 1, name: 'Impostor' });
  const refused = await other.next('refused');
  assert.match(refused.why, /user/);
  await other.process.exited;
  await cast.agent.request();
  assert.equal((await cast.agent.denial()).reason, 'no-provider');
  await nothingHappened(cast);
});

story('a named other user can be the provider', { skip: process.getuid() !== 0 && 'needs root, to be another user' }, async ({ rig }) => {
  const cast = await rig.cast({ provider: null, device: { config: { consent: { users: 'nobody', timeout: 20 } } } });
  const { chmodSync } = await import('node:fs');
  for (const path of [rig.directory, cast.device.directory]) chmodSync(path, 0o755);
  const provider = await rig.provider(cast.device, { uid: 65534 });
  await cast.agent.whenState((state) => state.consent);
  await cast.agent.request();
  await provider.deny();
  assert.equal((await cast.agent.denial()).reason, 'denied');
});

story('one provider at a time', async ({ rig }) => {
  const cast = await rig.cast();
  const second = await rig.provider(cast.device, { hello: false, state: false });
  assert.match((await second.next('refused')).why, /another provider/);
  await second.process.exited;
  // The first is undisturbed.
  await cast.agent.request();
  await cast.provider.deny();
  assert.equal((await cast.agent.denial()).reason, 'denied');
});

story('a provider without hello is closed after 2 s', async ({ rig }) => {
  const cast = await rig.cast({ provider: null });
  const silent = await rig.provider(cast.device, { hello: false, state: false });
  assert.match((await silent.next('refused')).why, /hello/);
  await cast.agent.request();
  assert.equal((await cast.agent.denial()).reason, 'no-provider');
});

story('busy: one request at a time', async ({ rig }) => {
  const cast = await rig.cast();
  const boris = await rig.agent(cast.broker, { id: 'boris', name: 'Boris Novak' });
  await cast.agent.request();
  const ask = await cast.provider.asked();
  await boris.request();
  assert.equal((await boris.denial()).reason, 'busy');
  // The prompt of the first stays and can be answered.
  cast.provider.decide(ask, false);
  assert.equal((await cast.agent.denial()).reason, 'denied');
  assert.equal(cast.provider.packets.filter(({ t }) => t === 'ask').length, 0);
  await nothingHappened(cast);
});

story('cancelled by the agent: the prompt is withdrawn', async ({ rig }) => {
  const cast = await rig.cast();
  const request = await cast.agent.request();
  const ask = await cast.provider.asked();
  // Another agent can't take it back.
  const boris = await rig.agent(cast.broker, { id: 'boris', name: 'Boris Novak' });
  await boris.send({ v: 1, typ: 'cancel', request });
  await boris.hello();
  assert.equal(cast.provider.packets.filter(({ t }) => t === 'withdraw').length, 0);
  await cast.agent.send({ v: 1, typ: 'cancel', request });
  assert.equal((await cast.provider.next('withdraw')).why, 'cancelled');
  assert.equal((await cast.agent.denial()).reason, 'cancelled');
  cast.provider.decide(ask, true);
  await sleep(200);
  await nothingHappened(cast);
});

story('oriel stop while the person is asked: no', async ({ rig }) => {
  const cast = await rig.cast();
  await cast.agent.request();
  await cast.provider.asked();
  assert.equal((await cast.device.oriel('stop')).code, 0);
  assert.equal((await cast.agent.denial()).reason, 'cancelled');
  assert.equal((await cast.provider.next('withdraw')).why, 'cancelled');
  await nothingHappened(cast);
});

story('orield ends while the person is asked: withdrawn, and the agent is told', async ({ rig }) => {
  const cast = await rig.cast();
  await cast.agent.request();
  await cast.provider.asked();
  const ended = cast.device.stop();
  assert.equal((await cast.provider.next('withdraw')).why, 'shutdown');
  assert.equal((await cast.agent.denial()).reason, 'cancelled');
  assert.equal((await ended).code, 0);
  assert.equal(cast.device.captures(), 0);
  assert.equal((await cast.agent.whenState((state) => !state.online)).online, false);
});
