// Media or egress that is not ours any more, and forges what it tells core (attack 22): what it says is refused, no scope is raised,
// nothing leaves that may not, and at most its session dies.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../rig/paths.mjs';
import { alive, sleep, stat, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

// rig-hostile (or another) in the place of a helper.
function hostileHelper(rig, place, program = 'rig-hostile') {
  const helpers = rig.folder('helpers');
  for (const name of ['oriel-enter', 'oriel-signal', 'oriel-capture', 'oriel-media', 'oriel-egress', 'oriel-camera', 'oriel-voice'])
    symlinkSync(join(build, name === place ? `tests/rig/${program}` : name), join(helpers, name));
  return helpers;
}

// It takes the number of its lie from the bitrate.
const replaced = (rig, bitrate, program) => ({ device: { config: { run: { helpers: hostileHelper(rig, 'oriel-media', program) }, media: { bitrate } } } });

const endings = (device) => device.audit().filter(({ event }) => event === 'end' || event === 'denial');

// Core is as before, and nothing more was granted than was asked, nor went live.
async function noMoreThanThat({ device }) {
  await until('nothing of it to be left', () => device.picture().length === 0);
  assert.ok(alive(device.pid) && stat(device.pid).name === 'orield');
  assert.deepEqual(device.audit().filter(({ event }) => event === 'grant').flatMap(({ scopes }) => scopes).filter((scope) => scope !== 'view'), [], 'no scope beyond what was granted');
  assert.ok(!device.audit().some(({ event }) => event === 'live'), 'no session went live');
  await until('the device to be ready', async () => (await device.status()).status === 'ready');
}

const LIES = {
  101: 'an unknown type', 102: 'a string longer than its packet', 103: 'a false length', 104: 'descriptors where none belong', 105: 'a message of core\'s own', 107: 'the largest packet',
  108: ['a socket for the relay, without one', /a socket that it was not asked for/], 110: ['an address that it must not tell', /an address that must not leave/], 111: ['an offer with addresses', /an offer with addresses/],
};
for (const [number, lie] of Object.entries(LIES)) {
  const [what, detail] = [lie].flat();
  story(`attack 22: media forges ${what}`, async ({ rig }) => {
    const cast = await rig.cast(replaced(rig, Number(number))), { agent, provider, device } = cast;
    await agent.request();
    await provider.allow();
    const end = await until('an end on record', () => endings(device).find(({ reason }) => reason === 'media-failed'));
    if (detail) assert.match(end.detail, detail);
    assert.equal((await agent.denial()).reason, 'media-failed');
    await noMoreThanThat(cast);
  });
}

for (const [number, what] of Object.entries({ 106: 'live, of nothing', 112: '100,000 times that the agent is silent' }))
  story(`attack 22: media forges ${what}`, async ({ rig }) => {
    const cast = await rig.cast({ ...replaced(rig, Number(number)), relay: true }), { agent, provider, device } = cast;
    await agent.request();
    await provider.allow();
    await provider.next('session starting');
    await sleep(1000);
    assert.equal((await device.status()).session.kbps ?? 0, 0);
    await device.oriel('stop');
    await agent.denial();
    await noMoreThanThat(cast);
  });

// All are to be had, and the vendor may ask for them, but the person was asked for the screen alone.
story('attack 9: with the screen granted alone, media asks for every camera: no camera, voice or face comes into being', async ({ rig }) => {
  const scopes = ['view', 'camera', 'voice', 'face'];
  const { device: { config } } = replaced(rig, 113);
  const cast = await rig.cast({ device: { watch: true, trust: { 'fill-cap': { label: 'Fill & Cap GmbH', scopes, seconds: 3600 } },
    config: { ...config, session: { scopes: scopes.join(';') }, camera: { devices: 'test' } } } });
  const { agent, provider, device } = cast;
  await provider.kill();
  const panel = await rig.provider(device, { can: ['chat', 'draw', 'face'] });
  await agent.whenState((state) => state.consent);
  await agent.request();
  await panel.allow();
  assert.equal((await agent.denial()).reason, 'media-failed');
  assert.deepEqual(device.started().filter((name) => ['oriel-camera', 'oriel-voice'].includes(name)), []);
  assert.ok(!panel.process.lines.some(({ text }) => /"t":"(face|voice)"/.test(text)), 'a face or a voice on the panel');
  assert.ok(!device.audit().some(({ event }) => event === 'camera'), 'a camera on record');
  await noMoreThanThat(cast);
});

const RELAY_LIES = {
  108: ['the socket of the relay twice', 'media-failed', /a socket that it was not asked for/],
  109: ['a socket of another kind', 'relay-failed', /no UDP socket/],
  110: ['a candidate of the LAN, with path=relay', 'media-failed', /an address that must not leave/],
};
for (const [number, [what, reason, detail]] of Object.entries(RELAY_LIES))
  story(`attack 22: media forges ${what}`, async ({ rig }) => {
    const cast = await rig.cast({ ...replaced(rig, Number(number)), relay: true }), { agent, provider, device } = cast;
    await agent.request();
    await provider.allow();
    const denial = await agent.denial();
    assert.equal(denial.reason, reason);
    assert.match((await until('an end on record', () => endings(device).at(-1))).detail, detail);
    assert.deepEqual(agent.candidates, []);
    await noMoreThanThat(cast);
  });

const sockets = (pid) => readdirSync(`/proc/${pid}/fd`).map((fd) => { try { return readlinkSync(`/proc/${pid}/fd/${fd}`); } catch { return ''; } }).filter((name) => name.startsWith('socket:'));
const network = (pid) => ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((protocol) => readFileSync(`/proc/${pid}/net/${protocol}`, 'utf8').trim().split('\n').slice(1)).filter((line) => sockets(pid).includes(`socket:[${line.trim().split(/\s+/)[9]}]`));

story('attack 22: media hands out the socket of the relay while the person is asked: nothing leaves', async ({ rig }) => {
  const cast = await rig.cast({ ...replaced(rig, 2000, 'rig-hostile-early'), relay: true }), { agent, provider, device } = cast;
  await agent.request();
  const ask = await provider.asked();
  await until('core to look at it', () => device.process.lines.some(({ text }) => /a socket that it was not asked for; it is ended/.test(text)));
  await sleep(500);
  assert.deepEqual(network(device.helper('oriel-egress').pid), [], 'egress went somewhere before the person agreed');
  assert.equal(device.captures(), 0);
  provider.decide(ask, false);
  assert.equal((await agent.denial()).reason, 'denied');
  await noMoreThanThat(cast);
});

// Egress takes the number from the time of its fallback.
const EGRESS_LIES = {
  201: ['100,000 ways one after the other', /^(media|relay)-failed$/], 202: ['a way that there is not', /^relay-failed$/],
  203: ['a way to be remembered that fits no message', /^relay-failed$/], 204: ['what is no text', /^relay-failed$/],
};
for (const [number, [what, reason]] of Object.entries(EGRESS_LIES))
  story(`attack 22: egress forges ${what}`, async ({ rig }) => {
    const cast = await rig.cast({ relay: true, device: { config: { run: { helpers: hostileHelper(rig, 'oriel-egress') }, relay: { 'fallback-ms': number } } } });
    const { agent, provider } = cast;
    for (let round = 0; round < 2; round++) { // what the first one left behind is not the end of the next
      await agent.request();
      await provider.allow();
      const told = await agent.next(({ typ }) => typ === 'denial' || typ === 'end', 20000);
      assert.match(told.reason, reason);
      await noMoreThanThat(cast);
      agent.messages.splice(0);
    }
  });
