// Pictures through a real TURN server: media has no address of its own, egress carries what it sends. Each way to the
// server, and the way that breaks in mid-session.
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { psnr, readPpm } from '../rig/image.mjs';
import { clock, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const URI = { udp: /transport=udp/, tcp: /^turn:.*transport=tcp/, tls: /^turns:/ };

// The device's trust file names this way to the server only. The agent's browser has its own.
function restrict({ etc }, transport) {
  const file = join(etc, 'trust.d', 'fill-cap.json'), trust = JSON.parse(readFileSync(file, 'utf8'));
  trust.turn = trust.turn.filter((uri) => URI[transport].test(uri));
  writeFileSync(`${file}.new`, JSON.stringify(trust));
  renameSync(`${file}.new`, file);
}

// A known picture, asked for and shown in Chromium.
async function watched(rig, transport) {
  const screen = await rig.screen();
  const painter = await rig.painter(screen);
  const cast = await rig.cast({ relay: { also: 'verbose' }, device: { screen } });
  restrict(cast.device, transport);
  const receiver = await rig.receiver();
  await painter.command(`picture 1 ${join(rig.directory, 'first.ppm')}`);
  await receiver.watchDevice(cast.agent, () => cast.provider.allow());
  await receiver.picture({ width: 1280, height: 720 });
  await cast.provider.next('session live');
  return { screen, painter, receiver, ...cast };
}

async function compare(rig, { painter, receiver }, number) {
  const file = join(rig.directory, `${number}.ppm`);
  await painter.command(`picture ${number} ${file}`);
  const truth = readPpm(file);
  let quality;
  await until(() => `the picture: ${quality.toFixed(1)} dB`, async () => (quality = psnr(truth, await receiver.pixels())) > 30, { every: 200 });
}

const live = (device) => device.audit().filter(({ event }) => event === 'live').map(({ path, transport }) => [path, transport]);

for (const transport of ['udp', 'tcp', 'tls'])
  story(`the picture goes through TURN by ${transport}`, async ({ rig }) => {
    const cast = await watched(rig, transport);
    await compare(rig, cast, 2);
    assert.deepEqual(live(cast.device), [[1, transport]]);
    await cast.painter.command('moves 3');
    await until('the time through egress', async () => (await cast.device.status()).session.figures?.stages_us.egress[1] > 0);
    const told = cast.agent.candidates.filter(Boolean);
    assert.ok(told.length > 0);
    for (const candidate of told) assert.match(candidate, / typ relay /);
    const from = cast.turn.process.lines.length;
    cast.provider.stopSession();
    await cast.agent.ended();
    await until('the helpers to be gone', () => cast.device.picture().length === 0);
    // Else it would stand for ten minutes, and count.
    if (transport === 'udp') await cast.turn.process.line(/refreshed, .*lifetime=0/, { from });
  });

for (const transport of ['udp', 'tcp', 'tls'])
  story(`the TURN server restarts in mid-session, by ${transport}: the same grant, a new path, nobody is asked`, async ({ rig }) => {
    const cast = await watched(rig, transport);
    const { agent, provider, device, receiver, turn } = cast;
    const { pid } = device.helper('oriel-media');
    await turn.process.stop({ signal: 'SIGKILL' });
    await turn.run();
    const from = clock();
    await until('the next path to be live', () => live(device).length >= 2); // the receiver answers its offer
    await receiver.picture({ width: 1280, height: 720 });
    console.log(`the picture is back ${Math.round(clock() - from)} ms after the server`);
    assert.deepEqual(live(device)[0], [1, transport]);
    assert.ok(live(device).slice(1).every(([path, by]) => path >= 2 && by === transport), JSON.stringify(live(device)));
    await compare(rig, cast, 3);
    assert.equal(device.helper('oriel-media').pid, pid);
    assert.equal(device.audit().filter(({ event }) => event === 'prompt').length, 1);
    provider.stopSession();
    await agent.ended();
  });

story('no TURN server answers: the agent is told, and nothing was seen', async ({ rig }) => {
  const cast = await rig.cast({ relay: true });
  await cast.turn.stop();
  await cast.agent.request();
  await cast.provider.allow();
  const denial = await cast.agent.next(({ typ }) => typ === 'denial' || typ === 'end', 40000);
  assert.equal(denial.reason, 'relay-failed');
  assert.match(denial.detail, /127\.0\.0\.1/);
});
