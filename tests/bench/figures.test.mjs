// The pure parts of the bench: what is counted is what was there, and what is drawn is what was counted.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test from 'node:test';
import { fromRgba, psnr, ssim } from '../rig/image.mjs';
import { words } from '../rig/link/link.mjs';
import { age, codeOf, columns, decode, encode } from './barcode.mjs';
import { PROFILES, ROWS } from './links.mjs';
import { Meter, between } from './measure.mjs';
import { options } from './options.mjs';
import { CORNER, hash } from './pixels.mjs';
import { bars, curves } from './plot.mjs';
import { html, text } from './report.mjs';
import { capacity, dip, exactAfter, judge, median, merge, motion, quantile, use } from './stats.mjs';
import { readTrace, recorded } from './trace.mjs';

const levels = (code, [dark, light] = [0, 255]) => encode(code).map((bit) => (bit ? light : dark));

test('a bar code is read as what was drawn, also at the brightness of video', () => {
  for (const code of [0, 1, 255, 2 ** 39, 2 ** 40 - 1, 0x12_3456_789a]) {
    assert.equal(decode(levels(code)), code);
    assert.equal(decode(levels(code, [30, 221])), code);
  }
});

test('a bar code with one cell broken is not read', () => {
  const good = levels(0x12_3456_789a);
  for (let i = 0; i < good.length; i++) {
    const broken = [...good];
    broken[i] = 255 - broken[i];
    assert.equal(decode(broken), null, `cell ${i}`);
  }
});

test('the cells are looked at in their middle, at every width', () => {
  for (const width of [640, 1280, 1281, 1366, 1920, 3840]) {
    const cell = Math.floor(width / 48);
    columns(width).forEach((x, i) => assert.ok(x > i * cell && x < (i + 1) * cell - 1, `${width}: ${x}`));
  }
});

test('the age of a code survives the end of its 40 bits', () => {
  const now = 2 ** 40 / 10 * 16; // where codes begin again
  assert.equal(age(now + 20, codeOf(now - 30)), 50);
  assert.equal(age(now, codeOf(now + 3)), -3);
});

test('quantiles lie between the values, and nothing has none', () => {
  assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5);
  assert.equal(quantile([10, 20], 0.95), 19.5);
  assert.equal(quantile([], 0.5), undefined);
  assert.equal(median([7, undefined, Number.NaN, 9, 1]), 7);
});

test('only new pictures are counted, with the moment they were first seen', () => {
  const start = 1.7e12, code = (ms) => codeOf(start + ms);
  const frames = [
    { at: start - 5, code: code(-40) }, // before
    { at: start + 20, code: code(-40) }, // the same again
    { at: start + 40, code: code(0) }, { at: start + 56, code: code(0) },
    { at: start + 70, code: null },
    { at: start + 80, code: code(30) },
    { at: start + 90, code: code(-90000) }, // misread
    { at: start + 250, code: code(190) }, // after
  ];
  const found = motion(frames, start, start + 200);
  assert.deepEqual(found.latencies, [40, 50]);
  assert.deepEqual([found.distinct, found.fps, found.shown, found.unreadable, found.gap], [2, 10, 6, 2, 120]);
});

test('a picture is exact from when it became so for good', () => {
  const start = 1.7e12, code = codeOf(start), at = (ms, sum) => ({ at: start + ms, sum });
  assert.equal(exactAfter([at(10, 1), at(40, 7), at(60, 2), at(90.5, 7), at(130, 7)], 7, code), 90.5);
  assert.equal(exactAfter([at(10, 7)], 7, code), 10);
  assert.equal(exactAfter([at(10, 7), at(40, 3)], 7, code), undefined);
  assert.equal(exactAfter([], 7, code), undefined);
});

test('the sum of a picture knows each pixel but those under the pointer, and no transparency', () => {
  const [width, height] = [40, 30], rgba = Buffer.alloc(width * height * 4, 200), sum = hash(rgba, width, height, 4);
  assert.equal(hash(Buffer.alloc(width * height * 3, 200), width, height, 3), sum);
  const changed = (x, y, channel) => { const copy = Buffer.from(rgba); copy[(y * width + x) * 4 + channel] ^= 1; return hash(copy, width, height, 4) !== sum; };
  for (const [x, y] of [[0, 0], [width - 1, 0], [0, height - 1], [width - CORNER - 1, height - 1], [width - 1, height - CORNER - 1]])
    assert.deepEqual([0, 1, 2, 3].map((channel) => changed(x, y, channel)), [true, true, true, false], `${x},${y}`);
  for (const [x, y] of [[width - CORNER, height - CORNER], [width - 1, height - 1]]) assert.equal(changed(x, y, 0), false);
});

test('a link that was worse for a while: how bad it was, and when it was as before', () => {
  const start = 1.7e12, frames = [];
  // Ten pictures a second that take 50 ms; two seconds later, for three seconds, one a second that takes 700 ms; then 300 ms for half a second.
  const show = (sent, took) => frames.push({ at: start + sent + took, code: codeOf(start + sent) });
  for (let sent = 0; sent < 2000; sent += 100) show(sent, 50);
  for (let sent = 2000; sent < 5000; sent += 1000) show(sent, 700);
  for (let sent = 5000; sent < 5500; sent += 100) show(sent, 300);
  for (let sent = 5500; sent < 8000; sent += 100) show(sent, 50);
  frames.sort((a, b) => a.at - b.at);
  const times = { from: start, at: start + 2000, back: start + 5000, to: start + 8000 }, found = dip(frames, times);
  assert.deepEqual([found.before, found.worst, found.gap, found.beforeFps], [50, 700, 1000, 10]);
  assert.ok(Math.abs(found.fps - 2 / 1.5) < 1e-9, String(found.fps));
  // The last slow one (sent at 5400) is shown at 5700; from then on all is as before.
  assert.ok(found.normal > 650 && found.normal <= 750, String(found.normal));
  assert.equal(dip(frames.filter(({ at }) => at < start + 5600), times).normal, undefined);
  assert.deepEqual([found.bad, dip([], times).worst, dip([], times).bad], [false, undefined, true]);
  const slow = frames.map(({ at, code }) => ({ at: at + 600, code })), { bad, normal } = dip(slow, times);
  assert.deepEqual([bad, normal], [true, undefined]);
});

test('the use of a link is what it sent against what it could', () => {
  assert.equal(use([{ sent: 5000 }, { sent: 7500 }], 2e5), 50);
  assert.equal(use([], 2e5), 0);
  const changes = [[300, { up: { rate: 1e6 } }], [100, { both: { hold: true } }], [200, { both: { hold: false } }], [900, { up: { rate: 9e6 } }]];
  assert.equal(capacity({ rate: 2e6 }, changes, 0, 500), 2e5 + 0 + 2e5 + 2e5);
  assert.equal(capacity({ rate: 2e6 }, changes, 150, 250), 1e5);
  assert.equal(capacity({ rate: 2e6 }, changes, 800, 1000, 3e6), 1e5 + 3e5);
  assert.equal(capacity({ rate: 2e6 }, [], 0, 500, 1e6), 5e5);
});

test('what moves is smooth, good, slow or stuck', () => {
  const so = (p50, fps, gap) => judge({ p50, fps, gap }, 50);
  assert.deepEqual([so(100, 29, 90), so(100, 29, 400), so(300, 29, 90), so(600, 29, 90), so(100, 7, 300), so(100, 20, 2500), so(100, 20, 3500), so(100, 0.5, 900), so(undefined, 0, 2000)],
    ['smooth', 'good', 'good', 'slow', 'slow', 'slow', 'stuck', 'stuck', 'stuck']);
});

test('links: each has its settings in words that the emulated link knows, and scripts that begin again', () => {
  const known = /^(rate|delay|jitter|queue|bytes|loss|bad|length|harm|reorder|late|hold|cut)=[\d.]+$/;
  for (const { title, link: { up, down }, script } of [...ROWS, ...PROFILES]) {
    assert.ok(up.rate > 0 && up.bytes >= 15000 && up.delay === down.delay, title);
    for (const word of `${words(up)} ${words(down)}`.split(' ')) assert.match(word, known, title);
    const changes = script?.(7) ?? [];
    assert.ok(!script || (changes.length && changes.every(([at]) => at >= 0 && at < 12000)), title);
  }
  assert.equal(PROFILES.length, 22);
  assert.equal(words({ rate: 1e6, burst: { share: 0.01, length: 8 }, hold: true }), 'rate=1000000 hold=1 bad=0.01 length=8 harm=1');
});

test('the recorded trace is ten minutes of taps at known places, and each two of them have all pages in them', () => {
  const { places, steps } = recorded(10);
  assert.ok(steps.length > 60 && steps.at(-1).at > 560 && steps.at(-1).at < 600);
  for (const [x, y] of Object.values(places)) assert.ok(x > 0 && x < 1280 && y > 0 && y < 720);
  for (let minute = 0; minute < 10; minute += 2) {
    const names = new Set(steps.filter(({ at }) => at >= minute * 60 && at < minute * 60 + 120).map(({ what }) => what));
    for (const wanted of ['tab-overview', 'tab-alarms', 'tab-trend', 'tab-recipe', 'tab-service', 'look']) assert.ok(names.has(wanted), `${wanted} in minute ${minute}`);
  }
  assert.ok(recorded(2).steps.every(({ at }) => at < 120));
  assert.throws(() => readTrace('1 nowhere'), /1 nowhere is at no known place/);
  assert.throws(() => readTrace('place a 1 2\n5 a\n3 a'), /3 a is at no known place, or out of order/);
});

test('rounds are merged figure by figure', () => {
  const merged = merge([{ a: 1, b: { c: [1, 2] }, t: 'x' }, { a: 5, b: { c: [3, 4] }, t: 'x' }, { a: 2, b: { c: [5, 0] }, t: 'x', late: 7 }]);
  assert.deepEqual(merged, { a: 2, b: { c: [3, 2] }, t: 'x', late: 7 });
});

test('PSNR and SSIM know equal, noisy and other pictures', () => {
  const picture = (pixel) => fromRgba(64, 48, Buffer.from(Array.from({ length: 64 * 48 }, (_, i) => { const value = pixel(i % 64, Math.floor(i / 64)); return [value, value, value, 255]; }).flat()));
  const truth = picture((x, y) => (x * 7 + y * 13) % 200), off = picture((x, y) => (x * 7 + y * 13) % 200 + 16);
  const flat = picture(() => 100);
  assert.equal(psnr(truth, truth), Infinity);
  assert.equal(ssim(truth, truth), 1);
  assert.ok(Math.abs(psnr(truth, off) - 20 * Math.log10(255 / 16)) < 1e-9);
  // The same structure, a little brighter, is like it; a grey area has none of it.
  assert.ok(ssim(truth, off) > 0.9 && ssim(truth, off) < 1, String(ssim(truth, off)));
  assert.ok(ssim(truth, flat) < 0.1, String(ssim(truth, flat)));
  assert.throws(() => ssim(truth, fromRgba(2, 2, Buffer.alloc(16))), /64x48 and 2x2/);
});

test('the processor time of a tree is right, also of children that ended', async () => {
  // Two children work, one after the other; the shell itself knows what they took (times).
  const work = 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done';
  const shell = spawn('sh', ['-c', `read go; sh -c '${work}'; sh -c '${work}'; times; read end`], { stdio: ['pipe', 'pipe', 'ignore'] });
  try {
    const meter = new Meter({ shell: [shell.pid] });
    meter.start();
    const said = new Promise((resolve) => { shell.stdout.once('data', (data) => resolve(String(data))); });
    shell.stdin.write('\n');
    const times = [...(await said).matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
    meter.stop();
    const spent = meter.of('shell').cpu / 100 * meter.passed;
    assert.ok(times > 0.02 && Math.abs(spent - times) < 0.04, `${spent} s are measured, ${times} s were taken`);
    const idle = (await new Meter({ shell: [shell.pid] }).over(0.1)).of('shell');
    assert.ok(idle.cpu < 1 && idle.pss > 0 && idle.wakeups < 50, JSON.stringify(idle));
  } finally { shell.kill('SIGKILL'); }
});

test('each time that a thread is woken counts', async () => {
  const shell = spawn('sh', ['-c', 'while read line; do echo "$line"; done'], { stdio: ['pipe', 'pipe', 'ignore'] });
  try {
    const say = () => new Promise((resolve) => { shell.stdout.once('data', resolve); shell.stdin.write('x\n'); });
    await say();
    const meter = new Meter({ shell: [shell.pid] });
    meter.start();
    for (let i = 0; i < 5; i++) await say();
    meter.stop();
    const woken = meter.of('shell').wakeups * meter.passed;
    assert.ok(woken > 0.9 && woken < 50, `${woken} times`);
  } finally { shell.kill('SIGKILL'); }
});

test('ended threads make no negative times', () => {
  assert.equal(between({ exact: 5, ticks: 5, ended: 0 }, { exact: 3, ticks: 5.5, ended: 0 }), 0.5);
  assert.equal(between({ exact: 5, ticks: 5, ended: 0 }, { exact: 5.004, ticks: 5.01, ended: 0 }).toFixed(3), '0.004');
});

const sender = (name, contents, rest = {}) => ({ name, title: name.toUpperCase(), note: `<${name}>`, rounds: [{ start: { ms: 250 } }, {}, { start: { ms: 350 } }], median: { start: { ms: 300, from: 'x & y' }, contents, ...rest } });
const video = { p50: 45.25, p95: 80, fps: 29.5, painted: 30, gap: 66, cpu: 51, pss: 48, kbit: 2400, moving: 38.5, shown: 90, unreadable: 0, processes: [{ name: 'a', cpu: 50, pss: 40 }, { name: 'a', cpu: 1, pss: 8 }] };
const results = {
  about: { at: '2026-01-02T03:04:05Z', minutes: 3, rounds: 3, machine: 'm', browser: 'b', contents: [{ name: 'flip', title: 'Flips', about: '' }, { name: 'video', title: 'Video', about: 'plasma' }] },
  sizes: [{ width: 1280, height: 720, senders: [
    sender('oriel', { flip: { cpu: 5, pss: 48, kbit: 9, pictures: [{ after: 250, psnr: 36.5, ssim: 0.98 }] }, video }),
    sender('chrome', { flip: { why: 'no <picture>' }, video: { why: 'no <picture>' } }, { start: undefined, why: 'no <picture>' }),
  ] }],
};

test('the table has each figure, and the reason where there is none', () => {
  const said = text(results);
  assert.match(said, /ORIEL +45\.[23] +80\.0 +29\.5 +30\.0 +66 +51 % +48\.0 +2400 +38\.5 +0 of 90/);
  assert.match(said, /ORIEL +300 +250 +350 +x & y/);
  assert.match(said, /CHROME +not measured: no <picture>/);
  assert.match(said, /ORIEL +36\.5 \/ 0\.980/);
  assert.match(said, /a 51 % 48\.0 MiB/);
});

const linked = { about: { ...results.about, contents: [] }, links: [
  { name: 'oriel', title: 'Oriel', note: 'n', rows: { 'dip-scroll': { before: 30, worst: 512.4, gap: 200, p50: 45, fps: 29, normal: 640, queue: 88, looked: 5 }, '2M-video': { p50: 101, fps: 28.5, use: 91.2, late: 12 }, '1M-flip': { p50: 60, exact: 740, pictures: [{ after: 500, psnr: 31.5 }, { after: 2500, psnr: 99 }] } }, profiles: { [PROFILES[0].name]: { p50: 33, fps: 30, gap: 77, use: 88, fullFps: 12 } }, two: { first: 1400, second: 1300, share: 92.9 } },
  { name: 'chrome', title: 'Chrome', note: 'n', rows: { 'dip-scroll': { before: 300, looked: 5 }, '2M-video': { why: 'no <picture>' } }, profiles: {} },
] };

test('links: the tables say what was measured, what never came, and that the link itself was late', () => {
  const said = text(linked);
  assert.match(said, /Oriel +30 +512 +200 +45 +29\.0 +640 +88/);
  assert.match(said, /Chrome +300 +- +- +- +- +not in 5 s +-/);
  assert.match(said, /Chrome +not measured: no <picture>/);
  assert.match(said, /Oriel +60 +740 +31\.5 +99\.0/);
  assert.match(said, /Oriel +1400 +1300 +93 %/);
  assert.match(said, /Fibre: 50 Mbit\/s, 5 ms +33 +- +30\.0 +77 +- +smooth +88 % +12\.0 /);
  assert.match(said, /5 % of the packets on more than 12 ms late/);
  const page = html(linked);
  assert.ok(page.includes('no &lt;picture&gt;') && !/<picture>/.test(page) && page.includes('not in 5 s'));
});

test('the trace: bytes against VP8 alone, and that it was a part of the trace', () => {
  const sender = (name, rest) => ({ name, title: name.toUpperCase(), note: 'n', ...rest });
  const said = text({ about: linked.about, trace: { minutes: 2, taps: 14, senders: [sender('oriel', { bytes: 2.5e6, parts: { video: 9e5, repeats: 0, tiles: 1.2e6 }, kbit: 166.7, psnr: 99, least: 99, cpu: 3.25 }), sender('oriel-vp8', { bytes: 1e7, kbit: 667, psnr: 39, least: 37.2, cpu: 9 }), sender('x11vnc', { why: 'gone' })] } });
  assert.match(said, /2 minutes of use of the demo panel: 14 taps; the whole trace has ten minutes, these are the first 2/);
  assert.match(said, /ORIEL +2\.50 +0\.90 +0\.00 +1\.20 +25 % +166\.7 +99\.0 +99\.0 +3\.[23] %/);
  assert.match(said, /ORIEL-VP8 +10\.00 +- +- +- +100 %/);
  assert.match(said, /X11VNC +not measured: gone/);
});

test('the report is one file that loads nothing and quotes what it was told', () => {
  const page = html(results);
  assert.ok(!/<picture>|<oriel>/.test(page) && page.includes('no &lt;picture&gt;') && page.includes('x &amp; y'));
  assert.ok(!/\b(?:src|href|url)\b|https?:/.test(page));
  assert.ok(page.match(/<svg/g).length >= 5);
});

test('plots are well-formed and to scale', () => {
  const rows = [{ name: 'oriel', title: 'A', cpu: 20, most: 50 }, { name: 'chrome', title: 'B', cpu: 40 }, { name: 'x11vnc', title: 'C' }];
  const svg = bars(rows, 'cpu', { to: 'most' });
  const [first, second] = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map((match) => Number(match[1]));
  assert.equal(second, first * 2);
  assert.match(svg, /not measured/);
  const line = curves([{ name: 'oriel', title: 'A', points: [[250, 30], [2500, 99]] }]);
  const [[, low], [, high]] = /points="([^"]*)"/.exec(line)[1].split(' ').map((point) => point.split(',').map(Number));
  assert.ok(low > high && high === 10, line);
  for (const plot of [svg, line]) assert.equal((plot.match(/<(?!\/)/g) ?? []).length, (plot.match(/\/>|<\//g) ?? []).length);
});

test('the command line refuses what it does not know', () => {
  assert.throws(() => options(['--only', 'oriel,webex']), /there is no sender 'webex'/);
  assert.throws(() => options(['--content', '']), /there is no content ''/);
  assert.throws(() => options(['--size', '1281x720']), /--size '1281x720': WIDTHxHEIGHT, even, at least 640x400/);
  assert.throws(() => options(['--rounds', '0']), /--rounds '0': a number from 1 to 99/);
  assert.throws(() => options(['--fast']), /--fast/);
  assert.throws(() => options(['--links', '--row', '2M-vidoe']), /there is no row '2M-vidoe'/);
  assert.throws(() => options(['--row', '2M-video']), /--row is only for --links/);
  assert.throws(() => options(['--links', '--content', 'video']), /--content is not for --links/);
  assert.throws(() => options(['--record', 'here']), /--record is only for --links/);
  assert.throws(() => options(['--links', '--trace']), /one at a time/);
  assert.throws(() => options(['--trace', '--minutes', '11']), /--minutes '11': a number from 1 to 10/);
  assert.deepEqual([options(['--trace']).minutes, options(['--trace', '--quick']).minutes], [10, 2]);
  assert.deepEqual(options(['--links', '--row', 'two,2M-video,satellite']).rows, ['two', '2M-video', 'satellite']);
  assert.ok(options(['--links']).rows.includes('profiles') && !options(['--links']).rows.includes('satellite'));
  const { rounds, sizes, senders, contents } = options(['--quick', '--content', 'video,rest', '--size', '640x480,1920x1080']);
  assert.deepEqual([rounds, sizes, senders.length, contents.map(({ name }) => name)], [1, [{ width: 640, height: 480 }, { width: 1920, height: 1080 }], 6, ['rest', 'video']]);
});
