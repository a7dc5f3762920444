// A consent provider in Node, written against src/hmi/PROVIDER.md alone: no code of Oriel, none of the rig, nothing but net. What
// an HMI in Electron would have; the story that plays with it is in flow/provider-node.test.mjs.
import { createConnection } from 'node:net';
import { EventEmitter } from 'node:events';

// Emits `ask`, `withdraw`, `early`, `session`, `call`, `online`, `refused`, `closed`, each with the message.
export class NodeProvider extends EventEmitter {
  static connect(path, name) {
    return new Promise((resolve, reject) => {
      const provider = new NodeProvider();
      provider.indicator = false;
      provider.socket = createConnection(path, () => provider.send({ t: 'hello', v: 1, name }));
      let rest = '';
      provider.socket.setEncoding('utf8').on('data', (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        for (const line of lines) {
          const message = JSON.parse(line);
          if (message.t === 'welcome') resolve(Object.assign(provider, { device: message, beat: setInterval(() => provider.alive(), 1000) }));
          else provider.emit(message.t, message); // an unknown one has no listener
          if (message.t === 'session') provider.follow(message);
        }
      });
      provider.socket.on('error', reject).on('close', () => { clearInterval(provider.beat); provider.emit('closed'); });
    });
  }

  send(message) {
    this.socket.write(`${JSON.stringify(message)}\n`);
  }

  alive() {
    this.send({ t: 'state', indicator: this.indicator });
  }

  // The indicator is there as long as a session is.
  follow({ state, session }) {
    const before = this.indicator;
    this.indicator = state !== 'ended';
    this.session = this.indicator ? session : null;
    if (before !== this.indicator) this.alive();
  }

  // The prompt is drawn; its buttons act a tenth of a second after core takes an Allow. A button that acted too soon can be pressed again.
  async show({ request, allow_after: after }) {
    this.send({ t: 'shown', request });
    await new Promise((resolve) => { setTimeout(resolve, after + 100); });
  }

  allow({ request, scopes }, ticked = scopes) {
    this.send({ t: 'decision', request, allow: true, scopes: ticked });
  }

  deny({ request }) {
    this.send({ t: 'decision', request, allow: false });
  }

  remove(scope) {
    this.send({ t: 'remove', session: this.session, scope });
  }

  stop() {
    this.send({ t: 'stop', session: this.session });
  }

  call(what) {
    this.send({ t: 'call', ...what });
  }

  close() {
    this.socket.destroy();
  }
}
