// Voice: what is said in the room of the device is heard in Chromium, and the other way; and nothing without a grant.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { compare, power } from '../rig/alike.mjs';
import { Ear } from '../rig/ear.mjs';
import { sleep, until } from '../rig/process.mjs';
import { RATE, Sound, speak } from '../rig/sound.mjs';
import { story } from '../rig/story.mjs';

const TRUST = { 'fill-cap': { label: 'Fill & Cap GmbH', scopes: ['view', 'voice'], seconds: 3600 } };
const show = ({ delay, alike, snr, clear }, from = 0) => `${Math.round(delay + from)} ms, ${alike.toFixed(2)} alike, ${snr.toFixed(1)} dB, ${clear.toFixed(2)} clear`;
const CLEAR = 0.75; // from here on speech is well understood

// The first that can be understood ends it: the first sentence after joining is heard while buffers and noise suppression find their
// measure, and on a busy machine a sound server that was stopped in mid-sentence leaves a hole that no voice has.
async function best(what, least, attempt) {
  const results = [];
  while (results.length < 4) {
    results.push(await attempt());
    console.log(`${what}: ${show(results.at(-1))}`);
    if (results.at(-1).clear > least) return;
  }
  assert.fail(`${what}: it can't be understood: ${results.map((result) => show(result)).join('; ')}`);
}

story('voice: nothing without a grant, then a sentence each way, then muted', async ({ rig }) => {
  const sound = rig.own(await Sound.start(rig.path('sound')));
  const browser = await rig.browser({ args: ['--autoplay-policy=no-user-gesture-required'] });
  const cast = await rig.cast({ agent: { scopes: 'view,voice' }, device: { trust: TRUST, config: { session: { scopes: 'view;voice' }, voice: sound.config } } });
  const ear = await Ear.open(browser), { receiver } = ear, { agent, provider, device } = cast;
  rig.own(receiver);
  const seven = speak(rig.directory, 'seven', 'The capper of line two jams since seven, and the alarm is on.');
  const belt = speak(rig.directory, 'belt', 'Please open the guard and look whether the belt has come off its wheel.', 'en+f3');
  const length = Math.max(seven.samples.length, belt.samples.length) / RATE * 1000;
  const said = async (from) => { await sleep(length + 900); return sound.played(from); };

  // Nothing is sent, and nothing taken, while only `view` is granted, whatever the page does.
  await agent.request({ fingerprint: await receiver.certificate(), scopes: ['view'] });
  await provider.allow();
  await agent.grant();
  await receiver.connect(agent);
  await receiver.picture();
  await ear.open();
  await ear.say(readFileSync(belt.raw));
  await sound.say(seven);
  await until('the page to send', async () => (await ear.stats())['outbound-rtp']?.packetsSent > 20);
  assert.equal((await ear.stats())['inbound-rtp']?.packetsReceived ?? 0, 0, 'sound left without a grant');
  assert.equal(device.helper('oriel-voice'), undefined);
  assert.equal(power(sound.played(sound.from)), 0, 'sound was played without a grant');

  // Joined in mid-session.
  await agent.hello();
  agent.asked = await agent.send({ ...agent.requestMessage({ fingerprint: await receiver.certificate(), scopes: ['voice'] }), session: agent.session }, { to: agent.exchange });
  const ask = await provider.next('ask'), consent = Date.now();
  provider.send({ t: 'shown', request: ask.request });
  provider.decide(ask, true);
  const state = await provider.next(({ t, microphone, speaker }) => t === 'voice' && microphone && speaker, 15000);
  console.log(`consent to microphone and speaker: ${Date.now() - consent} ms`);
  assert.deepEqual([state.on, state.muted, state.why], [true, false, '']);
  await until('the page to be told', () => receiver.page.evaluate(() => window.rig.heard.some(({ t, on, microphone }) => t === 'voice' && on && microphone)));

  await best('device to agent', CLEAR, async () => {
    await ear.listen();
    const spoken = await sound.say(seven);
    await provider.next(({ t, talking }) => t === 'voice' && talking > 30);
    await sleep(length + 500);
    const { from, samples } = await ear.heard(), there = compare(seven.samples, samples);
    return { ...there, delay: there.delay + from - spoken };
  });
  await best('agent to device', CLEAR, async () => {
    const from = await ear.say(readFileSync(belt.raw));
    await provider.next(({ t, hearing }) => t === 'voice' && hearing > 30);
    return compare(belt.samples, await said(from));
  });

  // Muted, nothing leaves.
  provider.send({ t: 'mute', session: agent.session, muted: true });
  await provider.next(({ t, muted }) => t === 'voice' && muted);
  await sleep(300);
  const before = (await ear.stats())['inbound-rtp'].packetsReceived;
  await sound.say(seven);
  await sleep(1000);
  assert.equal((await ear.stats())['inbound-rtp'].packetsReceived, before, 'the microphone was muted, and sound left');
  provider.stopSession();
  await agent.ended();
  await until('the microphone to be let go', () => !device.helper('oriel-voice'));
});
