// The tables of `./run bench --links`, as report.mjs prints them. Pure.
import { PROFILES, ROWS } from './links.mjs';
import { judge } from './stats.mjs';

const number = (value, digits = 0) => (typeof value === 'number' && !Number.isNaN(value) ? value.toFixed(digits) : '-');
const percent = (value) => (typeof value === 'number' ? `${number(value, value < 10 ? 1 : 0)} %` : '-');
const at = (figures, after) => figures.pictures?.find((picture) => picture.after === after)?.psnr;

// The first look at which text could be read.
const READABLE = 22; // dB
const readable = (figures) => { const look = figures.pictures?.find(({ psnr }) => psnr >= READABLE); return look ? `≤ ${look.after}` : '-'; };

const COLUMNS = {
  steady: [
    ['p50 ms', (f) => number(f.p50)], ['p95 ms', (f) => number(f.p95)], ['distinct fps', (f) => number(f.fps, 1)], ['longest gap ms', (f) => number(f.gap)],
    ['dB in motion', (f) => number(f.moving, 1)], ['kbit/s', (f) => number(f.kbit)], ['link use', (f) => percent(f.use)], ['link queue ms', (f) => number(f.queue)], ['CPU of a core', (f) => percent(f.cpu)],
  ],
  dip: [
    ['p50 before', (f) => number(f.before)], ['worst ms', (f) => number(f.worst)], ['longest gap ms', (f) => number(f.gap)], ['p50 in it', (f) => number(f.p50)], ['fps in it', (f) => number(f.fps, 1)],
    ['normal again ms', (f) => (f.bad ? 'bad before' : f.normal === undefined ? `not in ${number(f.looked)} s` : number(f.normal))], ['link queue ms', (f) => number(f.queue)],
  ],
  'slow-flip': [
    ['first ms', (f) => number(f.p50)], ['readable ms', (f) => readable(f)], ['exact ms', (f) => number(f.exact)], ['dB after 2 s', (f) => number(at(f, 2000), 1)], ['dB after 8 s', (f) => number(at(f, 8000), 1)], ['kbit/s', (f) => number(f.kbit)], ['link queue ms', (f) => number(f.queue)],
  ],
  flip: [
    ['first ms', (f) => number(f.p50)], ['exact ms', (f) => number(f.exact)], ['dB after 0.5 s', (f) => number(at(f, 500), 1)], ['dB after 2.5 s', (f) => number(at(f, 2500), 1)], ['kbit/s', (f) => number(f.kbit)], ['link queue ms', (f) => number(f.queue)],
  ],
};
const FULL = [['full: link use', (f) => percent(f.use)], ['fps', (f) => number(f.fullFps, 1)], ['longest gap ms', (f) => number(f.fullGap)], ['link queue ms', (f) => number(f.fullQueue)]];

export const LINKS_EXPLAINED = [
  ['links', 'the sender is on a machine of its own (a network namespace), between it and the router is an emulated link with a drop-tail queue of 200 ms of its rate, if nothing else is said; Oriel goes by its TURN server, Chrome straight, VNC by TCP. Delays are those of one direction; both have them'],
  ['link use', 'bits that the link sent against its rate; link queue: the longest that a packet waited in its queue'],
  ['readable', 'the first of the looks at 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12 and 20 s at which the page is there by 22 dB: text can be read'],
  ['full', 'a film with so much grain that no link takes all of it; use: of the link or of 4 Mbit/s, which is what [media] bitrate allows, whatever is less; nothing can be sent while a link is held or cut'],
  ['to look at', 'smooth: at least 24 pictures a second, none missing for over 250 ms, half of them at most 150 ms later than the way takes; good: 8, 1 s and 500 ms; slow: less than that; stuck: less than one a second, or 3 s without'],
  ['4 → 0.5 Mbit/s', 'worst: the longest that a picture took from then on; p50 and fps in it: while it is slow, fps in the second half; normal again: after the link is, until no picture takes 30 ms more than 95 % did before and four fifths as many come, for a second; bad before: over 500 ms even then'],
  ['two sessions', 'of a film with so much grain that each alone would fill the link, 640x400, the second later; share: the smaller against the larger'],
];

const row = (title, figures, columns) => [title, ...(!figures ? [{ why: 'it was not asked for' }] : figures.why ? [{ why: figures.why }] : columns.map(([, value]) => value(figures)))];

// The link is a program: on a busy machine it is late itself.
export function linkNoise(senders) {
  const late = senders.flatMap(({ rows, profiles }) => [...Object.values(rows), ...Object.values(profiles)].map((figures) => figures?.late ?? 0)), worst = Math.max(0, ...late);
  return worst > 5 ? `The machine was busy: in one row the emulated link gave 5 % of the packets on more than ${number(worst)} ms late. Latencies of this run say little.` : '';
}

export function linkTables(senders) {
  const tables = [];
  for (const { name, title, kind } of ROWS) {
    const measured = senders.filter(({ rows }) => rows[name]), columns = COLUMNS[kind];
    if (measured.length) tables.push({ title, about: '', head: ['', ...columns.map(([heading]) => heading)], rows: measured.map((sender) => row(sender.title, sender.rows[name], columns)) });
  }
  const two = senders.filter((sender) => sender.two), beside = senders.filter(({ tcp }) => tcp);
  const pair = [['first kbit/s', (f) => number(f.first)], ['second kbit/s', (f) => number(f.second)], ['share', (f) => percent(f.share)], ['link use', (f) => percent(f.use)], ['link queue ms', (f) => number(f.queue)]];
  if (two.length) tables.push({ title: 'Two sessions on one link of 3 Mbit/s, 20 ms: more to send than it takes', about: '', head: ['', ...pair.map(([heading]) => heading)], rows: two.map((sender) => row(sender.title, sender.two, pair)) });
  const tcp = [['TCP kbit/s', (f) => number(f.tcp)], ...COLUMNS.steady.filter(([heading]) => !/dB|CPU/.test(heading))];
  if (beside.length) tables.push({ title: 'A TCP connection beside it on 4 Mbit/s, 20 ms: video', about: '', head: ['', ...tcp.map(([heading]) => heading)], rows: beside.map((sender) => row(sender.title, sender.tcp, tcp)) });
  const met = senders.filter(({ profiles }) => Object.keys(profiles).length), columns = [...COLUMNS.steady.filter(([heading]) => /p50|p95|fps|gap|queue/.test(heading)), ['to look at', (f) => f.so], ...FULL];
  for (const sender of met) {
    const judged = PROFILES.filter(({ name }) => sender.profiles[name]).map(({ name, title, link }) => [title, { ...sender.profiles[name], so: judge(sender.profiles[name], link.up.delay) }]);
    tables.push({ title: `${sender.title}: scrolling text on links as they are met; and with more to send than they take`, about: '', head: ['', ...columns.map(([heading]) => heading)], rows: judged.map(([title, figures]) => row(title, figures, columns)) });
  }
  return tables;
}
