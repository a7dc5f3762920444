// The rules of consent, each by its name, with a real device, broker and agent; the person is a program. What needs a
// clock of half an hour is in unit/test_session.c.
import assert from 'node:assert/strict';
import { sleep, until } from '../rig/process.mjs';
import { Peer } from '../rig/peer.mjs';
import { story } from '../rig/story.mjs';

const paused = (why) => ({ typ, paused }) => typ === 'update' && paused === why;

async function granted({ agent, provider }, scopes) {
  await agent.request(scopes ? { scopes } : {});
  const ask = await provider.asked();
  provider.decide(ask, true);
  const grant = await agent.grant();
  await agent.offer();
  await provider.next('session starting');
  return { ask, grant };
}

const WIDE = { agent: { scopes: 'view,camera,voice' }, device: { trust: { 'fill-cap': { label: 'Fill & Cap GmbH', scopes: ['view', 'camera', 'voice'], seconds: 3600 } }, config: { session: { scopes: 'view;camera;voice' } } } };

story('attack 11: prompt flood: one prompt at a time, and after three denials 15 minutes of quiet', async ({ rig }) => {
  const cast = await rig.cast();
  const boris = await rig.agent(cast.broker, { id: 'boris', name: 'Boris Novak' });
  for (let i = 0; i < 3; i++) {
    await cast.agent.request();
    const ask = await cast.provider.asked();
    for (let n = 0; n < 3; n++) { // of the same vendor, and of the same agent: busy, and the first stays
      await boris.request();
      assert.equal((await boris.denial()).reason, 'busy');
    }
    assert.deepEqual(cast.provider.packets.filter(({ t }) => t === 'ask' || t === 'withdraw'), []);
    cast.provider.decide(ask, false);
    await cast.agent.next(({ typ, request, reason }) => typ === 'denial' && request === ask.request && reason === 'denied');
  }
  for (const agent of [cast.agent, boris]) { // the vendor waits, not the one agent
    await agent.request();
    const denial = await agent.denial();
    assert.equal(denial.reason, 'backoff');
    assert.ok(denial.retry > 890 && denial.retry <= 900, `${denial.retry} s`);
  }
  assert.equal(cast.provider.packets.filter(({ t }) => t === 'ask').length, 0);
  // Who calls wants to be asked.
  cast.provider.send({ t: 'call', note: 'Jam' });
  await cast.agent.whenState((state) => state.help);
  await cast.agent.request();
  await cast.provider.deny();
  assert.equal((await cast.agent.denial()).reason, 'denied');
});

story('a second request of the same agent while one is pending cancels neither', async ({ rig }) => {
  const cast = await rig.cast();
  const first = await cast.agent.request();
  const ask = await cast.provider.asked();
  await cast.agent.request();
  assert.equal((await cast.agent.denial()).reason, 'busy');
  cast.provider.decide(ask, false);
  await cast.agent.next(({ typ, request, reason }) => typ === 'denial' && request === first && reason === 'denied');
});

story('the code on the prompt is that of the request', async ({ rig }) => {
  const cast = await rig.cast();
  const request = await cast.agent.request();
  const ask = await cast.provider.asked();
  assert.equal(ask.kind, 'request');
  assert.match(ask.code, /^\d{6}$/);
  assert.equal(Number(ask.code), Buffer.from(request, 'base64url').readUInt32BE(0) % 1_000_000);
  cast.provider.decide(ask, false);
});

story('scopes one by one: what was unticked is not granted', async ({ rig }) => {
  const cast = await rig.cast(WIDE);
  await cast.agent.request({ scopes: ['view', 'camera', 'voice'] });
  const ask = await cast.provider.asked();
  assert.deepEqual(ask.scopes, ['view', 'camera', 'voice']);
  cast.provider.decide(ask, true, ['view', 'voice']);
  assert.deepEqual((await cast.agent.grant()).scopes, ['view', 'voice']);
  assert.deepEqual((await cast.provider.next('session starting')).scopes, ['view', 'voice']);
  const decision = cast.device.audit().find(({ event }) => event === 'decision');
  assert.deepEqual(decision.scopes, ['view', 'voice']);
});

story('a decision with a scope that nobody asked for is an invalid answer', async ({ rig }) => {
  const cast = await rig.cast(WIDE);
  await cast.agent.request({ scopes: ['view'] });
  cast.provider.decide(await cast.provider.asked(), true, ['view', 'camera']);
  assert.equal((await cast.agent.denial()).reason, 'provider-invalid');
  assert.equal(cast.device.captures(), 0);
});

story('removing a scope in mid-session is a tap, adding one asks again', async ({ rig }) => {
  const cast = await rig.cast(WIDE);
  const { provider, agent, device } = cast;
  await granted(cast, ['view', 'camera']);
  provider.send({ t: 'remove', session: provider.session, scope: 'camera' });
  const less = await agent.next('update');
  assert.deepEqual([less.scopes, less.paused], [['view'], '']);
  await until('the log to say so', () => device.audit().some(({ event, removed }) => event === 'scopes' && removed === 'camera'));
  const ask = async (changes) => { await agent.hello(); return (agent.asked = await agent.send({ ...agent.requestMessage({ scopes: ['camera'] }), session: agent.session, ...changes }, { to: agent.exchange })); };
  // No: the session stays as it is.
  await ask();
  const more = await provider.asked();
  assert.deepEqual([more.kind, more.scopes], ['more', ['camera']]);
  provider.decide(more, false);
  assert.equal((await agent.denial()).reason, 'denied');
  assert.deepEqual((await device.status()).session.scopes, ['view']);
  // Yes.
  await ask();
  provider.decide(await provider.asked(), true);
  assert.deepEqual((await agent.next('update')).scopes, ['view', 'camera']);
  // Of a session that is none of this agent's: busy, like any other request.
  const boris = await rig.agent(cast.broker, { id: 'boris', name: 'Boris Novak', scopes: 'view,camera' });
  await boris.hello();
  boris.asked = await boris.send({ ...boris.requestMessage({ scopes: ['camera'] }), session: agent.session }, { to: boris.exchange });
  assert.equal((await boris.denial()).reason, 'busy');
  // The last one: the end.
  provider.send({ t: 'remove', session: provider.session, scope: 'view' });
  const end = await agent.ended();
  assert.deepEqual([end.by, end.reason], ['person', 'stopped']);
});

story('attack 13: an Allow sooner than a second after the prompt was shown is not taken, and the prompt stays', async ({ rig }) => {
  const cast = await rig.cast({ device: { config: { consent: { 'allow-after-ms': null } } } }); // as it comes
  const { agent, provider, device } = cast;
  await agent.request();
  const ask = await provider.asked(undefined, { read: false });
  assert.equal(ask.allow_after, 1000);
  await agent.next(({ typ, stage }) => typ === 'progress' && stage === 'shown');
  for (let n = 0; n < 3; n++) { // a hammering finger
    provider.send({ t: 'decision', request: ask.request, allow: true, scopes: ask.scopes });
    const early = await provider.next('early');
    assert.ok(early.request === ask.request && early.ms > 0 && early.ms <= 1000, JSON.stringify(early));
  }
  assert.equal((await device.status()).status, 'asking');
  assert.equal(device.captures(), 0);
  assert.deepEqual(device.audit().map(({ event }) => event), ['boot', 'request', 'prompt', 'early']);
  await sleep(1000);
  provider.decide(ask, true);
  await agent.grant();
});

story('attack 14: provider killed in a session: paused at once, ended after 10 s', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  const from = Date.now();
  await cast.provider.kill();
  await cast.agent.next(paused('provider'), 1900); // sooner than one that hangs is noticed
  const end = await cast.agent.ended(20000);
  assert.deepEqual([end.by, end.reason], ['device', 'provider-lost']);
  assert.ok(Date.now() - from > 8000, `${Date.now() - from} ms`);
  await until('the picture to be gone', () => cast.device.picture().length === 0);
});

story('attack 14: provider hangs: paused after 2 s; one that comes back resumes it', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  cast.provider.stopBeating();
  const from = Date.now();
  await cast.agent.next(paused('provider'));
  assert.ok(Date.now() - from < 8000, `${Date.now() - from} ms`); // it is the end of a session after 10 s
  cast.provider.send({ t: 'state', indicator: true });
  await cast.agent.next(paused(''));
  await cast.provider.kill();
  await cast.agent.next(paused('provider'));
  const next = await rig.provider(cast.device);
  assert.equal((await next.next('session paused')).session, cast.agent.session);
  await cast.agent.next(paused(''));
  next.stopSession();
  assert.equal((await cast.agent.ended()).reason, 'stopped');
});

story('an indicator that is not visible pauses', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  await sleep(1200);
  cast.provider.indicator = false;
  cast.provider.send({ t: 'state', indicator: false });
  await cast.agent.next(paused('indicator'));
  assert.equal((await cast.device.status()).session.paused, 'indicator');
  cast.provider.indicator = true;
  await cast.agent.next(paused(''));
  const events = cast.device.audit().map(({ event }) => event);
  assert.ok(events.includes('pause') && events.includes('resume'));
});

story('attack 15: a decision for another request starts nothing', async ({ rig }) => {
  const cast = await rig.cast();
  await cast.agent.request();
  const old = await cast.provider.asked();
  cast.provider.decide(old, false);
  await cast.agent.denial();
  await cast.agent.request();
  await cast.provider.asked();
  cast.provider.decide(old, true); // a yes to what was asked before
  assert.equal((await cast.agent.denial()).reason, 'provider-invalid');
  assert.equal(cast.device.captures(), 0);
});

story('a call carries what the machine knows, and a callback outlives the panel until somebody answers', async ({ rig }) => {
  const cast = await rig.cast();
  const call = { note: 'Jam', page: 'Alarms', alarms: ['AE-310 Capper jammed', 'BE-330 Outfeed full'], callback: 'line 2, extension 221' };
  cast.provider.send({ t: 'call', ...call });
  const { help } = await cast.agent.whenState((state) => state.help);
  const { since, ...said } = help;
  assert.deepEqual(said, call);
  assert.ok(since > 0);
  await cast.provider.kill();
  await cast.agent.whenState((state) => !state.consent);
  assert.equal(cast.agent.state.help?.callback, call.callback);
  const { boot } = cast.agent.state;
  await cast.device.stop();
  await cast.device.run();
  assert.equal((await cast.agent.whenState((state) => state.online && state.boot !== boot)).help?.callback, call.callback); // whatever happens to the machine
  const next = await rig.provider(cast.device);
  // An agent called back and closes it. Who comes to the panel later sees by whom, and what came of it.
  await cast.agent.hello();
  const done = (changes) => cast.agent.send({ v: 1, typ: 'done', since: cast.agent.state.help?.since ?? 0, note: 'Called back: the sensor was dirty', ...changes });
  const refused = async (hash) => (await cast.agent.next(({ typ, request }) => typ === 'denial' && request === hash)).reason;
  assert.equal(await refused(await done({ since: 4294967295 })), 'cancelled');
  assert.ok(cast.agent.state.help, 'closed by a word about another call');
  await done();
  const answer = await next.next('answered');
  assert.deepEqual([answer.agent, answer.company, answer.note], ['Anna Weber', 'Fill & Cap GmbH', 'Called back: the sensor was dirty']);
  assert.ok(Math.abs(Date.parse(answer.at) - Date.now()) < 60_000, answer.at);
  await cast.agent.whenState((state) => !state.help);
  assert.equal(await refused(await done()), 'cancelled'); // once
  const { vendor, agent, note } = await until('the record of it', () => cast.device.audit().find(({ event }) => event === 'answered'));
  assert.deepEqual([vendor, agent, note], ['fill-cap', 'anna', 'Called back: the sensor was dirty']);
  await next.kill();
  await cast.device.stop();
  await cast.device.run();
  const third = await rig.provider(cast.device);
  assert.equal((await third.next('answered')).note, answer.note);
  third.send({ t: 'call', ...call }); // the next call: the old answer is over
  await cast.agent.whenState((state) => state.help);
  // Answering it asks for consent like anything else.
  await cast.agent.request();
  assert.equal((await third.asked()).kind, 'request');
  third.send({ t: 'uncall' });
  await cast.agent.whenState((state) => !state.help);
  // Without a callback, a call is over with who called.
  third.send({ t: 'call', note: 'Jam' });
  await cast.agent.whenState((state) => state.help);
  await third.kill();
  await cast.agent.whenState((state) => !state.help);
});

story('masks of the HMI: in the first picture, and when they change', async ({ rig }) => {
  const cast = await rig.cast();
  cast.provider.send({ t: 'masks', masks: '600,300,200x180' });
  await granted(cast);
  const said = () => cast.device.process.lines.map(({ text }) => text);
  const masked = said().findIndex((text) => /masks: 1 rectangles/.test(text)), screen = said().findIndex((text) => /test: a pattern of/.test(text));
  assert.ok(masked >= 0 && masked < screen, said().join('\n'));
  cast.provider.send({ t: 'masks', masks: '600,300,200x180;0,0,50x50' });
  await until('the new masks', () => said().some((text) => /masks: 2 rectangles/.test(text)));
  cast.provider.stopSession();
  await cast.agent.ended();
});

// A session whose picture flows, to a receiver that is no browser.
async function live(rig, cast) {
  const peer = rig.own(await Peer.start());
  await peer.watchDevice(cast.agent, () => cast.provider.allow());
  await cast.provider.next('session live');
  peer.ping();
}

// Until the figures of media say so: pictures in the last second.
const pictures = (device, fits, what) => until(what, async () => {
  const figures = (await device.status()).session?.figures;
  return figures && fits(figures);
}, { ms: 15000, every: 200 });

story('a covered indicator freezes the picture: nothing is sent until it is seen again', async ({ rig }) => {
  const cast = await rig.cast();
  const { provider, agent, device } = cast;
  await live(rig, cast);
  await pictures(device, ({ fps }) => fps >= 5, 'pictures to flow');
  provider.indicator = false;
  await agent.next(paused('indicator'));
  await pictures(device, ({ fps, kbps }) => fps === 0 && kbps <= 20, 'the picture to stand still');
  await sleep(2500);
  await pictures(device, ({ fps, kbps }) => fps === 0 && kbps <= 20, 'the picture to stand still yet');
  provider.indicator = true;
  await agent.next(paused(''));
  await pictures(device, ({ fps }) => fps >= 5, 'pictures to flow again');
  provider.stopSession();
  assert.equal((await agent.ended()).reason, 'stopped');
});

const SOON = (grace, again = 3) => ({ device: { config: { consent: { timeout: 20, 'again-seconds': again, 'grace-seconds': grace } } } });

story('asked again: frozen until the yes', async ({ rig }) => {
  const cast = await rig.cast(SOON(30, 5)); // the pictures must be seen to flow again before the next question
  const { provider, agent, device } = cast;
  await live(rig, cast);
  const again = await provider.asked(15000);
  assert.deepEqual([again.kind, again.scopes, again.timeout], ['again', ['view'], 30]);
  await pictures(device, ({ fps }) => fps === 0, 'the picture to stand still');
  provider.decide(again, true);
  await agent.next(paused(''));
  await pictures(device, ({ fps }) => fps >= 5, 'pictures to flow again');
  provider.stopSession();
  assert.equal((await agent.ended()).reason, 'stopped');
});

story('asked again: without an answer in the grace the session ends', async ({ rig }) => {
  const cast = await rig.cast(SOON(5));
  const { provider, agent } = cast;
  await live(rig, cast);
  assert.equal((await provider.asked(15000)).kind, 'again');
  const end = await agent.ended(15000);
  assert.deepEqual([end.by, end.reason], ['device', 'not-renewed']);
  assert.equal((await provider.next('withdraw')).why, 'timeout');
});
