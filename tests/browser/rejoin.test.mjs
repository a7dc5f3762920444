// A session that lost its agent's page is joined again by that agent, with that key, while it has no connection, and by
// nobody else: what others say, what was said before, and what comes too late is refused, and does no harm.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FINGERPRINT, nonce } from '../rig/agent.mjs';
import { sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

story('who may join a lost session again, and who may not', async ({ rig }) => {
  const { broker, device, provider, agent } = await rig.cast();
  const receiver = await rig.receiver(), boris = await rig.agent(broker, { id: 'boris' });
  const of = (name) => device.audit().filter(({ event }) => event === name);
  const reason = async (answer) => { const { typ, reason: why } = await answer; return `${typ} ${why}`; };
  await receiver.watchDevice(agent, () => provider.allow());
  await receiver.picture();
  await provider.next('session live');

  // It has a connection: nobody takes it away, be it the agent itself, in another tab.
  const old = agent.exchange;
  assert.equal(await reason(agent.rejoin()), 'denial busy');
  assert.equal((await receiver.state()).connection, 'connected');

  await receiver.close();
  await agent.sequenced('away', {}, agent.session, { to: old });
  const paused = await provider.next((packet) => packet.t === 'session' && packet.state === 'paused');
  assert.equal(paused.why, 'connection');
  boris.session = agent.session; // somehow he knows it
  assert.equal(await reason(boris.rejoin()), 'denial expired');
  await agent.hello(); // in the agent's name, without its key: no answer
  await agent.send({ v: 1, typ: 'rejoin', challenge: agent.challenge, device: device.id, nonce: agent.nonce, session: agent.session, fingerprint: FINGERPRINT }, { by: boris.own, to: agent.exchange });
  assert.equal(await reason(agent.rejoin({ session: nonce() })), 'denial expired');
  assert.equal(await reason(agent.rejoin({ nonce: nonce() })), 'denial expired'); // of another challenge
  assert.deepEqual([of('rejoin').length, of('end').length], [0, 0]);

  const print = await receiver.certificate(), answer = await agent.rejoin({ fingerprint: print });
  assert.deepEqual([answer.typ, answer.session, answer.scopes, answer.paused], ['rejoined', agent.session, ['view'], '']);
  assert.ok(answer.seconds <= 600 && answer.seconds > 500, answer.seconds);
  const replay = agent.sent.at(-1);
  // The old exchange is dead: an answer, or an end, that was kept back.
  await agent.sequenced('sdp', { type: 'answer', sdp: 'v=0\r\n', path: answer.path, seq: 0 }, agent.session, { to: old });
  await agent.sequenced('end', { by: 'agent', reason: 'hung-up', seq: 9 }, agent.session, { to: old });
  agent.sequences.set(agent.session, 0);
  await receiver.connect(agent);
  await receiver.picture();
  await provider.next('session live');
  assert.deepEqual([of('prompt').length, of('rejoin').length, of('end').length], [1, 1, 0]);
  assert.equal(of('rejoin')[0].agent_fingerprint, print);

  // The same message again: while it lives, when it is lost, and when it is over.
  await agent.publish(replay);
  await receiver.close();
  await agent.sequenced('away', {});
  await until('the session to be lost', () => of('lost').length === 2);
  await agent.publish(replay);
  await sleep(300); // no answer comes, and no path
  assert.equal(of('rejoin').length, 1);
  provider.stopSession();
  await agent.ended();
  await agent.publish(replay);
  assert.equal(await reason(agent.rejoin()), 'denial expired');
  await agent.whenState(({ status }) => status === 'ready');
  assert.deepEqual(device.picture(), []);
  assert.equal(of('rejoin').length, 1);
});

story('an agent that is revoked while its page is away does not come back', async ({ rig }) => {
  const { broker, device, provider, agent } = await rig.cast();
  const receiver = await rig.receiver();
  await receiver.watchDevice(agent, () => provider.allow());
  await receiver.picture();
  await provider.next('session live');
  await receiver.close();
  await agent.sequenced('away', {});
  await provider.next((packet) => packet.state === 'paused' && packet.why === 'connection');
  writeFileSync(join(device.etc, 'trust.d', 'fill-cap.revoked'), broker.keys.revoke('fill-cap', { key: agent.own.kid }));
  const end = await agent.ended(30000);
  assert.deepEqual([end.by, end.reason], ['device', 'revoked'], JSON.stringify(end));
  await assert.rejects(agent.rejoin(), /revoked/);
  assert.equal(device.audit().filter(({ event }) => event === 'rejoin').length, 0);
});
