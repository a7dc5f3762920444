// What every committed file has to keep to, whoever wrote it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const files = execFileSync('git', ['-C', root, 'ls-files', '-z'], { encoding: 'utf8' })
  .split('\0').filter((file) => file && statSync(join(root, file), { throwIfNoEntry: false })?.isFile());

test('C files are formatted as .clang-format says', () => {
  const sources = files.filter((file) => /\.[ch]$/.test(file));
  assert.ok(sources.length > 10, 'found almost no C files');
  const run = spawnSync('clang-format', ['--dry-run', '-Werror', ...sources], { cwd: root, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr || String(run.error));
});

test('each C file opens with a comment that says what it is', () => {
  const bare = files.filter((file) => /\.[ch]$/.test(file) && !readFileSync(join(root, file), 'utf8').startsWith('/*'));
  assert.deepEqual(bare, []);
});

test('no file names the host of a package registry', () => {
  // In pieces, so that this file does not find itself.
  const hosts = new RegExp(['npmjs', 'yarnpkg', 'npmmirror'].map((name) => `(?:registry|repo)\\.${name}\\.\\w+`).join('|') + '|"resolved"\\s*:\\s*"http');
  const named = files.filter((file) => statSync(join(root, file)).size < 4e6 && hosts.test(readFileSync(join(root, file), 'latin1')));
  assert.deepEqual(named, []);
});

test('shell scripts parse and are strict', () => {
  const scripts = files.filter((file) => /^#!.*\b(bash|sh)\b/.test(readFileSync(join(root, file), 'latin1').slice(0, 80)));
  assert.ok(scripts.includes('run'));
  for (const script of scripts) {
    const run = spawnSync('bash', ['-n', script], { cwd: root, encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    const text = readFileSync(join(root, script), 'utf8');
    assert.ok(/^set -e/m.test(text) || text.split('\n').length < 8, `${script} does not \`set -e\``);
  }
});
