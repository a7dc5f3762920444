// One sender, started on a screen of its own with the painter on it and watched by a fresh page of the receiver.
import { rmSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { Receiver } from '../rig/browser.mjs';
import { until } from '../rig/process.mjs';
import { Rig } from '../rig/story.mjs';
import { Meter } from './measure.mjs';
import { quantile } from './stats.mjs';

const LATE = 20000; // ms for the first picture

export class Stage {
  // `sender` is one of senders/*.mjs; `options` go to its start(). `topology`: it is the device's machine that it runs on, the `nth` there. `record`: {file, title}, for
  // what its estimator is told.
  static async open(sender, { browser, server, width, height, round = 1, topology, nth = 0, record, options = {} }) {
    const stage = new Stage();
    Object.assign(stage, { sender, server, browser, width, height, round, topology, nth, record, rig: new Rig() });
    stage.directory = stage.rig.directory;
    stage.last = () => rmSync(stage.directory, { recursive: true, force: true }); // also when the bench is broken off
    process.once('exit', stage.last);
    try {
      await stage.#start(options);
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  async #start(options) {
    const { rig, sender, width, height } = this;
    this.screen = await (sender.screen?.(rig, { width, height, topology: this.topology }) ?? rig.screen({ width, height, most: `${width}x${height}` }));
    this.painter = await rig.painter(this.screen);
    await this.screen.move(width - 1, height - 1); // where nothing is compared (pixels.mjs)
    await this.painter.command(`picture 1 ${this.directory}/first.ppm`);
    const code = Number(await this.painter.command('stamp'));
    this.receiver = await Receiver.open(this.browser, `${this.server.url}/`);
    await this.receiver.page.waitForFunction(() => window.bench?.ready);
    this.session = await sender.start(this, options);
    this.start = await this.#firstPicture(code);
  }

  // From what the sender calls its start to the page having the screen as it is: {ms, from}.
  async #firstPicture(code) {
    let state;
    await until(() => `the first picture; the page is ${JSON.stringify(state)}`, async () => {
      state = await this.#page('state', code);
      if (state.trouble) throw new Error(state.trouble);
      return state.first;
    }, { ms: LATE });
    if (String(state.size) !== `${this.width},${this.height}`) throw new Error(`the picture is ${state.size?.join('x')}, the screen ${this.width}x${this.height}`);
    return { ms: state.first - this.session.started, from: this.sender.from };
  }

  #page(name, ...args) {
    return this.receiver.page.evaluate(([method, values]) => window.bench[method](...values), [name, args]);
  }

  // Frames since the last take: [{at, code}].
  take() { return this.#page('take'); }

  // Does something and gives back what it took: {from, to (wall ms), cpu, pss, kbit, bytes, parts (of them, by what they are), processes, …}.
  // With 'more' the sums of the last measurement go on.
  async over(what, how = 'fresh') {
    if (how === 'fresh') {
      this.meter = new Meter({ sender: this.session.pids(), receiver: [this.browser.pid], screen: [this.screen.process.pid], proxy: this.session.proxy?.() ?? [] });
      this.parts = {};
    }
    const { meter } = this, before = await this.#page('received');
    meter.start();
    const from = performance.timeOrigin + performance.now();
    await what();
    const to = performance.timeOrigin + performance.now();
    meter.stop();
    for (const [name, bytes] of Object.entries(await this.#page('received'))) this.parts[name] = (this.parts[name] ?? 0) + bytes - before[name];
    const { all: bytes, ...parts } = this.parts, { cpu, wakeups, pss, processes } = meter.of('sender'), proxy = meter.of('proxy');
    return {
      from, to, cpu, wakeups, pss, processes, kbit: bytes * 8 / 1000 / meter.passed, bytes, parts, seconds: meter.passed,
      receiverCpu: meter.of('receiver').cpu, screenCpu: meter.of('screen').cpu, machineBusy: meter.machineBusy,
      ...(proxy.processes.length ? { proxyCpu: proxy.cpu, proxyPss: proxy.pss } : {}),
    };
  }

  // What the page shows some ms after a bar code: kept there while time matters, fetched afterwards.
  sample(code, delays) { return this.#page('sample', code, delays); }
  async pictures() {
    const count = await this.receiver.page.evaluate(() => window.bench.kept.length);
    await this.#page('send', `${this.server.url}/pixels`);
    return Array.from({ length: count }, (_, i) => this.server.picture(`/pixels/${i}`));
  }

  // Follows all that is shown, from true on; with false [{at, sum}] of it (pixels.mjs).
  sums(on) { return this.#page('sum', on); }

  // What is shown now and then of what moves.
  glimpse(count, every) { return this.#page('glimpse', count, every); }

  // Runs one content; a reason where it could not be measured.
  async measure(content, options) {
    try {
      const { latencies, ...figures } = await content.run(this, options);
      const { trouble } = await this.#page('state');
      if (trouble) throw new Error([trouble, this.session.ended?.()].filter(Boolean).join(': '));
      const spread = latencies?.length && [0.05, 0.25, 0.5, 0.75, 0.95].map((q) => quantile(latencies, q));
      return { ...figures, ...(spread ? { p50: spread[2], p95: spread[4], spread, samples: latencies.length } : {}) };
    } catch (error) {
      return { why: error.message.split('\n')[0] };
    }
  }

  async close() {
    await this.session?.stop?.().catch(() => { /* what went wrong is in the figures */ });
    clearInterval(this.receiver?.pump);
    await this.receiver?.page.close().catch(() => {});
    const problems = await this.rig.close();
    process.removeListener('exit', this.last);
    this.last();
    return problems;
  }
}

// Measures a list, one after the other with one stage, or with a new one where that broke or one is to be `fresh`: [figures or
// {why}]. Who can't be opened twice in a row is given up.
export async function through(open, list, measure) {
  const all = [];
  let stage, shut = 0, why;
  const close = async () => {
    for (const problem of await stage?.close() ?? []) process.stderr.write(`\n  ${problem}`);
    stage = null;
  };
  for (const one of list) {
    if (one.fresh) await close();
    if (shut < 2 && !stage) {
      try {
        stage = await open(one);
        shut = 0;
      } catch (error) {
        shut++;
        why = error.message.split('\n').slice(0, 2).join(' ');
      }
    }
    const figures = stage ? await measure(stage, one) : { why };
    process.stderr.write(` ${one.name ?? '.'}${figures.why ? ` (${figures.why})` : ''}`);
    all.push(figures);
    if (figures.why) await close();
  }
  await close();
  return all;
}
