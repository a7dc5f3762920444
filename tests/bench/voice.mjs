// `./run bench voice`: two-way voice between a room without a sound card (a PulseAudio whose card is rig-room: 20 ms of buffer
// to the speaker, 10 ms from the microphone) and a page in Chromium, on one machine. It is no test.
//
// Mouth to ear: from the moment in which a sample is said (in the room; in the page when Web Audio gives it to the track) to the
// one in which it is heard (by a worklet in the page; at the room's speaker), by correlation, for each second of speech.
// Processor time: oriel-voice, PulseAudio apart from it, and what oriel-media needs more than with the voice muted and still.
import { readFileSync, readdirSync } from 'node:fs';
import { compare } from '../rig/alike.mjs';
import { call } from '../rig/call.mjs';
import { sleep } from '../rig/process.mjs';
import { RATE, speak } from '../rig/sound.mjs';
import { Rig } from '../rig/story.mjs';
import { quantile } from './stats.mjs';

const SENTENCES = Number(process.env.ORIEL_BENCH_SENTENCES ?? 4), WINDOW = 1; // s
const TEXTS = ['The capper of line two jams since seven, and the alarm is on.', 'Please open the guard and look whether the belt has come off its wheel.'];
const spent = (pid) => readdirSync(`/proc/${pid}/task`).reduce((all, thread) => all + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6, 0);

// Each second of what was said by itself: a list of {delay, clear}.
function pieces(said, heard, from) {
  const found = [];
  for (let at = 0; at + WINDOW * RATE <= said.length; at += WINDOW * RATE) {
    const one = compare(said.subarray(at, at + WINDOW * RATE), heard.subarray(at, at + (WINDOW + 1.5) * RATE));
    if (one.alike > 0.4) found.push(one.delay + from);
  }
  return found;
}

const rig = new Rig();
const { sound, ear, device, provider, ready } = await call(rig);
const [person, agent] = TEXTS.map((text, i) => speak(rig.directory, `text${i}`, text, i ? 'en+f3' : 'en'));
const length = Math.max(person.samples.length, agent.samples.length) / RATE * 1000;
const delays = { in: [], out: [] }, clear = { in: [], out: [] };
for (let i = 0; i <= SENTENCES; i++) {
  await ear.listen();
  const said = await sound.say(person);
  await sleep(length + 700);
  const { from, samples } = await ear.heard(), one = pieces(person.samples, samples.subarray(Math.max(0, Math.round((said - from) * RATE / 1000))), 0);
  const whole = compare(person.samples, samples);
  const spoken = await ear.say(readFileSync(agent.raw));
  await sleep(length + 700);
  const played = sound.played(spoken), other = compare(agent.samples, played);
  if (!i) continue; // buffers find their size
  delays.out.push(...one);
  clear.out.push(whole.clear);
  delays.in.push(...pieces(agent.samples, played, 0));
  clear.in.push(other.clear);
}
const line = (name, list, words) => console.log(`  ${name.padEnd(22)} p50 ${quantile(list, 0.5).toFixed(0)} ms, p95 ${quantile(list, 0.95).toFixed(0)} ms, of ${list.length} s; intelligible ${Math.min(...words).toFixed(2)} at worst, ${quantile(words, 0.5).toFixed(2)} median`);
const stats = await ear.stats(), inbound = stats['inbound-rtp'];

console.log(`voice, a room and a page on one machine; from consent to microphone and speaker ${ready} ms`);
line('device to agent', delays.out, clear.out);
line('agent to device', delays.in, clear.in);
console.log(`  in Chromium's jitter buffer ${(inbound.jitterBufferDelay / inbound.jitterBufferEmittedCount * 1000).toFixed(0)} ms (it wants ${(inbound.jitterBufferTargetDelay / inbound.jitterBufferEmittedCount * 1000).toFixed(0)})`);

// Both talk without a pause; then nobody, muted.
const processes = { voice: device.helper('oriel-voice').pid, media: device.helper('oriel-media').pid, pulse: sound.server.pid };
const cpu = async (ms) => {
  const before = Object.values(processes).map(spent), begun = Date.now();
  await sleep(ms);
  return Object.fromEntries(Object.keys(processes).map((name, i) => [name, (spent(processes[name]) - before[i]) / (Date.now() - begun) * 100]));
};
const talk = [sound.say(person), ear.say(readFileSync(agent.raw))];
await Promise.all(talk);
const busy = await cpu(length - 300);
provider.send({ t: 'mute', session: provider.session, muted: true });
await sleep(500);
const still = await cpu(4000);
console.log(`  CPU, % of a core, both talking / nobody: oriel-voice ${busy.voice.toFixed(1)} / ${still.voice.toFixed(1)}, oriel-media with a still picture ${busy.media.toFixed(1)} / ${still.media.toFixed(1)}, PulseAudio ${busy.pulse.toFixed(1)} / ${still.pulse.toFixed(1)}`);
await rig.close();
process.exit(0);
