// `./run bench [ROW]`: the figures of DESIGN section 7 that this tree can reach, as a table. It is no test: nothing fails on a time.
//
// One device on an Xvfb of 1280x720, rig-painter on it, headless Chromium as the receiver on the same machine, one
// thing after the other. Latency is from the moment the painter writes the time to the moment the page is given the frame
// with it (requestVideoFrameCallback), on one clock. Processor time is of the device's processes over the same seconds, in
// percent of one core; memory is the proportional set size (PSS).
import { rmSync } from 'node:fs';
import { Rig } from '../rig/story.mjs';
import { clock, memory, sleep, stat } from '../rig/process.mjs';

const only = process.argv[2];
const SECONDS = Number(process.env.ORIEL_BENCH_SECONDS ?? 10);
const STARTS = Number(process.env.ORIEL_BENCH_STARTS ?? 10);

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];
const show = (value, digits = 0, unit = '') => (value === undefined || Number.isNaN(value) ? '-' : `${value.toFixed(digits)}${unit}`);

function table(title, columns, rows) {
  const cells = [columns, ...rows.map((row) => row.map(String))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  console.log(`\n${title}`);
  for (const row of cells) console.log(`  ${row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('   ')}`);
}

// Processor time of each of the device's processes over some seconds, and their memory at the end.
async function measure(device, seconds, during = () => sleep(seconds * 1000)) {
  const processes = [{ pid: device.pid, name: 'orield' }, ...device.helpers()];
  const before = processes.map(({ pid }) => stat(pid)?.cpu ?? 0), from = clock();
  const result = await during();
  const passed = (clock() - from) / 1000;
  const all = processes.map(({ pid, name }, i) => ({ name, cpu: ((stat(pid)?.cpu ?? before[i]) - before[i]) / passed * 100, pss: memory(pid).pss / 1024 }));
  return { all, cpu: all.reduce((sum, { cpu }) => sum + cpu, 0), pss: all.reduce((sum, { pss }) => sum + pss, 0), result };
}

const processRows = (when, { all, cpu, pss }) => [...all.map(({ name, cpu: own, pss: size }) => [`${when}: ${name}`, show(own, 1, ' %'), show(size, 1)]), [`${when}: all`, show(cpu, 1, ' %'), show(pss, 1)]];

const rig = new Rig();
let problems = [];
const wants = (name) => !only || name.includes(only);
try {
  const screen = await rig.screen();
  const painter = await rig.painter(screen);
  const { device, provider, agent } = await rig.cast({ device: { screen, watch: false } });
  const receiver = await rig.receiver();
  await painter.command(`picture 1 ${rig.directory}/picture.ppm`);

  const begin = async () => {
    const certificate = await receiver.certificate();
    await agent.request({ fingerprint: certificate });
    const ask = await provider.asked();
    const tap = Date.now();
    provider.decide(ask, true);
    await agent.grant();
    await receiver.connect(agent);
    const { first } = await receiver.picture();
    await provider.next('session live');
    return first - tap;
  };
  const finish = async () => {
    provider.stopSession();
    await agent.ended();
    await receiver.close();
    await agent.whenState((state) => state.status === 'ready');
  };

  if (wants('start')) {
    const starts = [];
    for (let i = 0; i < STARTS; i++) { starts.push(await begin()); await finish(); }
    table('Consent to the first picture (decision sent to first frame shown), ms', ['', 'median', 'least', 'most', 'runs'],
      [['a known picture, at rest', show(quantile(starts, 0.5)), show(Math.min(...starts)), show(Math.max(...starts)), starts.length]]);
  }

  const processes = [];
  if (wants('processes') || wants('idle')) {
    await sleep(2000);
    processes.push(...processRows('idle', await measure(device, SECONDS)));
  }
  await begin();
  await sleep(4000);
  if (wants('processes')) processes.push(...processRows('in session, screen at rest', await measure(device, SECONDS)));

  const motion = [];
  for (const [kind, title] of [['small', 'a bar code of 1280x32, 30 Hz'], ['scroll', 'dense text scrolling, 30 Hz'], ['video', 'full-frame plasma with grain, 30 Hz']]) {
    if (!wants(kind)) continue;
    await painter.command(`clock ${kind}`);
    await sleep(4000);
    await receiver.watch(true);
    const before = (await receiver.received()).bytes;
    const sums = await measure(device, SECONDS);
    const frames = await receiver.codes();
    await receiver.watch(false);
    const kbit = ((await receiver.received()).bytes - before) * 8 / 1000 / SECONDS;
    const read = frames.filter(Boolean), latency = read.map((frame) => frame.latency);
    const distinct = new Set(read.map(({ code }) => code)).size / SECONDS;
    motion.push([title, show(quantile(latency, 0.5), 1), show(quantile(latency, 0.95), 1), show(distinct, 1), show(sums.cpu, 1, ' %'), show(kbit), `${frames.length - read.length} of ${frames.length}`]);
    if (kind === 'video' && wants('processes')) processes.push(...processRows('in session, full motion', sums));
  }
  if (motion.length) table(`Screen to page, 1280x720, over ${SECONDS} s`, ['', 'p50 ms', 'p95 ms', 'distinct fps', 'CPU of one core', 'kbit/s', 'unreadable frames'], motion);
  if (processes.length) table(`Processes of the device over ${SECONDS} s`, ['', 'CPU of one core', 'PSS MiB'], processes);
  await finish();
} finally {
  problems = await rig.close();
  rmSync(rig.directory, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
process.exit(problems.length ? 1 : 0);
