// The sound card as oriel-voice uses it. By ALSA and by PipeWire's own protocol, too. And in a room with an echo: the agent does not hear itself, whatever lies between speaker and
// microphone, and who talks at the same time is heard.
//
// PulseAudio and the card are processes that a busy machine stops for as long as it likes, and then the echo is somewhere else until it
// is found again: so a sentence may be said again, a few times. Without a canceller none of them would pass.
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

// Until it is good: a few times. Gives back what it was in the end.
async function until(good, attempt) {
  let result;
  for (let i = 0; i < 6 && !good(result = await attempt()); i++);
  return result;
}

// ALSA without hardware: two of its devices are the room, by its plugin for PulseAudio. What oriel-voice does with a card is the same.
story('a sound card by PipeWire, and by ALSA, carries sound both ways', async ({ rig }) => {
  const sound = rig.own(await Sound.start(rig.path('sound'), { pipewire: true })), file = rig.path('asound.conf');
  writeFileSync(file, `</usr/share/alsa/alsa.conf>\n${['microphone', 'speaker'].map((name) => `pcm.room_${name} { type pulse\n server "unix:${sound.socket}"\n device "${name}" }\n`).join('')}`);
  const agent = speak(rig.directory, 'button', 'Push the green button twice.', 'en+f3'), person = speak(rig.directory, 'seven', 'The capper jams since seven.');
  const length = Math.max(agent.samples.length, person.samples.length) / RATE * 1000 + 500;
  const cards = {
    PipeWire: { least: 0.5, server: sound.native, microphone: 'microphone', speaker: 'speaker', backend: 'pipewire' }, // its 0.3.65 plays with gaps
    ALSA: { least: 0.75, server: '', microphone: 'room_microphone', speaker: 'room_speaker', backend: 'alsa', env: { ALSA_CONFIG_PATH: file } },
  };
  for (const [name, { least, ...how }] of Object.entries(cards)) {
    const { card, left, ready } = await open(rig, how);
    const clear = await until((both) => Math.min(...both) > least, async () => {
      const from = card.lines.length;
      card.write(`play ${agent.raw}`);
      const at = stamp(await card.line(/^playing/, { from })), said = await sound.say(person);
      await sleep(length);
      const both = [compare(agent.samples, sound.played(at)).clear, compare(person.samples, readRaw(left, Math.round((said - ready) * RATE / 1000))).clear];
      console.log(`${name}: speaker ${both[0].toFixed(2)} clear, microphone ${both[1].toFixed(2)}`);
      return both;
    });
    assert.ok(Math.min(...clear) > least, `${name}: it can't be understood: ${clear}`);
    await card.stop();
  }
});

story('echo: 25 dB weaker in the real path of sound; who talks meanwhile is heard', async ({ rig }) => {
  const sound = rig.own(await Sound.start(rig.path('sound'))), { card, left, ready } = await open(rig, { server: sound.socket, microphone: 'microphone', speaker: 'speaker' });
  const agent = speak(rig.directory, 'button', 'Then push the green button twice and tell me what it says.', 'en+f3'), person = speak(rig.directory, 'seven', 'The capper of line two jams since seven.');
  const ms = agent.samples.length / RATE * 1000;
  sound.echo(400);
  // What the agent says, and what came of it.
  const play = async (meanwhile) => {
    const from = card.lines.length;
    card.write(`play ${agent.raw}`);
    const at = stamp(await card.line(/^playing/, { from }));
    await meanwhile?.();
    await sleep(ms + 300);
    const cut = (samples) => samples.subarray(0, Math.round((ms + 200) * RATE / 1000));
    return { stumbled: card.lines.slice(from).some(({ text }) => text.startsWith('stumbled')), heard: cut(sound.heard(at)), left: cut(readRaw(left, Math.round((at - ready) * RATE / 1000))) };
  };
  await play(); // it learns
  const weaker = await until((result) => result >= 25, async () => {
    const { heard, left: rest, stumbled } = await play(), result = decibels(power(heard) / power(rest));
    console.log(`echo ${decibels(power(heard)).toFixed(1)} dB, ${result.toFixed(1)} weaker${stumbled ? '; the machine stumbled' : ''}`);
    assert.ok(power(heard) > 1e-4, 'the room has no echo');
    return result;
  });
  assert.ok(weaker >= 25, `the echo is only ${weaker.toFixed(1)} dB weaker`);
  const clear = await until((result) => result > 0.6, async () => {
    const both = await play(() => sound.say(person)), result = compare(person.samples, both.left).clear;
    console.log(`both at once: the person is ${result.toFixed(2)} clear${both.stumbled ? '; the machine stumbled' : ''}`);
    return result;
  });
  assert.ok(clear > 0.6, `the person can't be understood while the agent talks: ${clear}`);
});
