// A wrong configuration is refused with file, line and what is allowed, before anything is started.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Keys } from '../rig/keys.mjs';
import { program } from '../rig/paths.mjs';
import { story } from '../rig/story.mjs';

function orield(...args) {
  return new Promise((resolve) => {
    execFile(program('orield'), args, { timeout: 10000 }, (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }));
  });
}

// Changes one line of a good file (or adds one), and expects the refusal to name that line.
const wrong = [
  ['an unknown group', /^\[media\]$/, '[medium]', /allowed: .*\[media\]/],
  ['an unknown key', /^bitrate=.*$/, 'bit-rate=4000', /no key 'bit-rate' in \[media\]; allowed: .*bitrate/],
  ['a key of another group', /^bitrate=.*$/, 'timeout=4000', /no key 'timeout' in \[media\]/],
  ['a number that is none', /^bitrate=.*$/, 'bitrate=4M', /from 100 to 50000/],
  ['a number out of range', /^frame-rate=.*$/, 'frame-rate=61', /from 1 to 60/],
  ['a negative number', /^timeout=.*$/, 'timeout=-1', /from 5 to 600/],
  ['an unknown choice', /^backend=.*$/, 'backend=wayland', /auto\|x11\|fbdev\|hmi\|test/],
  ['an id with capitals', /^id=.*$/, 'id=Filler-1', /a-z, 0-9/],
  ['an empty required value', /^tenant=.*$/, 'tenant=', /./],
  ['a broker without TLS elsewhere', /^url=.*$/, 'url=mqtt://broker.example:1883', /loopback/],
  ['a broker that is no URL', /^url=.*$/, 'url=broker.example', /mqtts:\/\//],
  ['a password in the URL', /^url=.*$/, 'url=mqtts://me:secret@broker.example:8883', /mqtts:\/\//],
  ['a relative path', /^ca=.*$/, 'ca=ca.crt', /absolute/],
  ['an address that is a name', /^addresses=.*$/, 'addresses=panel.local', /IP address/],
  ['a proxy that is a URL', /^proxy=.*$/, 'proxy=http://proxy:3128', /host:port/],
  ['a line that is nothing', /^site=.*$/, 'site', /key=value/],
  ['a key given twice', /^site=.*$/, 'site=A\nsite=B', /already|twice/, 1],
  ['a key before any group', /^\[device\]$/, 'id=x\n[device]', /group/],
];

story('each wrong key or value is refused with its line', async ({ rig }) => {
  const broker = { device: 'filler-1', tenant: 'plant', url: 'mqtts://127.0.0.1:1', keys: new Keys(rig.path('keys')) };
  const device = await rig.device({ broker, start: false, config: { media: { bitrate: 4000, 'frame-rate': 30 }, broker: { proxy: '' } } });
  rig.owned.pop(); // never started
  const good = readFileSync(device.file, 'utf8').split('\n');
  const checked = await orield('--config', device.file, '--check');
  assert.equal(checked.code, 0, checked.stderr);
  assert.match(checked.stdout, /good/);
  for (const [what, line, text, says, later = 0] of wrong) {
    const at = good.findIndex((candidate) => line.test(candidate));
    assert.ok(at >= 0, `${what}: the file has no such line`);
    writeFileSync(device.file, good.map((candidate, i) => (i === at ? text : candidate)).join('\n'));
    for (const args of [['--check'], []]) {
      const { code, stderr } = await orield('--config', device.file, ...args);
      assert.equal(code, 2, `${what}: exit status ${code}\n${stderr}`);
      assert.ok(stderr.includes(`${device.file}:${at + 1 + later}:`), `${what}: no ${device.file}:${at + 1 + later} in\n${stderr}`);
      assert.match(stderr, says, what);
      assert.ok(!existsSync(device.auditFile) && !existsSync(device.consent), `${what}: something was started`);
    }
  }
});

story('a missing key, a missing file and a wrong command line are said', async ({ rig }) => {
  const file = rig.path('oriel.conf');
  writeFileSync(file, '[device]\nid=filler-1\n[broker]\nurl=mqtts://127.0.0.1:8883\n');
  let result = await orield('--config', file);
  assert.equal(result.code, 2);
  assert.match(result.stderr, /'tenant' in \[device\] is missing/);
  result = await orield('--config', `${file}.none`);
  assert.equal(result.code, 2);
  assert.ok(result.stderr.includes(`${file}.none`));
  result = await orield('--loud');
  assert.equal(result.code, 2);
  assert.match(result.stderr, /'--loud' is not an option/);
});
