// oriel-egress, as core would start it, and media's side of it: a UDP port on loopback that is media's TURN server.
import { program } from './paths.mjs';
import { Process, until, within } from './process.mjs';

export class Egress {
  // Options: servers (URIs), proxy, ca, remembered, fallback (ms), inside (egress.c), credentials ({username, password}), log, wrap.
  static async start({ servers, proxy = '', ca = '', remembered = '', fallback = 2000, inside = 'good', credentials: { username, password } = { username: '', password: '' }, log, wrap }) {
    const egress = new Egress();
    egress.messages = [];
    egress.process = new Process('oriel-egress', program('tests/rig/rig-egress'), [program('oriel-egress'), servers.join(','), proxy, ca, remembered, fallback, inside, username, password], { stdin: true, log, wrap });
    egress.process.onLine = (line) => {
      if (!line.startsWith('{')) return; // its log
      const message = JSON.parse(line);
      if (message.inside) Object.assign(egress, { port: message.inside, pid: message.pid });
      else egress.messages.push(message);
    };
    await egress.process.line(/^{"inside"/);
    return egress;
  }

  // The next message of that kind that nobody has asked for yet, or the exit as {exit}.
  next(kind, ms = 30000) {
    const is = (message) => (kind === 'exit' ? 'exit' in message : message.message === kind);
    return until(() => `${kind} from egress; it said:\n${this.process.tail()}`, () => {
      const at = this.messages.findIndex(is);
      return at >= 0 && this.messages.splice(at, 1)[0];
    }, { ms, every: 2 });
  }

  // The newest figures; waits for it until `good` says that they are what they should be.
  stats(good = () => true, ms = 20000) {
    const newest = () => this.messages.findLast(({ message }) => message === 'stats') ?? this.figures;
    return until(() => `the right figures; the last are ${JSON.stringify(newest())}`, () => {
      const figures = newest();
      return figures && good(figures) && figures;
    }, { ms });
  }

  tell(word) {
    this.process.write(word);
  }

  // Core hangs up; egress must end well.
  async stop() {
    if (this.process.ended) return this.process.ended;
    this.tell('hangup');
    return within(20000, 'egress to end when core hangs up', this.process.exited);
  }
}
