// A test that owns a rig: a private folder, and everything that was started in it. Afterwards all of it is ended and
// looked at: what ended badly or outlived its owner fails the test. When a test fails, what every process said is
// kept in build/test-logs/.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import test from 'node:test';
import { Agent } from './agent.mjs';
import { Broker } from './broker.mjs';
import { Console } from './console.mjs';
import { Device } from './device.mjs';
import { Enrolment } from './enrolment.mjs';
import { Panel } from './panel.mjs';
import { build } from './paths.mjs';
import { stopAll } from './process.mjs';
import { Provider } from './provider.mjs';
import { Turn } from './turn.mjs';
import { Painter, Screen } from './xscreen.mjs';

let open = 0; // rigs: tests of one file may run at the same time

export class Rig {
  constructor() {
    open++;
    this.directory = mkdtempSync(join(tmpdir(), 'oriel-test-'));
    this.owned = [];
    this.names = new Map();
  }

  // A path in the rig's folder; the second of a name gets a number.
  path(name) {
    const count = (this.names.get(name) ?? 0) + 1;
    this.names.set(name, count);
    return join(this.directory, count === 1 ? name : `${name}-${count}`);
  }

  folder(name) {
    const path = this.path(name);
    mkdirSync(path, { mode: 0o700 });
    return path;
  }

  // To be stopped at the end, the last first.
  own(thing) {
    this.owned.push(thing);
    return thing;
  }

  // `console`: with the agent's page in it, which enrols by itself at an endpoint; its options (Enrolment.at), or true.
  async broker({ console: page = false, ...options } = {}) {
    const config = async (broker) => {
      broker.enrolment = this.own(await Enrolment.at(broker, page === true ? {} : page));
      return { tenant: broker.tenant, broker: '', enrolment: broker.enrolment.url, enrol: 'auto' };
    };
    return this.own(await Broker.start(this.path('broker'), { ...(page ? { site: join(build, 'console'), config } : {}), ...options }));
  }
  async turn(options) { return this.own(await Turn.start(this.path('turn'), options)); }
  // Device, cloud and agent as machines of their own, for files that awaited agentNetwork(). Started first, it goes last.
  async topology(options) {
    const { Topology } = await import('./topology.mjs');
    return this.own(await Topology.start(this.path('topology'), options));
  }
  async panel(device, screen, args = []) {
    return this.own(await Panel.start({ socket: device.consent, env: screen.env, args, log: this.path('panel.log') }));
  }
  async screen(options) { return this.own(await Screen.start(this.folder('screen'), options)); }
  async painter(screen) { return this.own(await Painter.start(screen, this.directory)); }
  async device(options) { return this.own(await Device.start(this.path('device'), options)); }
  async provider(device, options) { return this.own(await Provider.connect(device.consent, { log: this.path('provider.log'), ...options })); }
  async agent(broker, options) { return this.own(await Agent.connect(broker, options)); }

  // Chromium, with a plain receiver of pictures in it; only tests that use it load playwright.
  async browser(options) {
    const { Browser } = await import('./browser.mjs');
    return this.own(await Browser.start(this.folder('browser'), options));
  }
  async receiver(browser) {
    const { Receiver } = await import('./browser.mjs');
    return this.own(await Receiver.open(browser ?? await this.browser()));
  }
  async console(broker, options) {
    const browser = await this.browser(options);
    return Console.open(browser, broker.page);
  }

  // The usual cast: a broker, a device that shows the test pattern, an agent and a person. `relay`: media goes through a
  // TURN server (true, or its options) instead of directly on loopback; `turn` is in the cast then. `topology` (of
  // rig.topology()): the device is on its machine, broker and TURN server in the cloud, so the way between them may be bad.
  async cast({ device: options, agent: who, provider: how, topology, relay = Boolean(topology), ...rest } = {}) {
    const broker = rest.broker instanceof Broker ? rest.broker : await this.broker({ ...topology?.broker, ...rest.broker });
    const turn = relay ? await this.turn({ keys: broker.keys, vendor: 'fill-cap', ...topology?.turn, ...(relay === true ? {} : relay) }) : null;
    const { config, ...others } = options ?? {};
    const device = await this.device({ broker, watch: true, wrap: topology?.device.wrap, ...others, config: relay ? Device.relayed(broker, config) : config });
    const provider = how === null ? null : await this.provider(device, how);
    await device.online();
    const agent = await this.agent(broker, who);
    await agent.whenState((state) => state.online && state.consent === Boolean(provider));
    return { broker, turn, device, provider, agent };
  }

  async close() {
    const problems = [];
    for (const thing of this.owned.reverse()) {
      try {
        const how = await thing.stop();
        if (thing instanceof Device) {
          if (how.left?.length) problems.push(`outlived orield: ${how.left.join(', ')}`);
          if (!thing.mayDie && (how.late || how.signal || how.code)) problems.push(`orield ended badly: ${thing.process.how()}${how.late ? ' (it did not end when asked)' : ''}`);
        }
        if (thing instanceof Agent && thing.broken.length) problems.push(`the device broke the protocol: ${thing.broken.join('\n')}`);
      } catch (error) {
        problems.push(error.stack);
      }
    }
    if (--open === 0) await stopAll();
    return problems;
  }
}

// Like test() of node:test; the function is given {rig, t}.
export function story(name, ...rest) {
  const body = rest.pop();
  const [options = {}] = rest;
  test(name, { timeout: 300000, ...options }, async (t) => {
    const rig = new Rig();
    // A file that runs out of time is asked to end: then the processes go with us, but the folder would stay.
    const last = () => { rmSync(rig.directory, { recursive: true, force: true }); };
    process.once('exit', last);
    let failure;
    try {
      await body({ rig, t });
    } catch (error) {
      failure = error;
    }
    const problems = await rig.close();
    if (failure || problems.length) {
      const folder = join(build, 'test-logs', `${basename(process.argv[1], '.test.mjs')}-${name}`.replace(/[^\w.-]+/g, '-').slice(0, 100));
      // Sockets can't be copied and say nothing.
      cpSync(rig.directory, folder, { recursive: true, filter: (source) => !/\.(sock|key)$|profile/.test(source) });
    }
    last();
    process.removeListener('exit', last);
    if (failure) throw failure;
    assert.deepEqual(problems, []);
  });
}

process.once('SIGTERM', () => process.exit(143));
process.once('SIGINT', () => process.exit(130));
