// What an HMI links: any toolkit can, and it costs next to nothing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { program } from '../rig/paths.mjs';

const LARGEST = 40 * 1024;

const needs = (file) => [...execFileSync('readelf', ['-d', program(file)], { encoding: 'utf8' }).matchAll(/NEEDED.*\[(\S+)\]/g)].map(([, name]) => name);
const library = 'src/hmi/liboriel.so.0';
const sanitized = needs(library).some((name) => /asan|ubsan/.test(name)) && 'built with sanitizers';

test('liboriel needs libc only, and a program that uses it nothing else', { skip: sanitized }, () => {
  assert.deepEqual(needs(library), ['libc.so.6']);
  assert.deepEqual(needs('example-poll').sort(), ['libc.so.6', 'liboriel.so.0']);
});

test('liboriel has at most 40 KiB, stripped', { skip: sanitized }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'oriel-test-'));
  try {
    execFileSync('strip', ['-o', join(folder, 'liboriel.so'), program(library)]);
    const { size } = statSync(join(folder, 'liboriel.so'));
    console.log(`liboriel, stripped: ${(size / 1024).toFixed(1)} KiB`);
    assert.ok(size <= LARGEST, `${size} bytes; ${LARGEST} are allowed`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
