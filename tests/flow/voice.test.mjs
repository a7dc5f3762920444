// Who holds the microphone, and when: nobody before a person agreed, one process while it is granted, nobody after. And what the
// demo panel says of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Accessible } from '../rig/accessible.mjs';
import { Panel } from '../rig/panel.mjs';
import { build } from '../rig/paths.mjs';
import { Peer } from '../rig/peer.mjs';
import { alive, until } from '../rig/process.mjs';
import { Sound, speak } from '../rig/sound.mjs';
import { story } from '../rig/story.mjs';

const SCOPES = ['view', 'voice'];
const TALKATIVE = (config, env = {}) => ({ agent: { scopes: 'view,voice' }, device: { env, trust: { 'fill-cap': { label: 'Fill & Cap GmbH', scopes: SCOPES, seconds: 3600 } }, config: { session: { scopes: 'view;voice' }, voice: config } } });

async function granted(rig, { agent, provider }, scopes = SCOPES) {
  const peer = rig.own(await Peer.start());
  await peer.watchDevice(agent, () => provider.allow(), { scopes });
  peer.ping();
  const { session } = await provider.next('session starting');
  return { session, peer };
}

// More of the session that lives, with a prompt of its own.
async function more({ agent, provider, peer: { fingerprint } }, scopes, allow = true) {
  await agent.hello();
  agent.asked = await agent.send({ ...agent.requestMessage({ fingerprint, scopes }), session: agent.session }, { to: agent.exchange });
  const ask = await provider.next('ask');
  assert.deepEqual([ask.kind, ask.scopes], ['more', scopes]);
  provider.send({ t: 'shown', request: ask.request });
  provider.decide(ask, allow);
}

const voiceIs = (provider, what) => provider.next((packet) => packet.t === 'voice' && Object.entries(what).every(([name, value]) => (value instanceof RegExp ? value.test(packet[name]) : packet[name] === value)), 15000, JSON.stringify(what));

story('voice: the microphone has a process exactly while it is granted', async ({ rig }) => {
  const sound = rig.own(await Sound.start(rig.path('sound')));
  const cast = await rig.cast(TALKATIVE(sound.config)), { device, provider, agent } = cast;
  const nobody = async (when) => { await until(`nobody to listen ${when}`, () => !device.helper('oriel-voice') && sound.listeners() === 0); };
  await nobody('before anybody asked');
  const { session, peer } = await granted(rig, cast, ['view']);
  await until('capture', () => device.helper('oriel-capture'));
  assert.equal(device.started().filter((name) => name === 'oriel-voice').length, 0, 'view alone started a microphone');
  await nobody('with view alone');

  await more({ ...cast, peer }, ['voice'], false);
  await agent.next('denial');
  await nobody('after a no');
  await more({ ...cast, peer }, ['voice']);
  const ready = await voiceIs(provider, { on: true, microphone: true, speaker: true });
  assert.deepEqual([ready.session, ready.muted, ready.why], [session, false, '']);
  const helper = device.helper('oriel-voice');
  assert.ok(helper, 'voice is granted and has no process');
  await until('the sound server to have one listener', () => sound.listeners() === 1);
  // Nothing but its channels and the server's socket; no network, no file of the machine.
  const files = readdirSync(`/proc/${helper.pid}/fd`).map((fd) => { try { return readlinkSync(`/proc/${helper.pid}/fd/${fd}`); } catch { return ''; } }).filter(Boolean); // closed meanwhile
  assert.ok(files.length && files.every((file) => /^socket:|^pipe:|^anon_inode:|^\/memfd:pulseaudio|^\/dev\/null$|orield\.log$/.test(file)), files.join(' '));
  assert.deepEqual(readFileSync(`/proc/${helper.pid}/net/dev`, 'utf8').match(/^ *(\w+):/gm).map((name) => name.trim()), ['lo:']);
  assert.equal(/^Seccomp:\t(\d)/m.exec(readFileSync(`/proc/${helper.pid}/status`, 'utf8'))[1], '2');

  provider.send({ t: 'mute', session, muted: true });
  assert.equal((await voiceIs(provider, { muted: true })).microphone, true);
  provider.send({ t: 'remove', session, scope: 'voice' });
  await until('the microphone to be let go', () => !alive(helper.pid));
  await nobody('after it was taken away');
  assert.ok(device.helper('oriel-capture'), 'the picture went with the voice');

  // Nobody sees who listens: nobody listens.
  await more({ ...cast, peer }, ['voice']);
  await voiceIs(provider, { on: true, microphone: true });
  provider.indicator = false;
  await provider.next('session paused');
  await nobody('while the indicator is not seen');
  provider.indicator = true;
  await voiceIs(provider, { on: true, microphone: true });
  provider.stopSession();
  await agent.ended();
  await nobody('after the session');
  await until('nothing to be left', () => device.picture().length === 0);
});

// What `oriel doctor` says of sound: {verdict, text, remedy}.
function doctor(device, { runtime }) {
  return JSON.parse(execFileSync(join(build, 'oriel'), ['--config', device.file, '--json', 'doctor'], { encoding: 'utf8', env: { ...process.env, XDG_RUNTIME_DIR: runtime } })).find(({ check }) => check === 'sound');
}

// PipeWire, found by itself, as PulseAudio's protocol, which it speaks.
story('voice: no sound card, one that comes, one that is pulled out; microphone and speaker each by itself', async ({ rig }) => {
  const sound = rig.own(await Sound.start(rig.path('sound'), { pipewire: true }));
  const seven = speak(rig.directory, 'seven', 'The capper of line two jams since seven.');
  await sound.unplug();
  const cast = await rig.cast(TALKATIVE({ backend: 'auto', 'push-to-talk': 'yes' }, { XDG_RUNTIME_DIR: sound.runtime })), { device, provider, agent } = cast;
  await granted(rig, cast);
  const without = await voiceIs(provider, { on: true, microphone: false, why: /no sound|not there|refused|Connection/i });
  console.log(`without a card: ${without.why}`);
  assert.equal(without.muted, true, 'push-to-talk starts with an open microphone');
  assert.deepEqual(doctor(device, sound).verdict, 'weak');
  await sound.plug();
  await voiceIs(provider, { microphone: true, speaker: true, why: '' });
  assert.deepEqual(doctor(device, sound).verdict, 'good');
  assert.match(doctor(device, sound).text, /PulseAudio's protocol: .*native is there/);
  // Another session. Pushed, what the microphone hears is shown.
  provider.stopSession();
  await agent.ended();
  await agent.whenState((state) => state.status === 'ready'); // until then it would be busy
  const { session } = await granted(rig, cast);
  await voiceIs(provider, { microphone: true, speaker: true, muted: true });
  provider.send({ t: 'mute', session, muted: false });
  await voiceIs(provider, { muted: false });
  // One half goes, the other works on; it comes back, and is used again.
  for (const [gone, stays] of [['microphone', 'speaker'], ['speaker', 'microphone']]) {
    sound.unplugHalf(gone);
    console.log(`pulled out: ${(await voiceIs(provider, { [gone]: false, [stays]: true, why: new RegExp(`no ${gone}`) })).why}`);
    sound.plugHalf(gone);
    await voiceIs(provider, { microphone: true, speaker: true, why: '', muted: false });
  }
  await sound.say(seven);
  await provider.next(({ t, talking }) => t === 'voice' && talking > 30);
  await sound.unplug();
  console.log(`without a server: ${(await voiceIs(provider, { microphone: false, speaker: false, why: /./ })).why}`);
  assert.ok(device.helper('oriel-capture') && device.helper('oriel-media'), 'the session suffered');
  provider.stopSession();
  assert.equal((await agent.ended()).reason, 'stopped');
  await until('nothing to be left', () => device.picture().length === 0);
});

// The smallest panel in German, and a company with a long name: nothing of it is cramped, cut off or moves under a finger.
story('voice: the panel says what is on, to a screen reader, too; muted by its button; without a sound card', async ({ rig }) => {
  const sound = rig.own(await Sound.start(rig.path('sound'))), accessible = await Accessible.start(rig);
  const cast = TALKATIVE(sound.config);
  cast.device.trust['fill-cap'].label = 'Abfüll- und Verschließtechnik Niederösterreich GmbH';
  const { device, agent } = await rig.cast({ ...cast, provider: null });
  const screen = await rig.screen({ width: 800, height: 480 });
  const panel = rig.own(await Panel.start({ socket: device.consent, log: rig.path('panel.log'), args: ['--language', 'de'], env: { ...screen.env, ...accessible.env } }));
  const tells = (what) => until(() => `${what} from the panel`, () => what.test(accessible.tree('oriel-panel')), { every: 200, ms: 20000 });
  await agent.whenState((state) => state.consent);
  const peer = rig.own(await Peer.start());
  await peer.watchDevice(agent, async () => { await panel.event('allow-live'); await panel.click(screen, 'allow'); }, { scopes: SCOPES });
  peer.ping();
  await until('voice to be on', () => panel.events.some(({ text }) => text === 'voice on'));
  const stop = await panel.place('stop');
  await tells(/label \| hört Sie /);
  for (const words of [/push button \| Beenden .*sensitive/, /push button \| Stumm .*sensitive/, /Lautstärke: Sie /, /Lautstärke: Anna Weber /, /push button \| Wegnehmen: Hören und sprechen /]) await tells(words);
  await panel.click(screen, 'mute');
  await panel.event('voice muted');
  await tells(/label \| Mikrofon stumm /);
  await tells(/push button \| Sprechen .*sensitive/);
  await sound.unplug();
  await panel.event('voice without a microphone');
  await tells(/label \| kein Ton: hier ist keine Soundkarte /);
  await tells(/push button \| Kein Mikrofon /);
  assert.deepEqual(await panel.place('stop'), stop, 'Stop has moved');
  for (const name of ['facts', 'hears', 'mute', 'remove-voice', 'chat-open', 'stop']) {
    const { x, y, width, height } = await panel.place(name);
    assert.ok(x >= 0 && y >= 0 && x + width <= 800 && y + height <= 480, `${name} is not on the screen: ${x},${y} ${width}x${height}`);
  }
  const mute = await panel.place('mute'), remove = await panel.place('remove-voice');
  assert.ok(mute.x + mute.width <= remove.x, 'to mute and to take away lie on each other');
  assert.ok(device.helper('oriel-capture'), 'the picture suffered');
  await panel.click(screen, 'stop');
  assert.equal((await agent.ended()).reason, 'stopped');
  await until('no words without a session', () => !panel.places.has('facts'));
});
