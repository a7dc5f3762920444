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

story('every invalid example is refused as malformed', async ({ rig }) => {
  const cast = await rig.cast();
  const files = readdirSync(join(examples, 'invalid'));
  assert.ok(files.length >= 30);
  for (const file of files) await refused(cast.agent, readFileSync(join(examples, 'invalid', file)), 'malformed', /./);
  await stillWorks(cast);
  // Refusals are recorded, but an agent can't fill the disk with them.
  const refusals = cast.device.audit().filter(({ event }) => event === 'refused');
  assert.ok(refusals.length >= 15 && refusals.length <= 20, `${refusals.length} refusals recorded of ${files.length}`);
});

story('messages that only a device sends are refused', async ({ rig }) => {
  const cast = await rig.cast();
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
  agent.nonce = nonce();
  await expired(agent, agent.requestMessage());
  // Given to somebody else.
  await agent.hello();
  await expired(boris, boris.requestMessage({ nonce: agent.nonce }));
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

story('a request from before a restart is expired', async ({ rig }) => {
  const cast = await rig.cast({ provider: null });
  await cast.agent.hello();
  const before = cast.agent.nonce;
  assert.equal((await cast.device.process.stop()).code, 0);
  await cast.agent.whenState((state) => !state.online);
  await cast.device.run();
  await cast.agent.whenState((state) => state.online);
  cast.agent.nonce = before;
  await refused(cast.agent, JSON.stringify(cast.agent.requestMessage()), 'expired');
});

story('who may ask: vendor, name, device, scopes, time', async ({ rig }) => {
  const cast = await rig.cast({ device: { trust: {
    'fill-cap': { label: 'Fill & Cap GmbH', scopes: ['view'], seconds: 3600 },
    'no-eyes': { label: 'No Eyes Ltd', scopes: [], seconds: 3600 },
    broken: { label: 'Broken' },
  } } });
  const { agent, provider } = cast;
  const ask = async (changes, says) => {
    await agent.hello();
    return refused(agent, JSON.stringify(agent.requestMessage(changes)), 'not-allowed', says);
  };
  const credential = (changes) => ({ credential: { ...agent.credential, ...changes } });
  await ask(credential({ iss: 'stranger' }), /vendor 'stranger' is not known/);
  await ask(credential({ iss: 'no-eyes' }), /scopes/);
  await ask(credential({ iss: 'broken' }), /trust file/);
  await ask(credential({ sub: 'boris' }), /another agent/);
  await ask({ device: 'filler-2' }, /another device/);
  await ask({ reason: '\u202e\u200b' }, /visible/);
  // A longer time than the vendor may have is cut, and texts are cleaned of what could deceive.
  await agent.hello();
  await agent.send(agent.requestMessage({ seconds: 28800, reason: `Paper \u202ejam\u202c\u0007 \u2066now\u2069 ${'äß€😀'.repeat(80)}`, credential: { ...agent.credential, name: 'Anna\u200f \u202eWeber' } }));
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
