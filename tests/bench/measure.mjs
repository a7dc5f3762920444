// What /proc says of processes with all that is below them: processor time, memory, how often a thread was woken.
//
// Processor time is what the scheduler counted for the threads (schedstat, in ns), or utime and stime (in ticks of 10 ms)
// where threads have ended meanwhile; with it what children had that ended and were waited for. So the difference of two looks at a tree
// is right also when processes came and went between them.
import { readFileSync, readdirSync } from 'node:fs';
import { clock, everyProcess, memory, sleep } from '../rig/process.mjs';

const read = (path) => { try { return readFileSync(path, 'utf8'); } catch { return ''; } };

// The processes of these pids and all below them: [{pid, name}].
export function tree(roots) {
  const all = everyProcess().filter(({ state }) => state !== 'Z'), found = all.filter(({ pid }) => roots.includes(pid));
  for (let parents = found; parents.length;) {
    const pids = new Set(parents.map(({ pid }) => pid));
    parents = all.filter(({ pid, ppid }) => pids.has(ppid) && !found.some((process) => process.pid === pid));
    found.push(...parents);
  }
  return found.map(({ pid, name }) => ({ pid, name }));
}

// Seconds of a process: of the threads that it has (exact), of all it had (in ticks), of its children that it waited for.
function processorTime(pid) {
  const text = read(`/proc/${pid}/stat`), fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
  if (fields.length < 15) return NOTHING;
  const [utime, stime, cutime, cstime] = fields.slice(11, 15); // fields 14 to 17 of proc(5); ticks of 10 ms
  let threads = [];
  try { threads = readdirSync(`/proc/${pid}/task`); } catch { /* it ended just now */ }
  const exact = threads.reduce((sum, id) => sum + Number(read(`/proc/${pid}/task/${id}/schedstat`).split(' ')[0] || 0), 0) / 1e9;
  // Each time a thread had nothing to do and was woken for something.
  const wakeups = threads.reduce((sum, id) => sum + Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(read(`/proc/${pid}/task/${id}/status`))?.[1] ?? 0), 0);
  return { exact, ticks: (utime + stime) / 100, ended: (cutime + cstime) / 100, wakeups };
}
const NOTHING = { exact: 0, ticks: 0, ended: 0, wakeups: 0 };

// What it took between two looks.
export function between(before, after) {
  const exact = after.exact - before.exact, ticks = after.ticks - before.ticks;
  return (exact >= ticks - 0.02 ? exact : ticks) + after.ended - before.ended;
}

const look = (roots) => new Map(tree(roots).map(({ pid, name }) => [pid, { name, ...processorTime(pid) }]));

// How busy the whole machine was: [busy, all] in ticks.
function machine() {
  const ticks = read('/proc/stat').split('\n')[0].trim().split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, value) => sum + value, 0);
  return [all - ticks[3] - ticks[4], all];
}

// A look at several trees ({name: [pid …]}) from start() to stop(), which may be repeated: the times are added up.
export class Meter {
  constructor(trees) {
    this.trees = trees;
    this.passed = 0;
    this.busy = [0, 0];
    this.sums = new Map(Object.keys(trees).map((name) => [name, new Map()]));
  }

  start() {
    this.before = new Map(Object.entries(this.trees).map(([name, roots]) => [name, look(roots)]));
    this.machine = machine();
    this.from = clock();
  }

  stop() {
    const after = Object.entries(this.trees).map(([name, roots]) => [name, look(roots)]);
    this.passed += (clock() - this.from) / 1000;
    machine().forEach((value, i) => { this.busy[i] += value - this.machine[i]; });
    for (const [name, processes] of after) {
      const before = this.before.get(name), sums = this.sums.get(name);
      const add = (pid, process, seconds, wakeups = 0) => sums.set(pid, { name: process.name, seconds: (sums.get(pid)?.seconds ?? 0) + seconds, wakeups: (sums.get(pid)?.wakeups ?? 0) + Math.max(0, wakeups) });
      for (const [pid, process] of processes) add(pid, process, between(before.get(pid) ?? NOTHING, process), process.wakeups - (before.get(pid) ?? NOTHING).wakeups);
      // Of one that ended, its parent now has all; what it had before we looked was not ours.
      for (const [pid, process] of before) if (!processes.has(pid)) add(pid, process, between(process, NOTHING));
    }
  }

  async over(seconds) {
    this.start();
    await sleep(seconds * 1000);
    this.stop();
    return this;
  }

  // {cpu in percent of one core, wakeups a second, pss in MiB (now), processes: [{name, cpu, wakeups, pss}]} of one tree.
  of(name) {
    const all = [...this.sums.get(name)].map(([pid, { name: of, seconds, wakeups }]) => ({ name: of, cpu: seconds / this.passed * 100, wakeups: wakeups / this.passed, pss: memory(pid).pss / 1024 }));
    const sum = (key) => all.reduce((total, process) => total + process[key], 0);
    return { cpu: Math.max(0, sum('cpu')), wakeups: sum('wakeups'), pss: sum('pss'), processes: all.filter(({ pss }) => pss > 0) };
  }

  // In percent of all cores.
  get machineBusy() {
    return this.busy[1] ? this.busy[0] / this.busy[1] * 100 : undefined;
  }
}
