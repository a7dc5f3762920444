// What the bench found, for reading: `text` for the terminal, `html` as one file with plots and without anything from
// elsewhere. Both say what each figure is. Pure: from the results (bench.mjs) to a string.
import { LINKS_EXPLAINED, linkNoise, linkTables } from './link-report.mjs';
import { bars, curves } from './plot.mjs';
import { TRACE_EXPLAINED, traceTables } from './trace.mjs';

const number = (value, digits = 0) => (typeof value === 'number' && !Number.isNaN(value) ? value.toFixed(digits) : '-');
const percent = (value) => (typeof value === 'number' ? `${number(value, value < 1 ? 2 : value < 10 ? 1 : 0)} %` : '-');
const count = ({ unreadable, shown }) => (shown ? `${number(unreadable)} of ${number(shown)}` : '-');

// [heading, value of the figures of one sender and content, which contents have it (all when absent)].
const COLUMNS = [
  ['p50 ms', (f) => number(f.p50, 1), (c) => c !== 'rest'],
  ['p95 ms', (f) => number(f.p95, 1), (c) => c !== 'rest'],
  ['distinct fps', (f) => number(f.fps, 1), (c) => ['once', 'small', 'scroll', 'video'].includes(c)],
  ['painted fps', (f) => number(f.painted, 1), (c) => ['once', 'small', 'scroll', 'video'].includes(c)],
  ['longest gap ms', (f) => number(f.gap), (c) => ['small', 'scroll', 'video'].includes(c)],
  ['CPU of a core', (f) => percent(f.cpu)],
  ['wake-ups/s', (f) => number(f.wakeups), (c) => ['rest', 'once', 'small'].includes(c)],
  ['PSS MiB', (f) => number(f.pss, 1)],
  ['kbit/s', (f) => number(f.kbit)],
  ['exact ms', (f) => number(f.exact), (c) => ['flip', 'seen'].includes(c)],
  ['dB in motion', (f) => number(f.moving, 1), (c) => ['small', 'scroll', 'video'].includes(c)],
  ['unreadable', count, (c) => ['small', 'scroll', 'video'].includes(c)],
];

export const EXPLAINED = [
  ['p50, p95', 'from the painter writing the time on the screen to the page being given the picture with it (median and 95th percentile)'],
  ['distinct fps', 'pictures with a time of their own that the page was given in a second; painted fps: those that were on the screen'],
  ['CPU', 'of all processes of the sender with all below them, in percent of one core. Xvfb, the WebSocket proxy of VNC, the painter and the receiver are not in it; Xtigervnc is the X server as well'],
  ['wake-ups', 'how often in a second a thread of these processes had nothing to do and was woken'],
  ['PSS', 'proportional set size of the same processes, together'],
  ['kbit/s', 'what the receiver got: of WebRTC all packets of the transport, of VNC the bytes of the WebSocket'],
  ['exact', 'from the painter writing the time until the page shows each pixel as it was drawn; - where it did not come to that (a VP8 video never does). The 16 pixels where the pointer stands are left out'],
  ['dB in motion', 'a picture that the page shows while it moves, against the one with the same time; 99 dB is exact'],
  ['dB, SSIM', 'what the page shows some time after a page flip, against what was drawn; 99 dB is exact'],
  ['first picture', 'until the page has the picture that is on the screen'],
];

// The tables of one size: [{title, about, head, rows}]; a row that could not be measured has its reason in the second cell.
function tables({ about, size }) {
  const all = [{
    title: 'To the first picture', about: '', head: ['', 'ms', 'least', 'most', 'from'],
    rows: size.senders.map(({ title, rounds, median: { start, why } }) => {
      const all = rounds.map((round) => round.start?.ms).filter((ms) => ms !== undefined);
      return [title, ...(start ? [number(start.ms), number(Math.min(...all)), number(Math.max(...all)), start.from] : [{ why }])];
    }),
  }];
  for (const content of about.contents) {
    const columns = COLUMNS.filter(([, , fits]) => !fits || fits(content.name)), figures = ({ median }) => median.contents[content.name] ?? { why: median.why };
    const rows = size.senders.map((sender) => {
      const found = figures(sender);
      return [sender.title, ...(found.why ? [{ why: found.why }] : columns.map(([, value]) => value(found)))];
    });
    all.push({ title: content.title, about: content.about, head: ['', ...columns.map(([heading]) => heading)], rows });
    if (!['flip', 'seen'].includes(content.name)) continue;
    const times = size.senders.map((sender) => figures(sender).pictures).find(Boolean) ?? [];
    all.push({
      title: content.name === 'flip' ? 'Sharpness after a page flip' : 'Sharpness after a flip to a page seen before', about: 'dB / SSIM', head: ['', ...times.map(({ after }) => `after ${after} ms`)],
      rows: size.senders.map((sender) => [sender.title, ...(figures(sender).pictures?.map(({ psnr, ssim }) => `${number(psnr, 1)} / ${number(ssim, 3)}`) ?? [{ why: figures(sender).why }])]),
    });
  }
  const idle = size.senders.filter(({ median }) => median.idle).map(({ title, median: { idle } }) => [title, percent(idle.cpu), number(idle.pss, 1), processes(idle)]);
  if (idle.length) all.push({ title: 'Idle, before any session', about: '', head: ['', 'CPU of a core', 'PSS MiB', 'of which'], rows: idle });
  const busiest = about.contents.find(({ name }) => name === 'video')?.name ?? about.contents.at(-1).name;
  const running = size.senders.filter(({ median }) => median.contents[busiest]?.processes);
  if (running.length) all.push({ title: `Processes (${busiest})`, about: 'CPU of a core and PSS', head: ['', 'each'], rows: running.map(({ title, median }) => [title, processes(median.contents[busiest])]) });
  return all;
}

// Those of one name together: a browser has many.
function processes({ processes: list }) {
  const by = new Map();
  for (const { name, cpu, pss } of list ?? []) by.set(name, [(by.get(name)?.[0] ?? 0) + cpu, (by.get(name)?.[1] ?? 0) + pss]);
  return [...by].map(([name, [cpu, pss]]) => `${name} ${percent(cpu)} ${number(pss, 1)} MiB`).join(', ');
}

const machine = ({ machine: what, browser, rounds, minutes, at }) => `${at.slice(0, 16).replace('T', ' ')} UTC, ${what}, Chromium ${browser}, ${rounds === 1 ? 'one round' : `median of ${rounds} rounds`}, ${number(minutes, 1)} minutes`;

// How busy the machine was beside what was measured can't be told apart; that it was busy can.
function noise({ sizes = [], links }) {
  if (links) return linkNoise(links);
  const busy = sizes.flatMap(({ senders }) => senders.map(({ median }) => median.contents.rest?.machineBusy)).filter((value) => value !== undefined);
  const least = Math.min(...busy);
  return busy.length && least > 50 ? `The machine was busy: ${number(least)} % of all cores even with a screen at rest. Latencies and rates of this run say little.` : '';
}

// All there is: [{heading, tables, size}].
function chapters(results) {
  const sizes = (results.sizes ?? []).map((size) => ({ heading: `${size.width}x${size.height}`, size, tables: tables({ ...results, size }) }));
  if (results.links) sizes.push({ heading: 'Over an emulated link', tables: linkTables(results.links) });
  if (results.trace) sizes.push({ heading: 'Ordinary use', tables: traceTables(results.trace) });
  return sizes;
}
const some = (names) => EXPLAINED.filter(([what]) => names.includes(what));
function explained(results) {
  if (results.links) return [...some(['p50, p95', 'distinct fps', 'CPU', 'kbit/s', 'exact', 'dB in motion']), ...LINKS_EXPLAINED];
  return results.trace ? [...some(['CPU', 'kbit/s']), ...TRACE_EXPLAINED] : EXPLAINED;
}

export function text(results) {
  const lines = [machine(results.about)];
  for (const { heading, tables: all } of chapters(results)) {
    lines.push('', `==== ${heading} ====`);
    for (const { title, about, head, rows } of all) {
      lines.push('', about ? `${title}: ${about}` : title);
      const cells = [head, ...rows];
      const widths = head.map((_, i) => Math.max(...cells.map((row) => (typeof row[i] === 'string' ? row[i].length : 0))));
      for (const row of cells)
        lines.push(`  ${row.map((cell, i) => (typeof cell === 'object' ? `not measured: ${cell.why}` : i && !/^(from|of which|each)$/.test(head[i]) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('   ')}`.trimEnd());
    }
  }
  lines.push('', ...explained(results).map(([what, words]) => `${what}: ${words}.`));
  if (noise(results)) lines.push('', noise(results));
  return lines.join('\n');
}

const escape = (value) => String(value).replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);

const STYLE = `:root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--line:#d8dee4;--ground:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9198a1;--line:#30363d;--ground:#0d1117}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem;font-variant-numeric:tabular-nums}td,th{padding:.2rem .8rem;border-bottom:1px solid var(--line);text-align:right;font-weight:normal}
th{color:var(--dim)}td:first-child,td.words{text-align:left}.dim,figcaption{color:var(--dim)}figure{display:inline-block;margin:0 1.5rem 1rem 0;vertical-align:top}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .dim{fill:var(--dim)}svg .grid{stroke:var(--line)}`;

function table({ title, about, head, rows }) {
  const cell = (value, i) => (typeof value === 'object' ? `<td class="words" colspan="${head.length - 1}">not measured: ${escape(value.why)}</td>` : `<td${i && /[a-z]{3}/i.test(value) ? ' class="words"' : ''}>${escape(value)}</td>`);
  return `<h3>${escape(title)}</h3>${about ? `<p class="dim">${escape(about)}</p>` : ''}<table><tr>${head.map((name) => `<th>${escape(name)}</th>`).join('')}</tr>
${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n')}</table>`;
}

function plots({ about, size }) {
  const one = (content, caption, draw) => {
    const rows = size.senders.map(({ name, title, median }) => ({ name, title, ...median.contents[content] }));
    const figure = draw(rows);
    return figure ? `<figure><figcaption>${escape(caption)}</figcaption>${figure}</figure>` : '';
  };
  return about.contents.map(({ name, title }) => {
    const figures = [
      name !== 'rest' && one(name, 'latency, ms: median and 95th percentile', (rows) => bars(rows, 'p50', { to: 'p95' })),
      ['small', 'scroll', 'video'].includes(name) && one(name, 'distinct pictures a second', (rows) => bars(rows, 'fps', { least: 30 })),
      one(name, 'CPU, % of a core', (rows) => bars(rows, 'cpu')),
      one(name, 'kbit/s', (rows) => bars(rows, 'kbit')),
      ['flip', 'seen'].includes(name) && one(name, 'until the page is exact, ms', (rows) => bars(rows, 'exact')),
      name === 'flip' && one(name, 'dB after a page flip', (rows) => curves(rows.filter(({ pictures }) => pictures).map((row) => ({ ...row, points: row.pictures.map(({ after, psnr }) => [after, psnr]) })))),
    ];
    return `<h3>${escape(title)}</h3>${figures.filter(Boolean).join('\n')}`;
  }).join('\n');
}

export function html(results) {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Oriel and its peers</title><style>${STYLE}</style>
<h1>Oriel and its peers</h1>
<p class="dim">${escape(machine(results.about))}</p>${noise(results) ? `<p><strong>${escape(noise(results))}</strong></p>` : ''}
<dl>${explained(results).map(([what, words]) => `<dt>${escape(what)}</dt><dd class="dim">${escape(words)}.</dd>`).join('')}</dl>
<ul>${(results.links ?? results.trace?.senders ?? results.sizes[0].senders).map(({ title, note }) => `<li>${escape(title)}: <span class="dim">${escape(note)}</span></li>`).join('')}</ul>
${chapters(results).map(({ heading, size, tables: all }) => `<h2>${escape(heading)}</h2>
${size ? plots({ ...results, size }) : ''}
${all.map(table).join('\n')}`).join('\n')}
</html>
`;
}
