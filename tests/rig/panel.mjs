// The demo panel (or the consent app) on a screen, and a finger: it tells on stdout where its buttons are, and clicks are
// real ones through the X server.
import { program } from './paths.mjs';
import { Process, clock, until } from './process.mjs';

export class Panel {
  // Options: socket (of the device), env (of the screen), args, log, app (the program), until (its first event).
  static async start({ socket, env, args = [], log, app = 'oriel-panel', until: first = 'connected' }) {
    const panel = new Panel();
    panel.places = new Map();
    panel.events = [];
    panel.process = new Process(app, program(app), ['--socket', socket, '--print-geometry', ...args], { env, log });
    panel.process.onLine = (line) => panel.#line(line);
    await panel.event(first);
    return panel;
  }

  #line(line) {
    const place = /^geometry (\S+) (?:(-?\d+) (-?\d+) (\d+) (\d+)|none)$/.exec(line);
    if (place) {
      if (place[2] === undefined) this.places.delete(place[1]);
      else this.places.set(place[1], { x: Number(place[2]), y: Number(place[3]), width: Number(place[4]), height: Number(place[5]) });
    }
    if (line.startsWith('event ')) {
      const event = { at: clock(), wall: Date.now(), text: line.slice(6) };
      this.events.push(event);
      this.onEvent?.(event);
    }
  }

  // The next event of this name (earlier ones count, too, once each).
  event(name, ms = 30000) {
    return until(() => `"${name}" from the panel; it said:\n${this.process.tail()}`, () => {
      const index = this.events.findIndex(({ text }) => text === name);
      if (index >= 0) return this.events.splice(0, index + 1).at(-1);
      if (this.process.ended) throw new Error(`${this.process.name} ended (${this.process.how()}):\n${this.process.tail()}`);
      return undefined;
    }, { ms, every: 5 });
  }

  place(name, ms = 30000) {
    return until(() => `the panel's "${name}"; there are ${[...this.places.keys()].join(', ')}`, () => this.places.get(name), { ms, every: 5 });
  }

  // A click in the middle of a button; gives back when it was made.
  async click(screen, name) {
    const { x, y, width, height } = await this.place(name);
    await screen.click(x + width / 2, y + height / 2);
    return clock();
  }

  stop() {
    return this.process.stop();
  }
}
