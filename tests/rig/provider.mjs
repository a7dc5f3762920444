// The person at the panel, as a program: speaks src/hmi/PROVIDER.md through rig-provider, which has no code of Oriel.
import { program } from './paths.mjs';
import { Process, sleep, within } from './process.mjs';

export class Provider {
  // Options: hello (false: say nothing by itself), state (false: no heartbeat), can (of the optional messages), uid (of another user; needs root), log.
  static async connect(socket, { hello = true, state = true, can, uid, log } = {}) {
    const provider = new Provider();
    provider.packets = [];
    provider.indicator = false;
    provider.waiting = new Set();
    provider.process = new Process('provider', program('tests/rig/rig-provider'), [socket],
      { stdin: true, log, wrap: uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'] });
    provider.process.onLine = (line) => provider.#received(line);
    provider.process.exited.then(() => { provider.stopBeating(); provider.#check(); });
    await provider.process.line(/^@connected/);
    if (hello) {
      provider.send({ t: 'hello', v: 1, name: 'Rig', ...(can && { can }) });
      await provider.next((packet) => packet.t === 'welcome' || packet.t === 'refused');
    }
    if (state) {
      provider.beat = setInterval(() => provider.send({ t: 'state', indicator: provider.indicator }), 1000);
      provider.send({ t: 'state', indicator: provider.indicator });
    }
    return provider;
  }

  #received(line) {
    if (line === '@closed') this.closed = true;
    if (line.startsWith('@')) return;
    const packet = JSON.parse(line);
    if (packet.t === 'session') {
      if (packet.state === 'ended') this.indicator = false;
      else if (this.session !== packet.session) this.indicator = true; // a new one; from then on the test says
      this.session = packet.state === 'ended' ? null : packet.session;
    }
    this.packets.push(packet);
    this.#check();
    // Core may have read `shown` long after it was sent: the person taps again.
    if (packet.t === 'early' && packet.request === this.decided?.request) setTimeout(() => this.send(this.decided), packet.ms + 5);
  }

  #check() {
    for (const look of [...this.waiting]) look();
  }

  send(packet) {
    if (!this.process.ended) this.process.write(typeof packet === 'string' ? packet : JSON.stringify(packet));
  }

  // The next packet that fits and was not given out before, in order.
  next(fits, ms = 30000, what = fits) {
    const test = typeof fits === 'string' ? ({ t, state }) => t === fits || `${t} ${state}` === fits : fits;
    return within(ms, () => `the packet ${what}; there were ${JSON.stringify(this.packets)}`, new Promise((resolve, reject) => {
      const look = () => {
        const index = this.packets.findIndex(test);
        if (index >= 0) { this.waiting.delete(look); resolve(this.packets.splice(0, index + 1).at(-1)); }
        else if (this.process.ended) { this.waiting.delete(look); reject(new Error(`the connection ended before the packet ${what}`)); }
      };
      this.waiting.add(look);
      look();
    }));
  }

  // Waits for a prompt, says that it is shown, and reads it as long as core wants.
  async asked(ms, { read = true } = {}) {
    const ask = await this.next('ask', ms);
    this.send({ t: 'shown', request: ask.request });
    if (read) await sleep(ask.allow_after + 20);
    return ask;
  }

  // `scopes`: those left ticked; all unless said.
  decide(ask, allow, scopes) {
    this.send(this.decided = { t: 'decision', request: ask.request, allow, ...(allow ? { scopes: scopes ?? ask.scopes } : {}) });
  }

  async allow(ms) {
    const ask = await this.asked(ms);
    this.decide(ask, true);
    return ask;
  }

  async deny(ms) {
    const ask = await this.asked(ms);
    this.decide(ask, false);
    return ask;
  }

  // A call for support ends the back-off after three denials: whoever calls wants to be asked.
  forgive() {
    this.send({ t: 'call', note: '' });
    this.send({ t: 'uncall' });
  }

  stopSession() {
    this.send({ t: 'stop', session: this.session });
  }

  stopBeating() {
    clearInterval(this.beat);
  }

  // The way a crash looks to core.
  async kill() {
    this.stopBeating();
    this.process.signal('SIGKILL');
    await this.process.exited;
  }

  async stop() {
    this.stopBeating();
    await this.process.stop();
  }
}
