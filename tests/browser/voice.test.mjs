// Voice: what is said in the room of the device is heard in Chromium, and the other way, also when one packet of twenty is lost; the
// picture does not wait for it; and nothing without a grant, whatever the page sends.
//
// And the console: its own microphone is a file.
//
// The link that loses packets is between machines of the test's own, so that part is for root.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareAside as compare, power } from '../rig/alike.mjs';
import { Ear } from '../rig/ear.mjs';
import { sleep, until } from '../rig/process.mjs';
import { RATE, Sound, speak } from '../rig/sound.mjs';
import { story } from '../rig/story.mjs';
import { agentNetwork, noLink } from '../rig/topology.mjs';

const perfect = await agentNetwork() || noLink(); // why there is no link that could lose anything
const TRUST = { 'fill-cap': { label: 'Fill & Cap GmbH', scopes: ['view', 'voice'], seconds: 3600 } };
const show = ({ delay, alike, snr, clear }, from = 0) => `${Math.round(delay + from)} ms, ${alike.toFixed(2)} alike, ${snr.toFixed(1)} dB, ${clear.toFixed(2)} clear`;
const CLEAR = 0.7; // speech is well understood from here on; with a third of it cut out it has less than 0.74, another sentence 0.2

// A busy machine may stop a sound server in mid-sentence, which leaves a hole that no voice has: then it is said once more.
async function clearly(what, attempt, { least = CLEAR, repeats = 4 } = {}) {
  const results = [];
  while (results.length <= repeats) {
    results.push(await attempt());
    console.log(`${what}: ${show(results.at(-1))}`);
    if (results.at(-1).clear > least) return;
  }
  assert.fail(`${what}: it can't be understood: ${results.map((result) => show(result)).join('; ')}`);
}

// How long pictures waited in the browser's jitter buffer between two calls, ms a picture; how long Chromium wanted them to.
function waiting({ page }) {
  let before;
  return async () => {
    const now = await page.evaluate(async () => [...(await window.rig.pc.getStats()).values()].find(({ type, kind, framesDecoded }) => type === 'inbound-rtp' && kind === 'video' && framesDecoded));
    const [from, pictures] = [before ?? { jitterBufferDelay: 0, jitterBufferTargetDelay: 0, jitterBufferEmittedCount: 0 }, now.jitterBufferEmittedCount - (before?.jitterBufferEmittedCount ?? 0)];
    before = now;
    return { pictures, waited: (now.jitterBufferDelay - from.jitterBufferDelay) / pictures * 1000, wanted: (now.jitterBufferTargetDelay - from.jitterBufferTargetDelay) / pictures * 1000 };
  };
}

story('voice: nothing without a grant (attack 9), then a sentence each way, with loss, too, then muted', async ({ rig }) => {
  const sound = rig.own(await Sound.start(rig.path('sound')));
  const browser = await rig.browser({ args: ['--autoplay-policy=no-user-gesture-required'] });
  const topology = perfect ? undefined : await rig.topology({ links: { device: { up: {}, down: {} } } });
  const cast = await rig.cast({ topology, agent: { scopes: 'view,voice' }, device: { trust: TRUST, config: { session: { scopes: 'view;voice' }, voice: sound.config } } });
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
  // Nor is it joined by who forges: the agent's name with another's signature, a grant that the agent makes itself.
  const more = async (knobs) => {
    await agent.hello();
    agent.asked = await agent.send({ ...agent.requestMessage({ fingerprint: await receiver.certificate(), scopes: ['voice'] }), session: agent.session }, { to: agent.exchange, ...knobs });
  };
  await more({ jws: { signature: (right) => randomBytes(right.length) } });
  await agent.sequenced('grant', { scopes: ['view', 'voice'] });
  const picture = waiting(receiver);
  const alone = await picture();

  // Joined in mid-session.
  await more();
  const ask = await provider.next('ask'), consent = Date.now();
  assert.equal(ask.request, agent.asked, 'the person was asked by a forged message');
  assert.deepEqual([device.started().includes('oriel-voice'), sound.listeners(), power(sound.played(sound.from))], [false, 0, 0], 'a microphone or a sound before the consent');
  provider.send({ t: 'shown', request: ask.request });
  provider.decide(ask, true);
  const state = await provider.next(({ t, microphone, speaker }) => t === 'voice' && microphone && speaker, 15000);
  console.log(`consent to microphone and speaker: ${Date.now() - consent} ms`);
  assert.deepEqual([state.on, state.muted, state.why], [true, false, '']);
  await until('the page to be told', () => receiver.page.evaluate(() => window.rig.heard.some(({ t, on, microphone }) => t === 'voice' && on && microphone)));

  const out = async () => {
    await ear.listen();
    const spoken = await sound.say(seven);
    await provider.next(({ t, talking }) => t === 'voice' && talking > 30);
    await sleep(length + 500);
    const { from, samples } = await ear.heard(), there = await compare(seven.samples, samples);
    return { ...there, delay: there.delay + from - spoken };
  };
  const back = async () => {
    const from = await ear.say(readFileSync(belt.raw));
    await provider.next(({ t, hearing }) => t === 'voice' && hearing > 30);
    return compare(belt.samples, await said(from));
  };
  await clearly('device to agent', out);
  await clearly('agent to device', back);

  // The picture is shown when it comes, however long voice waits (lip-sync would have it wait as long).
  const beside = await picture(), spoken = (await ear.stats())['inbound-rtp'];
  const voiceWaits = spoken.jitterBufferDelay / spoken.jitterBufferEmittedCount * 1000;
  console.log(`pictures waited ${alone.waited.toFixed(1)} ms alone, ${beside.waited.toFixed(1)} beside voice (${beside.pictures} of them; wanted ${alone.wanted.toFixed(1)}, ${beside.wanted.toFixed(1)}); voice ${voiceWaits.toFixed(0)}`);
  assert.ok(beside.pictures > 5 && beside.wanted < voiceWaits / 2, 'the picture waits for the voice');

  // One of twenty is lost, both ways: what the next packet has of the lost one is used, in the browser and here.
  if (topology) {
    const before = (await ear.stats())['inbound-rtp'];
    await topology.links.device.set({ both: { loss: 0.05 } });
    const patience = { least: 0.6, repeats: 6 }; // a busy machine on top of it
    await clearly('device to agent, 5 % lost', out, patience);
    await clearly('agent to device, 5 % lost', back, patience);
    // How much is repaired follows from what was lost, as the browser reports it.
    for (let left = 5; left && !((await ear.stats())['inbound-rtp'].fecPacketsReceived > before.fecPacketsReceived); left--) await out();
    const { 'inbound-rtp': after, 'remote-inbound-rtp': told } = await ear.stats();
    console.log(`${after.packetsLost - before.packetsLost} lost of ${after.packetsReceived - before.packetsReceived}, ${after.fecPacketsReceived - before.fecPacketsReceived} repairs came; the page was told of ${told?.packetsLost} lost`);
    assert.ok(after.packetsLost > before.packetsLost, 'nothing was lost');
    assert.ok(after.fecPacketsReceived > before.fecPacketsReceived, 'the device sends nothing that repairs');
    await until('the page to be told of its losses', async () => (await ear.stats())['remote-inbound-rtp']?.packetsLost > 0);
    await topology.links.device.reset();
  }

  // Muted, nothing leaves.
  provider.send({ t: 'mute', session: agent.session, muted: true });
  await provider.next(({ t, muted }) => t === 'voice' && muted);
  let before;
  await until('the last of it to come', async () => { const last = before; before = (await ear.stats())['inbound-rtp'].packetsReceived; return before === last; }, { every: 400 });
  await sound.say(seven);
  await sleep(1000);
  assert.equal((await ear.stats())['inbound-rtp'].packetsReceived, before, 'the microphone was muted, and sound left');
  provider.stopSession();
  await agent.ended();
  await until('the microphone to be let go', () => !device.helper('oriel-voice'));
});

// A sentence without end, with a pause before it begins anew: {wav, period (ms)}
function repeated({ wav, samples }) {
  const bytes = readFileSync(wav), rate = bytes.readUInt32LE(24), pause = Buffer.alloc(rate); // half a second of 16 bits
  const at = bytes.indexOf('data'), sound = Buffer.concat([bytes.subarray(at + 8), pause]), head = Buffer.from(bytes.subarray(0, at + 8));
  head.writeUInt32LE(sound.length, at + 4);
  head.writeUInt32LE(head.length + sound.length - 8, 4);
  writeFileSync(wav, Buffer.concat([head, sound]));
  return { wav, period: samples.length / RATE * 1000 + 500 };
}

story('voice: the console\'s microphone is heard at the device; muted, and with the key up, nothing is', async ({ rig }) => {
  const sound = rig.own(await Sound.start(rig.path('sound'))), broker = await rig.broker({ console: { scopes: 'view,voice' } }), screen = await rig.screen();
  const belt = speak(rig.directory, 'belt', 'Please open the guard and look at the belt.', 'en+f3'), { wav, period } = repeated(belt);
  const device = await rig.device({ broker, screen, trust: TRUST, config: { session: { scopes: 'view;voice' }, voice: sound.config } });
  const panel = await rig.panel(device, screen);
  await device.online();
  const console = await rig.console(broker, { args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-audio-capture=${wav}`, '--autoplay-policy=no-user-gesture-required'] });
  const { page } = console;
  const talking = (yes) => page.waitForSelector(`[data-testid="voice"][data-talking="${yes}"][data-state=""]`);
  await console.choose(device.id);
  await page.click('[data-testid="scope"][data-scope="voice"]');
  await console.request();
  await panel.event('allow-live');
  await panel.click(screen, 'allow');
  await console.state('live');
  await talking(true);
  await clearly('the console to the device', async () => {
    const from = Date.now();
    await sleep(2 * period);
    return compare(belt.samples, sound.played(from));
  });
  await page.waitForFunction(() => document.querySelector('[data-testid="own-level"]').value > 30);
  await panel.place('talks'); // the panel says so
  await console.shot(join(rig.directory, 'console-voice.png'));
  await screen.shot(join(rig.directory, 'panel-voice.png'));

  // What was on its way is played out; then there is nothing but silence, for longer than the pause.
  const silent = async (why) => {
    await talking(false);
    let loud;
    await until(() => `silence ${why}; there was ${loud}`, async () => {
      const from = Date.now();
      await sleep(1000);
      return (loud = power(sound.played(from))) < 1e-9;
    });
  };
  await console.find('mute').click();
  await silent('while it is muted');
  await until('the panel to say that nobody talks', () => !panel.places.has('talks'));
  await console.find('push-to-talk').click();
  await console.find('mute').click();
  await silent('while the key is up');
  await console.shot(join(rig.directory, 'console-voice-quiet.png'));
  const from = Date.now();
  await page.keyboard.down('t');
  await talking(true);
  await until('to be heard while the key is held', () => power(sound.played(from)) > 1e-4);
  await page.keyboard.up('t');
  await silent('when the key was let go');
});
