// What `meson install` makes: its files, its programs, which run from where they are, and how little the unit exposes.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../rig/paths.mjs';
import { sleep } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { install } from '../rig/systemd.mjs';

const UNIT = 'usr/lib/systemd/system/orield.service';
const MOST_EXPOSURE = 2.0;

const run = (command, args, options) => spawnSync(command, args, { encoding: 'utf8', ...options });

story('an installation has what it needs, and runs from where it is', async ({ rig }) => {
  const tree = install(rig.folder('tree')), at = (path) => join(tree, path);
  for (const file of ['usr/bin/oriel', 'usr/bin/oriel-panel', 'usr/sbin/orield', 'usr/share/oriel/console/index.html', 'usr/share/oriel/console/app.js', 'usr/share/oriel/console/app.css', 'usr/share/oriel/pipelines/vp8.pipeline',
    'usr/include/oriel.h', 'usr/lib/sysusers.d/oriel.conf', 'usr/lib/tmpfiles.d/oriel.conf', UNIT, 'usr/share/doc/oriel/examples/network.conf',
    ...['man1/oriel.1', 'man1/oriel-audit.1', 'man1/oriel-provision.1', 'man1/oriel-panel.1', 'man3/liboriel.3', 'man5/oriel.conf.5', 'man8/orield.8'].map((page) => `usr/share/man/${page}`)])
    assert.ok(lstatSync(at(file), { throwIfNoEntry: false })?.isFile(), `${file} is not installed`);
  const helpers = readdirSync(at('usr/libexec/oriel'));
  for (const name of ['oriel-signal', 'oriel-capture', 'oriel-media', 'oriel-egress', 'oriel-camera', 'oriel-enter', 'oriel-plugindir']) assert.ok(helpers.includes(name), `${name} is not installed`);
  for (const [unit, text] of [[UNIT, readFileSync(at(UNIT), 'utf8')], ...['sysusers.d', 'tmpfiles.d'].map((folder) => [folder, readFileSync(at(`usr/lib/${folder}/oriel.conf`), 'utf8')])])
    assert.doesNotMatch(text, /@\w+@/, `${unit} has an unfilled place`);

  // The plugins: made where they lie, not carried along.
  assert.ok(!helpers.includes('gst'));
  const plugindir = (...args) => run(at('usr/libexec/oriel/oriel-plugindir'), args);
  assert.deepEqual([plugindir('--check').status, plugindir('--nonsense').status], [1, 2]);
  const made = plugindir();
  assert.equal(made.status, 0, made.stderr);
  const registry = readFileSync(at('usr/libexec/oriel/gst/registry.bin'), 'latin1');
  assert.ok(registry.includes(at('usr/libexec/oriel/gst/libgstwebrtc.so')), 'the registry is about other files');
  assert.equal(plugindir('--check').status, 0);
  // GStreamer is upgraded: said, and mended by the same command.
  const plugin = at('usr/libexec/oriel/gst/libgstnice.so'), copy = readFileSync(plugin);
  rmSync(plugin);
  await sleep(20); // the file system's clock is a coarse one
  writeFileSync(plugin, copy);
  const old = plugindir('--check');
  assert.equal(old.status, 1);
  assert.match(old.stderr, /libgstnice\.so is newer than .*run oriel-plugindir again/);
  assert.deepEqual([plugindir().status, plugindir('--check').status], [0, 0]);
  assert.ok(lstatSync(plugin).isSymbolicLink());

  // The programs start, and a device runs from there: the helpers are found by their place.
  const broker = await rig.broker();
  // Helpers and graph are looked for beside orield and where it was built for; in another place they go by their paths.
  const device = await rig.device({ broker, start: false, config: { run: { helpers: at('usr/libexec/oriel') }, media: { pipeline: at('usr/share/oriel/pipelines/vp8.pipeline') } } });
  const check = run(at('usr/sbin/orield'), ['--config', device.file, '--check']);
  assert.deepEqual([check.status, check.stdout], [0, `${device.file}: good\n`], check.stderr);
  for (const [program, version] of [['usr/sbin/orield', /^orield \d/], ['usr/bin/oriel', /^oriel \d/]]) {
    const { status, stdout, stderr } = run(at(program), ['--version']);
    assert.equal(status, 0, stderr);
    assert.match(stdout, version);
  }
  device.program = at('usr/sbin/orield');
  await device.run();
  const provider = await rig.provider(device);
  await device.online();
  const agent = await rig.agent(broker);
  await agent.request();
  await provider.allow();
  await agent.grant();
  await agent.offer();
  const media = device.helper('oriel-media');
  const maps = readFileSync(`/proc/${media.pid}/maps`, 'utf8');
  assert.ok(maps.includes('libgstwebrtc.so'), 'media has no webrtcbin');
  provider.stopSession();
  await agent.ended();

  // An HMI builds against it.
  const pc = execFileSync('find', [at('usr/lib'), '-name', 'liboriel.pc'], { encoding: 'utf8' }).trim();
  const config = (...args) => execFileSync('pkg-config', [...args, 'liboriel'], { encoding: 'utf8', env: { ...process.env, PKG_CONFIG_PATH: dirname(pc), PKG_CONFIG_SYSROOT_DIR: tree, PKG_CONFIG_ALLOW_SYSTEM_CFLAGS: '1', PKG_CONFIG_ALLOW_SYSTEM_LIBS: '1' } }).trim().split(/\s+/);
  const hmi = rig.path('hmi');
  execFileSync('cc', ['-Wall', '-Werror', '-o', hmi, join(root, 'src/hmi/example-poll.c'), ...config('--cflags', '--libs')]);
  assert.ok(existsSync(hmi));
});

story('the unit exposes little', async ({ rig }) => {
  const tree = install(rig.folder('tree'));
  const folder = join(tree, dirname(UNIT)), units = readdirSync(folder).filter((name) => name.endsWith('.service'));
  assert.deepEqual(units, ['orield.service']);
  assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith('.socket')), []);
  for (const unit of units) {
    const { status, stdout, stderr } = run('systemd-analyze', ['security', '--offline=true', '--no-pager', `--threshold=${MOST_EXPOSURE * 10}`, join(folder, unit)]);
    const score = /exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
    assert.equal(status, 0, `${unit}: ${score}\n${stdout.split('\n').filter((line) => line.startsWith('✗')).join('\n')}\n${stderr}`);
    assert.ok(Number(score) <= MOST_EXPOSURE, `${unit}: ${score}`);
    assert.equal(stderr, '', 'systemd has something to say about it');
    console.log(`systemd-analyze security ${unit}: ${score}`);
  }
});
