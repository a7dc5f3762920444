// Runs the tests that `./run test` asks for and counts them one by one.
//
// A suite is a folder, named by what it is about; a file in it is named by the capability it tests. The unit tests are
// meson's (cmocka, TAP output); all others are node:test files, each in a process of its own with a time-out.
// The last line is always "N passed, N failed, N skipped"; the exit status is 1 when something failed, 2 when the
// pattern names nothing. What processes had to say in a failed test is under build/test-logs (rig/story.mjs).
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const build = process.env.ORIEL_BUILD ?? join(root, 'build');

const SUITES = [
  { name: 'style', folder: 'tests/style', seconds: 120, together: 2 },
  { name: 'unit', seconds: 60, together: 8 },
  { name: 'console', folder: 'signaling/console/test', seconds: 120, together: 2 },
  { name: 'bench', folder: 'tests/bench', seconds: 60, together: 1 },
  { name: 'flow', folder: 'tests/flow', seconds: 900, together: 2 },
  { name: 'demo', folder: 'tests/demo', seconds: 300, together: 1 },
  { name: 'browser', folder: 'tests/browser', seconds: 900, together: 1 },
];

const matches = (text, pattern) => text.toLowerCase().includes(pattern.toLowerCase());

// The names that a file gives to its tests, as they stand in its source.
function namesIn(file, expression) {
  if (!existsSync(file)) return [];
  return [...readFileSync(file, 'utf8').matchAll(expression)].map((match) => match.at(-1).replace(/\\(.)/g, '$1'));
}

function unitTests() {
  const tests = JSON.parse(execFileSync('meson', ['introspect', '--tests', build], { encoding: 'utf8' }));
  const sourceOf = (test) => join(here, 'unit', `${basename(test.cmd[0])}.c`);
  return tests.map((test) => ({
    name: `unit/${test.name}`,
    cases: namesIn(sourceOf(test), /^static void (test_\w+)\(void \*\*/gm),
    run: (_names, report) => runUnit(test, sourceOf(test), report),
  }));
}

function nodeTests(suite) {
  const folder = join(root, suite.folder);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => /\.test\.m?js$/.test(file)).sort();
  return files.map((file) => ({
    name: `${suite.name}/${file.replace(/\.test\.m?js$/, '')}`,
    cases: namesIn(join(folder, file), /^\s*(?:test|it|story)\(\s*(['"`])((?:\\.|(?!\1).)+)\1/gm),
    run: (names, report) => runNode(join(folder, file), suite.seconds, names, report),
  }));
}

// What of all there is the pattern names: whole files by their name, else single tests by theirs.
function chosen(files, pattern) {
  if (!pattern) return files.map((file) => ({ ...file, names: null }));
  return files.flatMap((file) => {
    if (matches(file.name, pattern)) return [{ ...file, names: null }];
    const names = file.cases.filter((name) => matches(name, pattern));
    return names.length ? [{ ...file, names }] : [];
  });
}

// Runs a program to its end; on time-out its whole group is killed. Gives back what it wrote and how it ended.
function finish(command, args, { seconds, env, onLine }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true });
    let output = '', said = '', lines = '', late = false;
    child.stdout.on('data', (data) => { output += data; said += data; });
    child.stderr.on('data', (data) => { output += data; });
    child.stdio[3].on('data', (data) => {
      lines += data;
      for (let end; (end = lines.indexOf('\n')) >= 0; lines = lines.slice(end + 1)) onLine?.(lines.slice(0, end));
    });
    const timer = setTimeout(() => {
      late = true;
      // First politely, so that a test can end what it started and say what it was waiting for.
      try { process.kill(child.pid, 'SIGTERM'); } catch { /* it ended just now */ }
      setTimeout(() => { try { process.kill(-child.pid, 'SIGKILL'); } catch { /* ended */ } }, 5000).unref();
    }, seconds * 1000);
    child.on('error', (error) => { clearTimeout(timer); resolve({ code: -1, output: String(error), said, late }); });
    child.on('close', (code, signal) => { clearTimeout(timer); resolve({ code: code ?? signal, output, said, late }); });
    // What outlives a test with the test's output in its hand would have us wait for ever.
    child.on('exit', () => setTimeout(() => {
      if (child.stdio.every((stream) => !stream || stream.destroyed)) return;
      output += '\nsomething that it started still runs and holds its output\n';
      late = true;
      for (const stream of child.stdio) stream?.destroy();
    }, 10_000).unref());
  });
}

// cmocka's skip() has no words; they stand beside it in the source.
function whySkipped(source, name) {
  const body = existsSync(source) ? readFileSync(source, 'utf8').split(new RegExp(`^static void ${name}\\(`, 'm'))[1] : '';
  return /\bskip\(\);\s*\/\*\s*(.*?)\s*\*\//s.exec(body ?? '')?.[1] ?? 'the test gave no reason';
}

async function runUnit(test, source, report) {
  const started = Date.now();
  const end = await finish(test.cmd[0], test.cmd.slice(1), {
    seconds: Math.max(test.timeout, 10),
    env: { ...(Array.isArray(test.env) ? {} : test.env), CMOCKA_MESSAGE_OUTPUT: 'TAP' },
  });
  const lines = end.output.split('\n');
  const results = lines.flatMap((line, i) => {
    const match = /^(not ok|ok) \d+ ?-? ?(# SKIP)? ?(.*)$/.exec(line);
    return match ? [{ verdict: match[1], skip: match[2], name: match[3], at: i }] : [];
  });
  results.forEach(({ verdict, skip, name, at }, i) => {
    // What the case said stands before its verdict, cmocka's own words after it.
    const from = i ? results[i - 1].at + 1 : 0;
    let to = at + 1;
    while (lines[to]?.startsWith('#')) to++;
    report({ name, state: skip ? 'skip' : verdict === 'ok' ? 'pass' : 'fail', why: skip ? whySkipped(source, name) : lines.slice(from, to).join('\n') });
  });
  const failed = results.some(({ verdict }) => verdict === 'not ok');
  const whole = { name: test.name, ms: Date.now() - started };
  if (end.late) report({ ...whole, state: 'fail', why: `not done in time\n${end.output}` });
  else if (end.code !== 0 && !failed) report({ ...whole, state: 'fail', why: `ended with ${end.code}\n${end.output}` });
  else if (!results.length) report({ ...whole, state: 'pass' });
}

async function runNode(file, seconds, names, report) {
  // A name pattern is a regular expression to node: each name is quoted.
  const only = (names ?? []).map((name) => `--test-name-pattern=^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
  let results = 0, failed = 0;
  const end = await finish(process.execPath,
    [`--test-reporter=${join(here, 'reporter.mjs')}`, ...only, file], {
      seconds,
      env: { ORIEL_BUILD: build },
      onLine(line) {
        const result = JSON.parse(line);
        if (names && result.state === 'skip' && /does not match/.test(result.why)) return;
        results++;
        if (result.state === 'fail') failed++;
        report(result);
      },
    });
  const told = end.output.trim() ? `\n${end.output.trim()}` : '';
  if (end.late) report({ name: basename(file), state: 'fail', why: `not done in ${seconds} s${told}` });
  else if (end.code !== 0 && !failed) report({ name: basename(file), state: 'fail', why: `ended with ${end.code}${told}` });
  else if (!results) report({ name: basename(file), state: 'fail', why: `no test in this file ran${told}` });
  else if (failed ? told : end.said.trim()) console.log((failed ? end.output : end.said).trim().replace(/^/gm, '      '));
}

const [option, ...rest] = process.argv.slice(2);
if (rest.length || (option?.startsWith('-') && option !== '--list')) {
  console.error('usage: ./run test [PATTERN | --list]');
  process.exit(2);
}
const suites = SUITES.map((suite) => ({ ...suite, files: suite.folder ? nodeTests(suite) : unitTests() }));
if (option === '--list') {
  for (const file of suites.flatMap((suite) => suite.files)) console.log([file.name, ...file.cases.map((name) => `    ${name}`)].join('\n'));
  process.exit(0);
}
for (const suite of suites) suite.files = chosen(suite.files, option);
if (!suites.some((suite) => suite.files.length)) {
  console.error(`no suite or test has "${option}" in its name. The suites (./run test --list has the tests, too):`);
  for (const suite of SUITES) console.error(`  ${suite.name}: ${(suite.folder ? nodeTests(suite) : unitTests()).map((file) => file.name.split('/')[1]).join(' ')}`);
  process.exit(2);
}

rmSync(join(build, 'test-logs'), { recursive: true, force: true });
const count = { pass: 0, fail: 0, skip: 0 };
const failures = [];
for (const suite of suites) {
  const queue = [...suite.files];
  const worker = async () => {
    for (let file; (file = queue.shift());)
      await file.run(file.names, ({ name, state, why, ms }) => {
        count[state]++;
        const time = ms >= 100 ? ` (${(ms / 1000).toFixed(1)} s)` : '';
        console.log(`${{ pass: 'ok  ', fail: 'FAIL', skip: 'skip' }[state]} ${file.name} · ${name}${time}${state === 'skip' ? `: ${why}` : ''}`);
        if (state !== 'fail') return;
        failures.push(`${file.name} · ${name}`);
        console.log((why ?? '').trimEnd().replace(/^/gm, '      '));
      });
  };
  await Promise.all(Array.from({ length: suite.together }, worker));
}
if (failures.length) console.log(`\nfailed:\n${failures.map((name) => `  ${name}`).join('\n')}`);
if (existsSync(join(build, 'test-logs'))) console.log(`logs: ${join(build, 'test-logs')}`);
console.log(`${count.pass} passed, ${count.fail} failed, ${count.skip} skipped`);
process.exit(count.fail ? 1 : 0);
