// What `./run bench` can be told. What is wrong is refused with what is allowed.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../rig/paths.mjs';
import { CONTENTS } from './contents.mjs';

const DEFAULT = ['oriel', 'oriel-vp8', 'chrome', 'webrtcbin', 'x11vnc', 'tigervnc'], MORE = ['x0vncserver'];
// Seconds, and how many flips and taps, of one cell of the table.
const FULL = { seconds: 4, settle: 1.5, flips: 2, taps: 7, idle: 5 }, QUICK = { seconds: 3, settle: 1, flips: 1, taps: 5, idle: 2 };

export const usage = `usage: ./run bench [OPTION …]

  --quick              one short round: about four minutes
  --rounds N           rounds, of which the median is taken (3)
  --only SENDER,…      ${[...DEFAULT, ...MORE].join(', ')} (all but ${MORE.join(', ')})
  --content CONTENT,…  ${CONTENTS.map(({ name }) => name).join(', ')} (all)
  --size WxH,…         1280x720 (the default), 1920x1080, 3840x2160, or any other
  --json FILE          all figures, also of each round
  --html FILE          the report (build/bench/report.html)
  --check              only checks the clock: known delays must be measured as what they are`;

function among(what, list, all) {
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
    quick: flag, check: flag, help: flag, rounds: string, json: string,
    only: { ...string, default: DEFAULT.join(',') }, content: { ...string, default: CONTENTS.map(({ name }) => name).join(',') },
    size: { ...string, default: '1280x720' }, html: { ...string, default: join(build, 'bench', 'report.html') },
  } });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 99) throw new Error(`--rounds '${values.rounds}': a number from 1 to 99`);
  const contents = among('content', values.content, CONTENTS.map(({ name }) => name));
  return {
    check: values.check, help: values.help, rounds, times: values.quick ? QUICK : FULL,
    sizes: values.size.split(',').map(size), senders: among('sender', values.only, [...DEFAULT, ...MORE]),
    contents: CONTENTS.filter(({ name }) => contents.includes(name)),
    json: values.json && resolve(values.json), html: resolve(values.html),
  };
}
