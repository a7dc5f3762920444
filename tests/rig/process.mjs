// Processes that can't outlive whoever started them, and that leave a log.
//
// Each is started through setpriv(1) with a parent-death signal: when this Node process dies, however it dies, the
// kernel kills it. It has a process group of its own, so that a Ctrl-C in the terminal reaches us alone and the order
// of ending is ours. Ending is by pid, never by name.
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync, readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { build } from './paths.mjs';

// What programs would else leave in the user's home or runtime folder: caches (GStreamer's registry, fonts) and settings.
export const tidy = { XDG_CACHE_HOME: join(build, 'cache'), GSETTINGS_BACKEND: 'memory' };
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
// Monotonic milliseconds.
export const clock = () => Number(process.hrtime.bigint() / 1000n) / 1000;

// Calls `look` until it gives something true, and gives that back. `what` says what was waited for, or is asked for it.
export async function until(what, look, { ms = 30000, every = 20 } = {}) {
  const end = clock() + ms;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (clock() > end) throw new Error(`waited ${ms} ms in vain for ${typeof what === 'function' ? what() : what}`);
    await sleep(every);
  }
}

// The promise's value, or an error that says what was waited for (`what` may be a function, asked then).
export function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain for ${typeof what === 'function' ? what() : what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const takes = (port) => new Promise((resolve) => {
  const server = createServer().on('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
});

// Below those that the kernel gives to connections by itself, and for each process others first: between our look and the use
// nobody else takes them, neither a connection nor the file of tests that runs beside us.
const PORTS = { first: 10500, count: 20000 };
let looked = process.pid * 997;

// A TCP port on loopback that nobody has; `wanted`, if it is one.
export async function freePort(wanted = 0) {
  for (let port = wanted; ; port = PORTS.first + ++looked % PORTS.count) if (port && await takes(port)) return port;
}

// Whether somebody accepts connections on that port.
export function listens(port, address = '127.0.0.1') {
  return new Promise((resolve) => {
    const socket = connect(port, address, () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}

const running = new Set();
// What a crash of ours would leave behind is killed by the kernel; this is for an orderly end that forgot one.
process.on('exit', () => { for (const { child } of running) { try { process.kill(child.pid, 'SIGKILL'); } catch { /* gone */ } } });

// Ends whatever still runs, e.g. what was half started when something failed.
export const stopAll = () => Promise.all([...running].map((process) => process.stop()));

export class Process {
  // Options: env (added to ours; undefined removes), log (a file), stdin (true: write() can be used), cwd, wrap (words put before
  // the command, e.g. another setpriv), extra (number of pipes from fd 3 on).
  constructor(name, command, args = [], { env = {}, log, stdin = false, cwd, wrap = [], extra = 0 } = {}) {
    this.name = name;
    this.lines = [];
    this.listeners = new Set();
    this.ended = null;
    const words = [...wrap, command, ...args].map(String);
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...words], {
      cwd,
      env: Object.fromEntries(Object.entries({ ...process.env, ...tidy, ...env }).filter(([, value]) => value !== undefined)),
      stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', ...Array(extra).fill('pipe')],
      detached: true,
    });
    this.pid = this.child.pid;
    this.log = log && createWriteStream(log, { flags: 'a' });
    this.child.stdin?.on('error', () => { /* it ended: `exited` tells */ });
    for (const stream of [this.child.stdout, this.child.stderr]) this.#read(stream);
    this.exited = new Promise((resolve) => {
      const end = (how) => {
        if (this.ended) return;
        this.ended = how;
        running.delete(this);
        resolve(how);
        for (const listener of [...this.listeners]) listener();
      };
      this.child.on('error', (error) => end({ code: null, signal: null, error }));
      this.child.on('close', (code, signal) => { this.log?.end(); end({ code, signal }); });
    });
    running.add(this);
  }

  #read(stream) {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      this.log?.write(text);
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        this.lines.push({ at: clock(), text: line });
        this.onLine?.(line);
      }
      for (const listener of [...this.listeners]) listener();
    });
  }

  write(line) {
    this.child.stdin.write(`${line}\n`);
  }

  // The first line from `from` on that matches, when it is there; an error when the process ends before.
  line(expression, { ms = 30000, from = 0 } = {}) {
    const look = () => this.lines.slice(from).find(({ text }) => expression.test(text));
    return within(ms, () => `"${expression.source}" from ${this.name}; it said:\n${this.tail()}`, new Promise((resolve, reject) => {
      const check = () => {
        const found = look();
        if (found || this.ended) this.listeners.delete(check);
        if (found) resolve(found);
        else if (this.ended) reject(new Error(`${this.name} ended (${this.how()}) before it said "${expression.source}":\n${this.tail()}`));
      };
      this.listeners.add(check);
      check();
    }));
  }

  tail(count = 12) {
    return this.lines.slice(-count).map(({ text }) => `  ${text}`).join('\n');
  }

  how() {
    const { code, signal, error } = this.ended ?? {};
    return error ? error.message : signal ? `signal ${signal}` : `status ${code}`;
  }

  // Nothing happens when it is gone: that may be so a moment before `ended` says it.
  signal(name) {
    try { process.kill(this.pid, name); } catch (error) { if (error.code !== 'ESRCH') throw error; }
  }

  // Asks it to end, insists after `ms`. Gives back how it ended; `late` when it had to be killed.
  async stop({ signal = 'SIGTERM', ms = 20000 } = {}) {
    if (this.ended) return this.ended;
    this.signal(signal);
    const timer = setTimeout(() => { this.killed = true; this.signal('SIGKILL'); }, ms);
    const how = await this.exited;
    clearTimeout(timer);
    return { ...how, late: Boolean(this.killed) };
  }
}

// ---- what /proc says ----

const read = (path) => { try { return readFileSync(path, 'utf8'); } catch { return ''; } };

// {pid, ppid, name, state} of one process, or null. The name in stat may hold blanks and parentheses.
export function stat(pid) {
  const text = read(`/proc/${pid}/stat`);
  const match = /^(\d+) \((.*)\) (\S) (\d+) /s.exec(text);
  if (!match) return null;
  const fields = text.slice(match[0].length).split(' ');
  // utime and stime are fields 14 and 15 of proc(5), in ticks of 10 ms; four are before `fields`.
  return { pid: Number(match[1]), name: match[2], state: match[3], ppid: Number(match[4]), cpu: (Number(fields[9]) + Number(fields[10])) / 100 };
}

export function everyProcess() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(stat).filter(Boolean);
}

// All children of a process, theirs and so on.
export function descendants(pid) {
  const all = everyProcess(), found = [];
  for (let parents = new Set([pid]); parents.size;) {
    const children = all.filter((process) => parents.has(process.ppid));
    found.push(...children);
    parents = new Set(children.map((child) => child.pid));
  }
  return found;
}

export const commandLine = (pid) => read(`/proc/${pid}/cmdline`).split('\0').slice(0, -1);
export const alive = (pid) => { const found = stat(pid); return Boolean(found) && found.state !== 'Z'; };
export const openFiles = (pid) => { try { return readdirSync(`/proc/${pid}/fd`).length; } catch { return 0; } };
// Proportional and resident set sizes, KiB.
export function memory(pid) {
  const of = (text, key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const rollup = read(`/proc/${pid}/smaps_rollup`);
  return { pss: of(rollup, 'Pss'), rss: of(rollup, 'Rss'), own: of(rollup, 'Private_Dirty') };
}
