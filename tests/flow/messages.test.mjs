// What a hostile or broken agent can send. What is signed and sealed as it should be is refused with a reason; what can't be
// opened gets no answer. Nothing starts, nothing is left behind.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { nonce } from '../rig/agent.mjs';
import { flip, pair } from '../rig/jose.mjs';
import { root } from '../rig/paths.mjs';
import { sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const examples = join(root, 'signaling', 'schema', 'examples');

// Sends claims and expects this denial of exactly these.
async function refused(agent, bytes, reason, says, knobs) {
  agent.asked = await agent.send(bytes, knobs);
  const denial = await agent.denial().catch((error) => { throw new Error(`${String(bytes).slice(0, 200)}: ${error.message}`); });
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
  assert.equal(device.captures(), 0);
}

// What is no strict JSON object has no claims that could be verified, and a broken hello no key to answer for: silence.
const CLAIMLESS = ['array', 'depth', 'duplicate-key', 'empty', 'huge-integer', 'not-json', 'nul-in-text', 'trailing', 'utf8-overlong', 'utf8-surrogate'];

// Not one JSON object in the strict sense: such claims are none.
const UNREADABLE = ['array', 'depth', 'duplicate-key', 'empty', 'huge-integer', 'not-json', 'nul-in-text', 'trailing', 'utf8-overlong', 'utf8-surrogate'];

story('every invalid example is refused as malformed, or not understood', async ({ rig }) => {
  const cast = await rig.cast();
  await cast.agent.hello();
  const files = readdirSync(join(examples, 'invalid'));
  assert.ok(files.length >= 30);
  for (const file of files) {
    const bytes = readFileSync(join(examples, 'invalid', file));
    if (UNREADABLE.includes(file.replace('.json', ''))) await cast.agent.send(bytes, { to: cast.agent.exchange });
    else await refused(cast.agent, bytes, 'malformed', /./, { to: cast.agent.exchange }).catch((error) => { throw new Error(`${file}: ${error.message}`); });
  }
  await stillWorks(cast);
  assert.deepEqual(cast.agent.messages.filter(({ typ }) => typ !== 'state'), []);
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
  await cast.agent.hello();
  for (const file of readdirSync(examples).filter((name) => /^(sdp|ice|end|cancel)\..*json$/.test(name))) await cast.agent.send(readFileSync(join(examples, file)));
  await stillWorks(cast);
  assert.deepEqual(cast.agent.messages.filter(({ typ }) => typ !== 'state'), []);
});

story('oversized messages are dropped unread', async ({ rig }) => {
  const cast = await rig.cast();
  await cast.agent.hello();
  await refused(cast.agent, cast.agent.requestMessage({ reason: 'x'.repeat(20000) }), 'malformed');
  await cast.agent.publish(Buffer.alloc(65537, ' '));
  await cast.agent.send({ ...cast.agent.requestMessage(), padding: 'x'.repeat(90000) });
  await sleep(300);
  assert.deepEqual(cast.agent.messages.filter(({ typ }) => typ !== 'state'), []);
  await stillWorks(cast);
});

// How a message can be wrong around its claims; see send() of rig/agent.mjs.
const changed = (i, change) => ({ jwe: { parts: (parts) => parts.map((part, k) => (k === i ? change(part) : part)) } });
const wrong = {
  'without a signature (alg none)': { jws: { header: { alg: 'none' } } },
  'alg none with a signature': { jws: { header: { alg: 'none' }, signature: () => Buffer.alloc(64, 1) } },
  'signed by the public key (HS256)': { jws: { header: { alg: 'HS256' } } },
  'signed by ES384': { jws: { header: { alg: 'ES384' } } },
  'a signature of zeros': { jws: { signature: () => Buffer.alloc(64) } },
  'half a signature': { jws: { signature: (bytes) => bytes.subarray(32) } },
  'other claims under the signature': { jws: { payload: (text) => text.replace(/"nonce":"./, (start) => (start.endsWith('A') ? '"nonce":"B' : '"nonce":"A')) } },
  'signed by another key': { by: pair() },
  'signed by another key under the name of the right one': (agent) => ({ by: { ...pair(), kid: agent.own.kid } }),
  'a jwk in the header': (agent) => ({ by: pair(), jws: { header: { kid: agent.own.kid, jwk: agent.own.jwk } } }),
  'a crit in the header': { jws: { header: { crit: ['exp'], exp: 1 } } },
  'a b64 in the header': { jws: { header: { b64: false } } },
  'no kid': { jws: { header: { kid: null } } },
  'no typ': { jws: { header: { typ: null } } },
  'not sealed': { sealed: false },
  'sealed for another key': { to: pair().jwk },
  'sealed with zip in the header': { jwe: { header: { zip: 'DEF' } } },
  'sealed with apu in the header': { jwe: { header: { apu: 'QQ' } } },
  'sealed with A128GCM': { jwe: { header: { enc: 'A128GCM' } } },
  'sealed with a wrapped key': { jwe: { header: { alg: 'ECDH-ES+A256KW' } } },
  'sealed by a private epk': { jwe: { header: { epk: pair().key.export({ format: 'jwk' }) } } },
  'sealed by a point that is none': { jwe: { header: { epk: { kty: 'EC', crv: 'P-256', x: nonce(), y: nonce() } } } },
  'sealed with a header of another': changed(0, (part) => flip(part, 20)),
  'sealed with an encrypted key': changed(1, () => 'AAAA'),
  'sealed with another iv': changed(2, (part) => flip(part)),
  'sealed with other bytes': changed(3, (part) => flip(part)),
  'sealed with another tag': changed(4, (part) => flip(part)),
  'base64url with padding': changed(3, (part) => `${part}=`),
  'the same text twice': { bytes: (bytes) => Buffer.concat([bytes, Buffer.from('.'), bytes]) },
  'cut off': { bytes: (bytes) => bytes.subarray(0, bytes.length - 1) },
};

story('what is signed or sealed in any other way is not opened', async ({ rig }) => {
  const cast = await rig.cast();
  const { agent, provider, device } = cast;
  await agent.hello();
  for (const [what, knobs] of Object.entries(wrong)) {
    await agent.send(agent.requestMessage(), typeof knobs === 'function' ? knobs(agent) : knobs);
    await agent.sendHello({}, typeof knobs === 'function' ? knobs(agent) : knobs);
    await sleep(20);
    assert.deepEqual(agent.messages.filter(({ typ }) => typ !== 'state'), [], what);
    assert.deepEqual(provider.packets.filter(({ t }) => t === 'ask'), [], what);
  }
  await sleep(300);
  assert.deepEqual(agent.messages.filter(({ typ }) => typ !== 'state'), []);
  assert.ok(device.audit().filter(({ event, reason }) => event === 'refused' && reason === 'unverified').length >= 10);
  // A message signed as another one can be opened, and is told.
  await refused(agent, agent.requestMessage(), 'malformed', /another message/, { typ: 'oriel-cancel+jws' });
  // Nothing of that has used the nonce up.
  agent.asked = await agent.send(agent.requestMessage());
  const ask = await provider.deny();
  assert.equal(ask.request, agent.asked);
  await agent.denial();
  await stillWorks(cast);
});

story('a retained message is dropped', async ({ rig }) => {
  const broker = await rig.broker();
  const agent = await rig.agent(broker);
  const topic = `${agent.base}/d/${broker.device}/dn/${agent.id}`;
  const device = await rig.device({ broker, watch: true });
  await device.online();
  // A good hello; the device that starts again finds it retained.
  await agent.sendHello();
  await agent.next('challenge');
  await device.process.stop();
  await agent.client.publishAsync(topic, agent.sent.at(-1), { qos: 1, retain: true });
  await agent.whenState((state) => !state.online);
  await device.run();
  await agent.whenState((state) => state.online);
  await sleep(300);
  assert.deepEqual(agent.messages.filter(({ typ }) => typ !== 'state'), []);
  await agent.client.publishAsync(topic, '', { qos: 1, retain: true });
});

story('a nonce serves one request of the agent it was given to', async ({ rig }) => {
  const cast = await rig.cast();
  const { agent, provider } = cast;
  const boris = await rig.agent(cast.broker, { id: 'boris', name: 'Boris Novak' });
  const expired = (who, message) => refused(who, message, 'expired');
  // Never given out.
  await agent.hello();
  await expired(agent, agent.requestMessage({ nonce: nonce() }));
  // Bound to another challenge.
  await expired(agent, agent.requestMessage({ challenge: nonce() }));
  // Given to somebody else.
  await boris.hello();
  await expired(boris, boris.requestMessage({ nonce: agent.nonce, challenge: agent.challenge }));
  // In somebody else's exchange nobody is heard.
  await boris.send(boris.requestMessage({ nonce: agent.nonce, challenge: agent.challenge }), { to: agent.exchange });
  await boris.publish(agent.sent.at(-1));
  // Used: the same bytes once more while the person is asked are the broker's repetition, and mean nothing …
  agent.asked = await agent.send(agent.requestMessage());
  const bytes = agent.sent.at(-1);
  const ask = await provider.asked();
  await agent.publish(bytes);
  await sleep(200);
  assert.equal(provider.packets.filter(({ t }) => t === 'ask').length, 0);
  provider.decide(ask, false);
  assert.equal((await agent.denial()).reason, 'denied');
  // … and afterwards a replay.
  await agent.publish(bytes);
  assert.equal((await agent.denial()).reason, 'expired');
  await expired(agent, agent.requestMessage({ reason: 'Another one' }));
  assert.deepEqual(boris.messages.filter(({ typ }) => typ !== 'state'), []);
  await stillWorks(cast);
});

story('a request from before a restart is not opened', async ({ rig }) => {
  const cast = await rig.cast();
  const { agent, device } = cast;
  await agent.hello();
  assert.equal((await device.process.stop()).code, 0);
  await agent.whenState((state) => !state.online);
  await device.run();
  const provider = await rig.provider(device);
  await agent.whenState((state) => state.online && state.consent);
  await agent.send(agent.requestMessage());
  await until('the refusal on record', () => /no exchange that is open/.test(device.audit().at(-1).detail));
  assert.deepEqual(agent.messages.filter(({ typ }) => typ !== 'state'), []);
  assert.deepEqual(provider.packets.filter(({ t }) => t === 'ask'), []);
  await stillWorks({ agent, device, provider });
});

story('who may ask: vendor, name, device, scopes, time', async ({ rig }) => {
  const cast = await rig.cast({ device: { trust: {
    'fill-cap': { label: 'Fill & Cap GmbH', scopes: ['view'], seconds: 3600 },
    broken: { label: 'Broken' },
  } } });
  const { agent, provider, broker } = cast;
  const now = Math.floor(Date.now() / 1000);
  const credential = (changes, by) => ({ credential: agent.forgeCredential(changes, by) });
  const hello = async (changes, reason, says) => {
    const error = await agent.hello(changes).then(() => assert.fail('there is a challenge'), (failure) => failure);
    assert.equal(error.denial?.reason, reason, error.message);
    assert.match(error.denial.detail, says);
  };
  // What the credential says, each by the vendor's own key.
  await hello(credential({ iss: 'stranger' }), 'not-allowed', /vendor 'stranger' is not known/);
  await hello(credential({ iss: 'broken' }), 'not-allowed', /trust file/);
  await hello(credential({ sub: 'boris' }), 'not-allowed', /another agent/);
  await hello(credential({ iat: now - 100, exp: now - 1 }), 'not-allowed', /expired/);
  await hello(credential({ iat: now + 400, exp: now + 3600 }), 'not-allowed', /future/);
  await hello(credential({ exp: now + 100000 }), 'not-allowed', /credential/);
  await hello(credential({ scopes: [] }), 'not-allowed', /scopes/);
  // By another key, as another document, not at all.
  await hello(credential({}, { by: pair() }), 'not-allowed', /credential|key/);
  const vendor = pair(broker.keys.key(broker.keys.vendor('fill-cap'), 'vendor.key'));
  await hello(credential({}, { by: { ...pair(), kid: vendor.kid } }), 'not-allowed', /signature/);
  await hello(credential({}, { typ: 'oriel-device+jwt' }), 'not-allowed', /type/);
  await hello(credential({}, { forgery: { header: { alg: 'HS256' } } }), 'not-allowed', /credential/);
  // What is no credential at all, or one for a key that is not the sender's, gets no answer.
  await agent.sendHello(credential({}, { forgery: { header: { alg: 'none' } } }));
  await agent.sendHello(credential({ cnf: { jwk: pair().jwk } }));
  // Then the request.
  const ask = async (changes, says) => {
    await agent.hello();
    return refused(agent, agent.requestMessage(changes), 'not-allowed', says);
  };
  await ask({ device: 'filler-2' }, /another device/);
  await ask({ scopes: ['control'] }, /scopes/);
  await ask({ reason: '\u202e\u200b' }, /visible/);
  // No longer than the credential lasts, and not at all in its last half minute.
  const ends = (seconds) => credential({ exp: Math.floor(Date.now() / 1000) + seconds });
  await agent.hello(ends(20));
  await refused(agent, agent.requestMessage(), 'not-allowed', /renew it/);
  await agent.hello(ends(120));
  agent.asked = await agent.send(agent.requestMessage({ seconds: 600 }));
  const short = await provider.deny();
  assert.ok(short.seconds > 60 && short.seconds <= 120, `${short.seconds} s`);
  await agent.denial();
  // A longer time than the vendor may have is cut, so are scopes, and texts are cleaned of what could deceive.
  await agent.hello(credential({ name: 'Anna\u200f \u202eWeber', scopes: ['view', 'control'] }));
  agent.asked = await agent.send(agent.requestMessage({ scopes: ['view', 'control'], seconds: 28800, reason: `Paper \u202ejam\u202c\u0007 \u2066now\u2069 ${'äß€😀'.repeat(80)}` }));
  const prompt = await provider.asked();
  assert.equal(prompt.seconds, 3600);
  assert.deepEqual(prompt.scopes, ['view']);
  assert.match(prompt.agent, /^Anna\s+Weber$/);
  assert.match(prompt.reason, /^Paper jam\s+now äß€😀/);
  assert.ok([...prompt.reason].length <= 120, `a reason of ${[...prompt.reason].length} characters`);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(prompt.reason + prompt.agent, /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
  provider.decide(prompt, false);
  await agent.denial();
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
