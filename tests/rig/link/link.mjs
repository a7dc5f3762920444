// The emulated link (main.c) in a test's hands: a network as bad as the test wants it, between a machine of the topology and the
// router. `up` is what leaves that machine, `down` what comes to it.
//
// Settings of a direction, all of which may be left out (change.h, lane.h): rate (bit/s), delay, jitter (ms), queue (ms) or bytes (of the
// drop-tail queue), loss (0 … 1), burst ({share, length, harm}: Gilbert-Elliott), reorder (0 … 1) with late (ms), hold, cut.
import { readFileSync } from 'node:fs';
import { program } from '../paths.mjs';
import { Process, clock } from '../process.mjs';

const COUNTERS = ['inPackets', 'inBytes', 'wirePackets', 'wireBytes', 'outPackets', 'outBytes', 'dropped', 'lost', 'cut', 'reordered'];

// Settings as the words of a command. Pure.
export function words({ burst, ...settings }) {
  const plain = { ...settings, ...(burst ? { bad: burst.share, length: burst.length, harm: burst.harm ?? 1 } : burst === null ? { bad: 0 } : {}) };
  return Object.entries(plain).map(([key, value]) => `${key}=${Number(value)}`).join(' ');
}

// A line of the log: {at (ms of clock()), way, bytes (came in), sent, waited (ms), queued, dropped, lost, late}. Pure.
function step(line) {
  const [at, way, ...numbers] = line.split(' '), [bytes, sent, waited, queued, dropped, lost, late] = numbers.map(Number);
  return { at: Number(at), way, bytes, sent, waited, queued, dropped, lost, late };
}

export class Link {
  // ends: the two namespaces as {netns (a path), name (of the interface there)}; log: a file. `up` leaves the first.
  static async start({ ends: [first, second], log, seed = 1, up = {}, down = {} }) {
    const link = new Link();
    link.log = log;
    link.process = new Process('rig-link', program('tests/rig/rig-link'), [first.netns, first.name, second.netns, second.name, log, seed], { stdin: true });
    await link.process.line(/^ready$/);
    await link.set({ up, down });
    return link;
  }

  // Sends lines; each is answered by one, in order. Gives back the last answer.
  #command(text) {
    const asked = (this.last ?? Promise.resolve()).then(async () => {
      let from = this.process.lines.length, answer;
      this.process.write(text);
      for (let wanted = text.split('\n').length; wanted; wanted--) {
        answer = await this.process.line(/^(ok|counters|error)/, { from });
        from = this.process.lines.indexOf(answer) + 1;
        if (answer.text.startsWith('error')) throw new Error(`rig-link: ${answer.text.slice(6)}`);
      }
      return answer.text;
    });
    this.last = asked.catch(() => {});
    return asked;
  }

  #lines({ up, down, both }) {
    return Object.entries({ both, up, down }).filter(([, settings]) => settings).map(([way, settings]) => `${way} ${words(settings)}`);
  }

  // Changes what is named, at once: {up, down, both}, each with settings.
  set(change) {
    const lines = this.#lines(change);
    return lines.length ? this.#command(lines.join('\n')) : undefined;
  }

  // Changes at their times: [[ms from now, {up, down, both}] …].
  script(changes) {
    return this.#command(changes.flatMap(([at, change]) => this.#lines(change).map((line) => `at ${at} ${line}`)).join('\n'));
  }

  // A perfect cable again, and no script; then what is given.
  async reset(change = {}) {
    await this.#command('reset');
    await this.set(change);
  }

  cut() { return this.set({ both: { cut: true } }); }
  restore() { return this.set({ both: { cut: false, hold: false } }); }
  hold() { return this.set({ both: { hold: true } }); }

  // Since the start: {up: {inPackets, inBytes, wirePackets, wireBytes, outPackets, outBytes, dropped, lost, cut, reordered}, down, late (ms)}.
  // `late`: by how much the latest packet was given on later than it was due, because the machine was busy.
  async counters() {
    const numbers = (await this.#command('counters')).split(' ').slice(1).map(Number);
    const of = (at) => Object.fromEntries(COUNTERS.map((name, i) => [name, numbers[at + i]]));
    return { up: of(0), down: of(COUNTERS.length), late: numbers.at(-1) };
  }

  // The steps of one direction of 50 ms each in which anything was there, from one time of clock() to another.
  async history(way, from = 0, to = clock()) {
    await this.#command('log');
    return readFileSync(this.log, 'utf8').split('\n').filter(Boolean).map(step).filter((one) => one.way === way && one.at + 50 > from && one.at < to);
  }

  // The longest that a packet waited in the queue, ms.
  async waited(way, from, to) {
    return (await this.history(way, from, to)).reduce((most, { waited }) => Math.max(most, waited), 0);
  }

  stop() { return this.process.stop(); }
}
