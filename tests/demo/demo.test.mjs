// ./run demo: what an evaluator sees first. It must come up quickly, work, and leave nothing.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readKeyFile } from '../rig/device.mjs';
import { ADDRESS, inOwnNetwork, noOwnNetwork } from '../rig/network.mjs';
import { root } from '../rig/paths.mjs';
import { Process, alive, clock, descendants, listens, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

// `./run demo …` in a runtime directory of its own, so that what it leaves can be seen.
function demo(rig, args = [], { wrap } = {}) {
  const runtime = join(rig.directory, 'runtime');
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  const env = { XDG_RUNTIME_DIR: runtime, DISPLAY: undefined, WAYLAND_DISPLAY: undefined };
  const child = rig.own(new Process('demo', join(root, 'run'), ['demo', ...args], { env, wrap, log: rig.path('demo.log'), cwd: '/', stdin: true }));
  return { child, runtime, started: clock() };
}

// How the demo's device lets media go: [media] of its configuration.
function media(runtime) {
  const [directory] = readdirSync(runtime);
  return readKeyFile(join(runtime, directory, 'device/etc/oriel/oriel.conf')).media;
}

// The display is some living program's.
function taken(name) {
  try { return alive(Number(readFileSync(`/tmp/.${name}-lock`, 'utf8'))); } catch { return false; }
}

const displays = () => readdirSync('/tmp/.X11-unix').filter((name) => /^X\d+$/.test(name));
const addressOf = async (child) => /http:\/\/127\.0\.0\.1:(\d+)\//.exec((await child.line(/The agent's page/, { ms: 60000 })).text);

story('--check plays the whole story and says what it saw', { timeout: 240000 }, async ({ rig }) => {
  const { child, runtime } = demo(rig, ['--check']);
  const { code } = await child.exited;
  const said = child.lines.map(({ text }) => text).join('\n');
  assert.equal(code, 0, said);
  for (const wanted of [/request to prompt\s+\d+ ms/, /consent tap to first picture\s+\d+ ms/, /picture\s+1280x720/, /frames a second\s+\d/, /screen to page\s+\d+ ms/,
    /the picture against the screen\s+(?:3[5-9]|[4-9]\d)\.\d dB/, /Stop to capture and media gone\s+\d+ ms/, /ended by the person: stopped/])
    assert.match(said, wanted);
  for (const name of ['console', 'panel', 'prompt']) {
    const file = new RegExp(`screenshot of the ${name}\\s+(\\S.*\\.png)$`, 'm').exec(said)?.[1];
    assert.ok(file && statSync(file).size > 20000, `no screenshot of the ${name}`);
  }
  assert.deepEqual(readdirSync(runtime), []);
  console.log(said);
});

story('starts in under 5 s, serves the page, and Ctrl-C leaves nothing', async ({ rig }) => {
  for (let round = 0; round < 2; round++) {
    const before = displays();
    const { child, runtime, started } = demo(rig);
    const [page, port] = await addressOf(child);
    const took = clock() - started;
    console.log(`./run demo is up after ${(took / 1000).toFixed(1)} s`);
    assert.ok(took < 5000, `it took ${(took / 1000).toFixed(1)} s`);
    const config = await (await fetch(`${page}console.json`)).json();
    assert.equal(config.tenant, 'demo');
    assert.match(await (await fetch(`${page}index.html`)).text(), /<html/i);
    const processes = descendants(child.pid);
    const names = processes.map(({ name }) => name);
    for (const name of ['mosquitto', 'turnserver', 'Xvfb', 'orield', 'oriel-signal', 'oriel-panel']) assert.ok(names.includes(name), `${name} is not among ${names.join(', ')}`);
    assert.ok(!names.includes('oriel-capture') && !names.includes('oriel-media'));
    assert.deepEqual(media(runtime), { path: 'relay' });
    child.signal('SIGINT');
    const { code } = await child.exited;
    assert.equal(code, 0, child.tail());
    assert.deepEqual(processes.filter(({ pid }) => alive(pid)), []);
    assert.deepEqual(readdirSync(runtime), []);
    assert.equal(await listens(Number(port)), false);
    // All of the demo's are dead: what lives is somebody else's, which came meanwhile.
    assert.deepEqual(displays().filter((name) => !before.includes(name) && !taken(name)), []);
  }
});

story('--lan lets media use the network, too', { skip: noOwnNetwork() }, async ({ rig }) => {
  const { child, runtime } = demo(rig, ['--lan'], { wrap: inOwnNetwork });
  await child.line(/The agent's page/, { ms: 60000 });
  assert.deepEqual(media(runtime), { path: 'direct', addresses: `127.0.0.1;${ADDRESS}` });
});

story('the panel that nobody can touch is tapped by name', async ({ rig }) => {
  const { child } = demo(rig);
  await addressOf(child);
  // Buttons come when the panel has drawn them: what is not there yet is tried again.
  await until('what there is', async () => { child.write('allow'); return child.lines.some(({ text }) => /There is no "allow" on the panel now; there are: .*\btab-alarms\b/.test(text)); }, { every: 500 });
  await until('the call for support', async () => { child.write('call'); child.write('call-send'); return child.lines.some(({ text }) => /calls for support/.test(text)); }, { every: 500 });
  // End of input is no end of the demo.
  child.child.stdin.end();
  await sleep(300);
  assert.equal(child.ended, null);
});

story('killed without a word it takes its processes with it', async ({ rig }) => {
  const { child, runtime } = demo(rig);
  await addressOf(child);
  const processes = descendants(child.pid);
  child.signal('SIGKILL');
  await child.exited;
  await until('all processes to end', () => !processes.some(({ pid }) => alive(pid)));
  rmSync(runtime, { recursive: true });
});

story('a step that fails is said, and the exit status tells', async ({ rig }) => {
  const { child, runtime } = demo(rig, ['--check']);
  const device = await until('orield', () => descendants(child.pid).find(({ name }) => name === 'orield'), { ms: 60000 });
  process.kill(device.pid, 'SIGKILL');
  const { code } = await child.exited;
  assert.notEqual(code, 0);
  assert.match(child.lines.map(({ text }) => text).join('\n'), /orield ended/);
  assert.deepEqual(readdirSync(runtime), []);
});

story('an unknown option is refused', async ({ rig }) => {
  const { child } = demo(rig, ['--chekc']);
  assert.equal((await child.exited).code, 2);
  assert.match(child.tail(), /'--chekc'/);
});
