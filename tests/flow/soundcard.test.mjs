// The sound card as oriel-voice uses it. By ALSA, too. And in a room with an echo: the agent does not hear itself, whatever lies between speaker and
// microphone, and who talks at the same time is heard.
//
// PulseAudio and the card are processes that a busy machine stops for as long as it likes, and then the echo is somewhere else until it
// is found again. So a sentence counts only when nothing stumbled during it, which the room and the card's own clock tell,
// not the result; and each that counts must be good.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { compare, decibels, power } from '../rig/alike.mjs';
import { program } from '../rig/paths.mjs';
import { Process, sleep, tidy } from '../rig/process.mjs';
import { RATE, Sound, readRaw, speak } from '../rig/sound.mjs';
import { story } from '../rig/story.mjs';

const stamp = ({ text }) => Number(text.split(' ')[1]) / 1000;

// -> {card, ready (ms since 1970), left (a file)}
async function open(rig, { server, microphone, speaker, backend = 'pulse', env = {} }) {
  const left = rig.path('left.raw');
  const card = rig.own(new Process('rig-card', program('tests/rig/rig-card'), [server, microphone, speaker, left, backend], { stdin: true, log: rig.path('card.log'), env: { ...tidy, ...env } }));
  return { card, left, ready: stamp(await card.line(/^ready/, { ms: 15000 })) };
}

// ALSA without hardware: two of its devices are the room, by its plugin for PulseAudio. What oriel-voice does with a card is the same.
story('a sound card by ALSA carries sound both ways', async ({ rig }) => {
  const sound = rig.own(await Sound.start(rig.path('sound'))), file = rig.path('asound.conf');
  writeFileSync(file, `</usr/share/alsa/alsa.conf>\n${['microphone', 'speaker'].map((name) => `pcm.room_${name} { type pulse\n server "unix:${sound.socket}"\n device "${name}" }\n`).join('')}`);
  const { card, left, ready } = await open(rig, { server: '', microphone: 'room_microphone', speaker: 'room_speaker', backend: 'alsa', env: { ALSA_CONFIG_PATH: file } });
  const agent = speak(rig.directory, 'button', 'Push the green button twice.', 'en+f3'), person = speak(rig.directory, 'seven', 'The capper jams since seven.');
  const length = Math.max(agent.samples.length, person.samples.length) / RATE * 1000 + 600;
  let clear = [0, 0];
  for (let attempt = 0; attempt < 4 && Math.min(...clear) < 0.75; attempt++) { // a busy machine may stumble over one
    const from = card.lines.length;
    card.write(`play ${agent.raw}`);
    const at = stamp(await card.line(/^playing/, { from }));
    await sleep(length);
    const said = await sound.say(person);
    await sleep(length);
    clear = [compare(agent.samples, sound.played(at)).clear, compare(person.samples, readRaw(left, Math.round((said - ready) * RATE / 1000))).clear];
    console.log(`ALSA: speaker ${clear[0].toFixed(2)} clear, microphone ${clear[1].toFixed(2)}`);
  }
  assert.ok(Math.min(...clear) >= 0.75, `it can't be understood: ${clear}`);
});

story('echo: 25 dB weaker in the real path of sound; who talks meanwhile is heard', async ({ rig }) => {
  const sound = rig.own(await Sound.start(rig.path('sound'))), { card, left, ready } = await open(rig, { server: sound.socket, microphone: 'microphone', speaker: 'speaker' });
  const agent = [speak(rig.directory, 'belt', 'Please open the guard and look whether the belt has come off its wheel.', 'en+f3'), speak(rig.directory, 'button', 'Then push the green button twice and tell me what the display says now.', 'en+f3')];
  const person = speak(rig.directory, 'seven', 'The capper of line two jams since seven, and the alarm is on.');
  sound.echo(400);

  // What the agent says, and how that went: {at, calm, heard, left}
  const play = async (said, meanwhile) => {
    const from = card.lines.length, ms = said.samples.length / RATE * 1000;
    card.write(`play ${said.raw}`);
    const at = stamp(await card.line(/^playing/, { from })), spoken = await meanwhile?.();
    await sleep(ms + 300);
    const cut = (samples) => samples.subarray(0, Math.round((ms + 200) * RATE / 1000));
    const played = compare(said.samples, sound.played(at));
    const calm = played.alike > 0.97 && !card.lines.slice(from).some(({ text }) => text.startsWith('stumbled'));
    return { at, spoken, calm, played, heard: cut(sound.heard(at)), left: cut(readRaw(left, Math.round((at - ready) * RATE / 1000))) };
  };
  await play(agent[0]); // it learns
  const results = [];
  for (let attempt = 0; attempt < 6 && results.length < 2; attempt++) {
    const { calm, heard, left, played } = await play(agent[1]), weaker = decibels(power(heard) / power(left));
    console.log(`echo ${decibels(power(heard)).toFixed(1)} dB, ${weaker.toFixed(1)} weaker; ${calm ? '' : 'the machine stumbled; '}given to played ${Math.round(played.delay)} ms`);
    assert.ok(!calm || power(heard) > 1e-4, 'the room has no echo');
    if (calm) results.push(weaker);
  }
  assert.ok(results.every((weaker) => weaker >= 25), `the echo is only ${results.map((weaker) => weaker.toFixed(1))} dB weaker`);
  if (!results.length) console.log('the machine was never calm enough to judge');
  let both;
  for (let attempt = 0; attempt < 4 && !both?.calm; attempt++) both = await play(agent[0], () => sound.say(person));
  const { delay, clear } = compare(person.samples, both.left);
  console.log(`both at once: the person is heard ${Math.round(delay)} ms after the agent began, ${clear.toFixed(2)} clear`);
  assert.ok(!both.calm || clear > 0.6, `the person can't be understood while the agent talks: ${clear}`);
});
