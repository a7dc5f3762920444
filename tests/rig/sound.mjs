// Sound without a sound card: a private PulseAudio, or PipeWire, whose microphone and speaker are the FIFOs of rig-room, which is the
// room that the device stands in. And sentences for it, spoken by espeak-ng.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program } from './paths.mjs';
import { Process, tidy, until } from './process.mjs';

export const RATE = 48000;

// Mono samples, -1 to 1, of a .wav of 16 bits, at RATE.
export function readWav(file) {
  const bytes = readFileSync(file), rate = bytes.readUInt32LE(24);
  let at = 12;
  while (bytes.toString('latin1', at, at + 4) !== 'data') at += 8 + bytes.readUInt32LE(at + 4);
  const count = Math.min(bytes.readUInt32LE(at + 4), bytes.length - at - 8) >> 1;
  const sample = (i) => (i < count ? bytes.readInt16LE(at + 8 + 2 * i) / 32768 : 0);
  return Float32Array.from({ length: Math.floor(count * RATE / rate) }, (_, i) => {
    const place = i * rate / RATE, whole = Math.floor(place), part = place - whole;
    return sample(whole) * (1 - part) + sample(whole + 1) * part;
  });
}

export function readRaw(file, from = 0) {
  const bytes = readFileSync(file), first = Math.max(0, from); // a card's idea of when it began may be some ms late
  const samples = new Float32Array(Math.max(0, (bytes.length >> 1) - first));
  for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(2 * (first + i)) / 32768; // not from(): it takes 20 times as long
  return samples;
}

export function rawOf(samples) {
  const bytes = Buffer.alloc(2 * samples.length);
  samples.forEach((sample, i) => bytes.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(sample * 32767))), 2 * i));
  return bytes;
}

// A sentence -> {samples, raw (a file), wav}.
export function speak(directory, name, text, voice = 'en') {
  const wav = join(directory, `${name}.wav`), raw = join(directory, `${name}.raw`);
  execFileSync('espeak-ng', ['-v', voice, '-s', '150', '-a', '120', '-w', wav, text]);
  const samples = readWav(wav);
  writeFileSync(raw, rawOf(samples));
  return { samples, raw, wav };
}

export class Sound {
  // Options: card (false: a sound server without any), pipewire (true: PipeWire with its session manager, which speaks both protocols).
  static async start(directory, { card = true, pipewire = false } = {}) {
    const sound = new Sound();
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    Object.assign(sound, { directory, card, pipewire, servers: [], home: join(directory, 'home'), microphone: join(directory, 'microphone.fifo'), speaker: join(directory, 'speaker.fifo') });
    sound.runtime = join(directory, 'run');
    sound.socket = pipewire ? join(sound.runtime, 'pulse', 'native') : join(directory, 'server', 'native');
    for (const folder of ['server', 'home', 'run']) mkdirSync(join(directory, folder), { mode: 0o700 });
    if (card) {
      execFileSync('mkfifo', [sound.speaker]);
      sound.room = new Process('room', program('tests/rig/rig-room'), [sound.microphone, sound.speaker, directory], { stdin: true, log: join(directory, 'room.log') });
      sound.from = Number((await sound.room.line(/^from /)).text.split(' ')[1]) / 1000;
    }
    await sound.plug();
    return sound;
  }

  // Of PipeWire: the socket of its own protocol.
  get native() { return join(this.runtime, 'pipewire-0'); }

  // The oriel.conf of a device that stands in this room.
  get config() {
    return { backend: 'pulse', server: this.socket, microphone: 'microphone', speaker: 'speaker' };
  }

  // The server's modules that are a microphone and a speaker.
  #half(name) {
    const spec = ['format=s32le', `rate=${RATE}`, 'channels=2']; // as room.c has it
    return name === 'microphone' ? ['module-pipe-source', 'source_name=microphone', `file=${this.microphone}`, ...spec]
      : ['module-pipe-sink', 'sink_name=speaker', `file=${this.speaker}`, ...spec, ...(this.pipewire ? [] : ['use_system_clock_for_timing=yes'])];
  }

  #serve(name, args, wait) {
    const env = { ...tidy, HOME: this.home, XDG_RUNTIME_DIR: this.pipewire ? this.runtime : this.home, XDG_CONFIG_HOME: this.home, XDG_STATE_HOME: this.home, DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(this.runtime, 'bus')}`, DISPLAY: undefined };
    this.servers.push(new Process(name, name, args, { log: join(this.directory, `${name}.log`), env }));
    return until(() => `${name}; it said ${this.servers.at(-1).tail()}`, wait, { ms: 30000 });
  }

  // The server comes, or comes back.
  async plug() {
    const answers = () => this.list('short', 'sinks') !== null;
    if (!this.pipewire) {
      const card = this.card ? ['microphone', 'speaker'].map((name) => this.#half(name)).map(([name, ...args]) => `--load=${name} ${args.join(' ')}`) : [];
      return this.#serve('pulseaudio', ['-n', '--daemonize=no', '--exit-idle-time=-1', '--disallow-exit', '--use-pid-file=no', '--log-target=stderr', '--realtime=no', '--high-priority=no', '--enable-memfd=yes',
        ...card, `--load=module-native-protocol-unix socket=${this.socket} auth-anonymous=1`], answers);
    }
    await this.#serve('dbus-daemon', ['--session', '--nofork', '--nopidfile', `--address=unix:path=${join(this.runtime, 'bus')}`], () => existsSync(join(this.runtime, 'bus')));
    await this.#serve('pipewire', [], () => existsSync(join(this.runtime, 'pipewire-0')));
    await this.#serve('wireplumber', [], () => true);
    await this.#serve('pipewire-pulse', [], answers);
    for (const name of this.card ? ['microphone', 'speaker'] : []) this.plugHalf(name);
    if (this.card) await until('the session manager to know the card', () => /speaker\n[^]*microphone\n/.test(this.#ask('get-default-sink') + this.#ask('get-default-source')));
  }

  // As if the card was pulled out.
  async unplug() {
    for (const server of this.servers.splice(0).reverse()) await server.stop();
  }

  // As if `microphone` or `speaker` alone was.
  unplugHalf(name) { this.#ask('unload-module', this.#half(name)[0]); }
  plugHalf(name) { this.#ask('load-module', ...this.#half(name)); }

  get server() { return this.servers.at(-1); }

  #ask(...what) {
    return execFileSync('pactl', [`--server=unix:${this.socket}`, ...what], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  list(...what) {
    try {
      return this.#ask('list', ...what);
    } catch {
      return null;
    }
  }

  // Who listens to the microphone.
  listeners() {
    return (this.list('short', 'source-outputs') ?? '').split('\n').filter(Boolean).length;
  }

  // Somebody in the room says it. -> when, ms since 1970
  async say({ raw }) {
    const from = this.room.lines.length;
    this.room.write(`say ${raw}`);
    return Number((await this.room.line(/^saying /, { from })).text.split(' ')[1]) / 1000;
  }

  echo(permille) {
    this.room.write(`echo ${permille}`);
  }

  // What the speaker played and the microphone heard since a time (ms since 1970).
  played(since) { return readRaw(join(this.directory, 'played.raw'), Math.max(0, Math.floor((since - this.from) * RATE / 1000))); }
  heard(since) { return readRaw(join(this.directory, 'heard.raw'), Math.max(0, Math.floor((since - this.from) * RATE / 1000))); }

  async stop() {
    await this.unplug();
    await this.room?.stop();
    for (const fifo of [this.microphone, this.speaker]) rmSync(fifo, { force: true }); // logs are copied without them
    return {};
  }
}
