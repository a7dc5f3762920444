// `./run bench`: Oriel and its peers side by side, on the same machine, with the same contents, in the same receiver (headless
// Chromium), as a table, an HTML report and JSON. It is no test: nothing fails on a time, and a peer that could not be measured is
// a row that says why.
//
// Latency is from the moment the painter writes the time on the screen to the moment the page is given the picture with it. All
// other figures are explained in report.mjs. Rounds go from one sender to the next and start again, so that what else
// the machine does meets all alike; a figure is the median of its rounds.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { Rig } from '../rig/story.mjs';
import { agentNetwork, noLink } from '../rig/topology.mjs';
import { checkClock } from './check.mjs';
import { measureLinks } from './link-rounds.mjs';
import { options, usage } from './options.mjs';
import { html, text } from './report.mjs';
import { Server } from './server.mjs';
import { Stage, through } from './stage.mjs';
import { merge } from './stats.mjs';
import { measureTrace } from './trace.mjs';

// One sender on one size: {start, idle, contents: {name: figures}}, or {why} when it could not be started.
async function turn(sender, where, { contents, times }) {
  const figures = {}, open = async () => {
    const stage = await Stage.open(sender, { ...where, options: { idle: figures.start ? 0 : times.idle } });
    figures.start ??= stage.start;
    if (stage.session.idle) figures.idle = stage.session.idle;
    return stage;
  };
  const all = await through(open, contents, (stage, content) => stage.measure(content, times));
  figures.contents = Object.fromEntries(contents.map(({ name }, i) => [name, all[i]]));
  return figures.start ? figures : { ...figures, why: all[0].why };
}

// All rounds: [{width, height, senders: [{name, title, …, rounds: [turn], median}]}].
async function measureAll(settings, browser, server) {
  const senders = await Promise.all(settings.senders.map(async (name) => (await import(`./senders/${name}.mjs`)).default));
  const results = settings.sizes.map((size) => ({ ...size, senders: senders.map(({ name, title, note }) => ({ name, title, note, rounds: [] })) }));
  for (let round = 1; round <= settings.rounds; round++)
    for (const { width, height, senders: rows } of results)
      for (const [i, sender] of senders.entries()) {
        process.stderr.write(`round ${round} of ${settings.rounds}, ${width}x${height}, ${sender.name}:`);
        rows[i].rounds.push(await turn(sender, { browser, server, width, height, round }, settings));
        process.stderr.write('\n');
      }
  for (const { senders: rows } of results)
    for (const row of rows) {
      // A round that failed is left out of the median; where none succeeded, the reason is what there is.
      const good = row.rounds.filter(({ why }) => !why);
      row.median = good.length ? merge(good.map((one) => ({ ...one, contents: Object.fromEntries(Object.entries(one.contents).filter(([, { why }]) => !why)) }))) : row.rounds[0];
      for (const { name } of settings.contents) row.median.contents[name] ??= { why: row.rounds.find(({ contents }) => contents[name]?.why)?.contents[name].why ?? row.median.why };
    }
  return results;
}

function write(file, what) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, what);
  console.error(`written: ${file}`);
}

let settings;
try {
  settings = options(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${error.message}\n\n${usage}`);
  process.exit(2);
}
if (settings.help) { console.log(usage); process.exit(0); }
if (settings.links) {
  // From here on this is the agent's machine; what sends will be on the device's.
  const none = await agentNetwork() || noLink();
  if (none) { console.error(`bench: ${none}`); process.exit(2); }
}
const rig = new Rig();
process.once('exit', () => rmSync(rig.directory, { recursive: true, force: true }));
let problems = [], status = 0;
try {
  const topology = settings.links ? await rig.topology({ links: { device: {} } }) : null;
  const server = rig.own(await Server.start());
  const browser = await rig.browser({ width: 1280, height: 720 });
  if (settings.check) {
    status = await checkClock(settings, { browser, server }) ? 0 : 1;
  } else {
    const began = Date.now();
    const results = settings.links ? { links: await measureLinks(settings, { topology, browser, server }) }
      : settings.trace ? { trace: await measureTrace(settings, { browser, server }) } : { sizes: await measureAll(settings, browser, server) };
    results.about = {
      at: new Date(began).toISOString(), minutes: (Date.now() - began) / 60000, rounds: settings.rounds, times: settings.times,
      machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`, browser: await browser.version(), contents: settings.contents.map(({ name, title, about: what, fps = false }) => ({ name, title, about: what, fps })),
    };
    console.log(text(results));
    if (settings.json) write(settings.json, JSON.stringify(results, null, 1));
    write(settings.html, html(results));
  }
} finally {
  problems = await rig.close();
}
for (const problem of problems) console.error(problem);
process.exit(problems.length ? 1 : status);
