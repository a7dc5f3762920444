// What `./run bench` can be told. What is wrong is refused with what is allowed.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../rig/paths.mjs';
import { CONTENTS } from './contents.mjs';
import { PROFILES, ROWS } from './links.mjs';

const DEFAULT = ['oriel', 'oriel-vp8', 'chrome', 'webrtcbin', 'x11vnc', 'tigervnc'], MORE = ['x0vncserver'];
// Seconds, and how many flips and taps, of one cell of the table.
const FULL = { seconds: 4, settle: 1.5, flips: 2, taps: 7, idle: 5 }, QUICK = { seconds: 3, settle: 1, flips: 1, taps: 5, idle: 2 };
// The same for links, each row of which has to settle first; `profile`: of one link of many.
const LINKS = ['oriel', 'oriel-vp8', 'chrome', 'x11vnc', 'tigervnc'], LINKS_QUICK = ['oriel', 'chrome', 'tigervnc'];
// Senders of whom the bytes are told for the same use.
const TRACE = ['oriel', 'oriel-vp8', 'tigervnc', 'x11vnc'];
const LINKS_FULL_TIMES = { seconds: 8, settle: 6, before: 4, after: 8, flips: 3, profile: { settle: 4, seconds: 6 } };
const LINKS_QUICK_TIMES = { seconds: 3, settle: 2.5, before: 2, after: 4, flips: 1, profile: { settle: 1.3, seconds: 2 } };

export const MANY = ['profiles', 'two', 'tcp'];

export const usage = `usage: ./run bench [OPTION …]

  --links              the senders over an emulated link (for root): ${ROWS.length} links that are measured closely, ${PROFILES.length} as they are met, two
                       sessions on one, a TCP connection beside it; about half an hour, --quick ten minutes
  --trace              bytes of ten minutes of use of the demo panel, each sender by itself; --minutes N (1 to 10; 10, --quick 2)
  --quick              one short round: about five minutes
  --rounds N           rounds, of which the median is taken (3; of links 1)
  --only SENDER,…      ${[...DEFAULT, ...MORE].join(', ')} (all but ${MORE.join(', ')})
  --content CONTENT,…  ${CONTENTS.map(({ name }) => name).join(', ')} (all)
  --row ROW,…          with --links, only these: ${ROWS.map(({ name }) => name).join(', ')}, ${MANY.join(', ')} (all), or of the profiles
                       ${PROFILES.map(({ name }) => name).join(', ')}
  --record FOLDER      with --links, what Oriel's estimator is told on each row, in a file each (tests/README.md)
  --size WxH,…         1280x720 (the default), 1920x1080, 3840x2160, or any other
  --json FILE          all figures, also of each round
  --html FILE          the report (build/bench/report.html)
  --check              only checks the clock: known delays must be measured as what they are`;

function among(what, list, all) {
  if (list === undefined) return all;
  const names = list.split(',');
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new Error(`there is no ${what} '${unknown}'`);
  return names;
}

function size(text) {
  const [, width, height] = /^(\d{3,4})x(\d{3,4})$/.exec(text)?.map(Number) ?? [];
  if (!width || width % 2 || height % 2 || width < 640 || height < 400) throw new Error(`--size '${text}': WIDTHxHEIGHT, even, at least 640x400`);
  return { width, height };
}

export function options(args) {
  const flag = { type: 'boolean', default: false }, string = { type: 'string' };
  const { values } = parseArgs({ args, options: {
    quick: flag, check: flag, links: flag, trace: flag, help: flag, rounds: string, minutes: string, json: string, record: string, only: string, row: string, content: string,
    size: { ...string, default: '1280x720' }, html: { ...string, default: join(build, 'bench', 'report.html') },
  } });
  const { links, trace, quick } = values, known = [...ROWS.map(({ name }) => name), ...MANY];
  if (links + trace + values.check > 1) throw new Error('--links, --trace and --check are one at a time');
  for (const [name, fits, where] of [['row', links, 'only for --links'], ['rounds', !trace, 'not for --trace'], ['minutes', trace, 'only for --trace'], ['record', links, 'only for --links'], ['content', !links && !trace, 'not for --links and --trace']])
    if (values[name] !== undefined && !fits) throw new Error(`--${name} is ${where}`);
  const minutes = Number(values.minutes ?? (quick ? 2 : 10));
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 10) throw new Error(`--minutes '${values.minutes}': a number from 1 to 10`);
  const senders = links ? (quick ? LINKS_QUICK : LINKS) : trace ? TRACE : DEFAULT;
  const rounds = Number(values.rounds ?? (quick || links || trace ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 99) throw new Error(`--rounds '${values.rounds}': a number from 1 to 99`);
  const contents = among('content', values.content, CONTENTS.map(({ name }) => name));
  return {
    check: values.check, help: values.help, links, trace, minutes, quick, rounds, times: links ? (quick ? LINKS_QUICK_TIMES : LINKS_FULL_TIMES) : quick ? QUICK : FULL,
    sizes: values.size.split(',').map(size), senders: among('sender', values.only ?? senders.join(','), [...DEFAULT, ...MORE]),
    contents: CONTENTS.filter(({ name }) => contents.includes(name)), rows: values.row === undefined ? known : among('row', values.row, [...known, ...PROFILES.map(({ name }) => name)]),
    json: values.json && resolve(values.json), record: values.record && resolve(values.record), html: resolve(values.html),
  };
}
