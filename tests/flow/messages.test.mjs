// What a hostile or broken agent can send: each is refused with a reason, nothing starts, nothing is left behind.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { nonce } from '../rig/agent.mjs';
import { root } from '../rig/paths.mjs';
import { sleep } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const examples = join(root, 'signaling', 'schema', 'examples');

// Sends bytes and expects this denial of exactly these bytes.
async function refused(agent, bytes, reason, says) {
  agent.asked = await agent.send(bytes);
  const denial = await agent.denial(5000).catch((error) => { throw new Error(`${String(bytes).slice(0, 200)}: ${error.message}`); });
  assert.equal(denial.reason, reason, `${String(bytes).slice(0, 200)} gave ${JSON.stringify(denial)}`);
  if (says) assert.match(denial.detail ?? '', says);
  return denial;
}

// Afterwards the device must do its work as before.
async function stillWorks({ agent, provider, device }) {
  const asked = await agent.request();
  const ask = await provider.deny();
  assert.equal(ask.request, asked);
  assert.equal((await agent.denial()).reason, 'denied');
  assert.deepEqual(device.started(), ['oriel-signal']);
}

// What is no strict JSON object has no claims that could be verified: it gets no answer.
const CLAIMLESS = ['array', 'depth', 'duplicate-key', 'empty', 'huge-integer', 'not-json', 'nul-in-text', 'trailing', 'utf8-overlong', 'utf8-surrogate'];

story('every invalid example is refused as malformed', async ({ rig }) => {
  const cast = await rig.cast();
  const files = readdirSync(join(examples, 'invalid'));
  assert.ok(files.length >= 30);
  await cast.agent.hello();
  for (const file of files) {
    const bytes = readFileSync(join(examples, 'invalid', file));
    if (CLAIMLESS.includes(file.slice(0, -5))) await cast.agent.send(bytes);
    else await refused(cast.agent, bytes, 'malformed', /./);
  }
  await stillWorks(cast);
  // Refusals are recorded, but an agent can't fill the disk with them.
  const refusals = cast.device.audit().filter(({ event }) => event === 'refused');
  assert.ok(refusals.length >= 15 && refusals.length <= 20, `${refusals.length} refusals recorded of ${files.length}`);
});

story('messages that only a device sends are refused', async ({ rig }) => {
  const cast = await rig.cast();
  await cast.agent.hello();
  for (const file of readdirSync(examples).filter((name) => /^(state|challenge|progress|grant|denial)\..*json$/.test(name)))
    await refused(cast.agent, readFileSync(join(examples, file)), 'malformed', /device/);
  await stillWorks(cast);
});

story('messages for no session are ignored', async ({ rig }) => {
  const cast = await rig.cast();
  for (const file of readdirSync(examples).filter((name) => /^(sdp|ice|end|cancel)\..*json$/.test(name))) await cast.agent.send(readFileSync(join(examples, file)));
  await stillWorks(cast);
  assert.deepEqual(cast.agent.messages.filter(({ typ }) => typ !== 'state'), []);
});

story('oversized messages are dropped unread', async ({ rig }) => {
  const cast = await rig.cast();
  await cast.agent.hello();
  await refused(cast.agent, JSON.stringify(cast.agent.requestMessage({ reason: 'x'.repeat(20000) })), 'malformed');
  const before = cast.agent.messages.length;
  await cast.agent.send(Buffer.alloc(65537, ' '));
  await cast.agent.send(JSON.stringify({ ...cast.agent.requestMessage(), padding: 'x'.repeat(90000) }));
  await sleep(300);
  assert.equal(cast.agent.messages.slice(before).filter(({ typ }) => typ !== 'state').length, 0);
  await stillWorks(cast);
});

story('a retained message is dropped', async ({ rig }) => {
  const broker = await rig.broker();
  const agent = await rig.agent(broker);
  const topic = `${agent.base}/d/${broker.device}/dn/${agent.id}`;
  await agent.client.publishAsync(topic, JSON.stringify({ v: 1, typ: 'hello', nonce: nonce(), credential: agent.credential }), { qos: 1, retain: true });
  const device = await rig.device({ broker, watch: true });
  await device.online();
  await agent.whenState((state) => state.online);
  await sleep(300);
  assert.deepEqual(agent.messages.filter(({ typ }) => typ !== 'state'), []);
  await agent.client.publishAsync(topic, '', { qos: 1, retain: true });
});

story('a nonce serves one request of the agent it was given to', async ({ rig }) => {
  const cast = await rig.cast();
  const { agent, provider } = cast;
  const boris = await rig.agent(cast.broker, { id: 'boris', name: 'Boris Novak' });
  const expired = (who, message) => refused(who, JSON.stringify(message), 'expired');
  // Never given out.
  await agent.hello();
  agent.nonce = nonce();
  await expired(agent, agent.requestMessage());
  // Given to somebody else.
  await agent.hello();
  await boris.hello();
  await expired(boris, boris.requestMessage({ nonce: agent.nonce }));
  await expired(boris, boris.requestMessage({ challenge: agent.challenge }));
  // Used: the same bytes once more while the person is asked are the broker's repetition, and mean nothing …
  const bytes = JSON.stringify(agent.requestMessage());
  agent.asked = await agent.send(bytes);
  const ask = await provider.asked();
  await agent.send(bytes);
  await sleep(200);
  assert.equal(provider.packets.filter(({ t }) => t === 'ask').length, 0);
  provider.decide(ask, false);
  assert.equal((await agent.denial()).reason, 'denied');
  // … and afterwards a replay.
  await expired(agent, JSON.parse(bytes));
  await expired(agent, agent.requestMessage({ reason: 'Another one' }));
  await stillWorks(cast);
});

story('a request from before a restart means nothing', async ({ rig }) => {
  const cast = await rig.cast({ provider: null });
  const { agent, device } = cast;
  await agent.hello();
  const { nonce: before, challenge, exchange } = agent;
  assert.equal((await device.process.stop()).code, 0);
  await agent.whenState((state) => !state.online);
  await device.run();
  await agent.whenState((state) => state.online);
  // The key of the exchange is gone: the device can't even open it.
  await agent.send(agent.requestMessage());
  await agent.hello();
  assert.ok(device.audit().some(({ event, reason }) => event === 'refused' && reason === 'unverified'));
  // The same words in a new exchange.
  assert.notEqual(agent.exchange.x, exchange.x);
  await refused(agent, JSON.stringify(agent.requestMessage({ nonce: before, challenge })), 'expired');
});

story('who may ask: vendor, name, device, scopes, time', async ({ rig }) => {
  const cast = await rig.cast();
  const { agent, provider } = cast;
  const ask = async (changes, says) => {
    await agent.hello();
    return refused(agent, JSON.stringify(agent.requestMessage(changes)), 'not-allowed', says);
  };
  const greet = async (changes, says) => {
    const { denial } = await agent.hello({ credential: agent.forgeCredential(changes) }).then(() => assert.fail('a challenge'), (error) => error);
    assert.equal(denial?.reason, 'not-allowed');
    assert.match(denial.detail, says);
  };
  await greet({ iss: 'stranger' }, /vendor 'stranger' is not known/);
  await greet({ sub: 'boris' }, /another agent/);
  await greet({ exp: 1000, iat: 900 }, /expired/);
  await ask({ device: 'filler-2' }, /another device/);
  await ask({ scopes: ['control'] }, /scopes/);
  await ask({ reason: '\u202e\u200b' }, /visible/);
  // A longer time than the vendor may have is cut, and texts are cleaned of what could deceive.
  await agent.hello({ credential: agent.forgeCredential({ name: 'Anna\u200f \u202eWeber' }) });
  await agent.send(agent.requestMessage({ seconds: 28800, reason: `Paper \u202ejam\u202c\u0007 \u2066now\u2069 ${'äß€😀'.repeat(80)}` }));
  const prompt = await provider.asked();
  assert.equal(prompt.seconds, 3600);
  assert.match(prompt.agent, /^Anna\s+Weber$/);
  assert.match(prompt.reason, /^Paper jam\s+now äß€😀/);
  assert.ok([...prompt.reason].length <= 120, `a reason of ${[...prompt.reason].length} characters`);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(prompt.reason + prompt.agent, /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
  provider.decide(prompt, false);
  await agent.next('denial');
  await stillWorks(cast);
});

story('a challenge proves which hello it answers', async ({ rig }) => {
  const { agent, device } = await rig.cast();
  const first = await agent.hello(), second = await agent.hello();
  assert.notEqual(first.nonce, second.nonce);
  assert.equal(first.boot, agent.state.boot);
  assert.equal(first.device, device.id);
  assert.equal(first.status, 'ready');
});
