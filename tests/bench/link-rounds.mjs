// The order of things of `./run bench --links`: each sender meets all rows, then all links as they are met; then those that are not alone.
//
// Each row and link has a session of its own, but where it is to be quick: there they may share one (`fresh` in links.mjs).
import { join } from 'node:path';
import { PROFILES, ROWS, measureBeside, measureProfile, measureRow, measureTwo } from './links.mjs';
import { Stage, through } from './stage.mjs';
import { merge } from './stats.mjs';

const PROFILED = ['oriel', 'chrome'], TOGETHER = ['oriel', 'oriel-vp8']; // where it is to be quick; two of those, and TCP beside
const each = (list, quick) => list.map((one) => ({ ...one, fresh: one.fresh || !quick }));
const say = (words) => process.stderr.write(words);

const named = (list, figures) => Object.fromEntries(list.map(({ name }, i) => [name, figures[i]]));

async function oneRound(sender, where, link, { times, rows, quick, record }) {
  const recorded = ({ name, title }) => (record && sender.name.startsWith('oriel') ? { file: join(record, `${name}.way`), title: `${sender.title}: ${title}` } : undefined);
  const open = async (one) => {
    await link.reset(one.link); // a sender that met it as another link would take its delay for a queue
    return Stage.open(sender, { ...where, record: recorded(one) });
  };
  const found = {}, short = quick && !record, wanted = each(ROWS.filter(({ name }) => rows.includes(name)), short);
  if (wanted.length) {
    say(`${sender.name}:`);
    found.rows = named(wanted, await through(open, wanted, (stage, row) => measureRow(stage, link, row, times)));
    say('\n');
  }
  const met = PROFILES.filter(({ name }) => rows.includes(name) || (rows.includes('profiles') && (!quick || PROFILED.includes(sender.name))));
  if (met.length) {
    say(`${sender.name}: links as they are met:`);
    found.profiles = named(met, await through(open, each(met, short), (stage, profile) => measureProfile(stage, link, profile, times.profile)));
    say('\n');
  }
  for (const [name, measure] of [['two', measureTwo], ['tcp', measureBeside]]) {
    if (!rows.includes(name) || (name === 'two' ? !TOGETHER.includes(sender.name) : quick ? sender.name !== 'oriel' : /vnc/.test(sender.name))) continue;
    say(`${sender.name}: ${name}:`);
    found[name] = await measure(sender, { ...where, record: name === 'tcp' ? recorded({ name, title: 'a TCP connection beside it, 4 Mbit/s, 20 ms: video' }) : undefined }, link, times);
    say(found[name].why ? ` ${found[name].why}\n` : ' .\n');
  }
  return found;
}

// Of the figures of all rounds, those that there are.
function median(rounds) {
  const good = rounds.filter((one) => one && !one.why);
  return good.length ? merge(good) : rounds.find(Boolean);
}

// [{name, title, note, rows: {name: figures}, profiles: {name: figures}, two, tcp}].
export async function measureLinks(settings, { topology, browser, server }) {
  const { device: link } = topology.links;
  const senders = await Promise.all(settings.senders.map(async (name) => (await import(`./senders/${name}.mjs`)).default)), rounds = senders.map(() => []);
  for (let round = 1; round <= settings.rounds; round++)
    for (const [i, sender] of senders.entries()) rounds[i].push(await oneRound(sender, { browser, server, topology, round, ...settings.sizes[0] }, link, settings));
  const by = (list, key) => Object.fromEntries(Object.keys(list[0][key] ?? {}).map((name) => [name, median(list.map((one) => one[key]?.[name]))]));
  return senders.map(({ name, title, note }, i) => ({
    name, title, note, rounds: rounds[i], rows: by(rounds[i], 'rows'), profiles: by(rounds[i], 'profiles'),
    two: median(rounds[i].map(({ two }) => two)), tcp: median(rounds[i].map(({ tcp }) => tcp)),
  }));
}
