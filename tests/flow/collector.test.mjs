// The owner's collector by the broker: what a device records comes to it sealed, is verified and cosigned, across restarts of
// either; and what is not of the collector changes nothing.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { program } from '../rig/paths.mjs';
import { Process, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

story('records come to the collector, sealed, and its cosignature comes back; it goes on where it ended', async ({ rig, t }) => {
  const broker = await rig.broker();
  const files = broker.keys.collector(broker.tenant, broker.url);
  const store = rig.path('store'), vkeys = join(broker.keys.owner, 'audit');
  const collect = (directory = store) => rig.own(new Process('oriel audit collect', program('oriel'),
    ['audit', 'collect', '--collector', files.directory, '--vkeys', vkeys, '--store', directory, '--json'], { log: rig.path('collect.log') }));
  // What the broker sees of it.
  const seen = [];
  const listener = await broker.connect(files, { clientId: 'ignored' });
  listener.on('message', (topic, payload) => seen.push({ topic, text: payload.toString() }));
  await listener.subscribeAsync(`oriel/v1/${broker.tenant}/d/+/audit`, { qos: 1 });
  const { device, provider, agent } = await rig.cast({ broker });
  const status = () => device.status();
  await agent.request();
  await provider.deny();
  await agent.denial();
  await until('a message for the collector', () => seen.length > 0);
  assert.equal(seen[0].topic, `oriel/v1/${broker.tenant}/d/${device.id}/audit`);
  assert.match(seen[0].text, /^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/, 'a JWE, compact');
  assert.ok(!seen.some(({ text }) => /Anna|capper|decision/i.test(Buffer.from(text, 'base64url').toString('latin1') + text)));

  // An answer by somebody else than the collector whose key is configured: nothing happens.
  const forged = readFileSync(join(device.config.audit.directory, 'checkpoint'), 'utf8');
  await listener.publishAsync(`oriel/v1/${broker.tenant}/d/${device.id}/cosigned`, forged, { qos: 1 });
  await until('the forged answer to be refused', () => device.process.lines.some(({ text }) => /not an answer to this log/.test(text)));
  assert.equal((await status()).collected, 0);
  await listener.endAsync(); // one client of that name at a time

  // The collector comes late, and hears of all of it.
  let collector = collect();
  await collector.line(/connected to/);
  await until('the collector to have the denial', async () => (await status()).collected > 3, { ms: 20000 });
  const verified = async (directory = join(store, device.id)) => {
    const { code, stdout, stderr } = await device.oriel('audit', 'verify', '--directory', directory, '--vkey', join(vkeys, `${broker.tenant}.${device.id}.vkey`), '--json');
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await verified();
  const { stdout } = await device.oriel('audit', 'show', '--directory', join(store, device.id));
  assert.match(stdout, /Anna Weber/);
  assert.ok(device.audit().some(({ event, by }) => event === 'exported' && by === 'broker'));
  assert.ok(device.audit().some(({ event }) => event === 'cosigned'));

  // Away for a while; records meanwhile; then only what it lacks comes.
  collector.signal('SIGTERM');
  await collector.exited;
  await agent.request();
  await provider.deny();
  await agent.denial();
  const before = (await status()).collected;
  collector = collect();
  await until('the collector to have the rest', async () => (await status()).collected > before + 2, { ms: 20000 });
  await verified();
  const took = collector.lines.filter(({ text }) => text.startsWith('{')).map(({ text }) => JSON.parse(text));
  assert.ok(took.every(({ records, new: fresh }) => fresh < records), JSON.stringify(took));
  t.diagnostic(`${took.at(-1).records} records collected`);

  // A device that is not the owner's, by its key: nothing is kept.
  collector.signal('SIGTERM');
  await collector.exited;
  const none = rig.path('none');
  mkdirSync(none);
  const blind = rig.own(new Process('oriel audit collect', program('oriel'), ['audit', 'collect', '--collector', files.directory, '--vkeys', none, '--store', rig.path('other')], { log: rig.path('blind.log') }));
  await blind.line(/connected to/);
  await agent.request();
  await provider.deny();
  await agent.denial();
  await blind.line(/is it the owner's device\?/);
  assert.ok(!existsSync(join(rig.path('other'), device.id)));
  blind.signal('SIGTERM');
  await blind.exited;
});
