// The owner's collector by the broker: what a device records comes to it sealed, is verified and cosigned, across restarts of
// either; what it has may go from the device, where proofs still work; and what is not of the collector changes nothing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
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
  const { device, provider: first, agent } = await rig.cast({ broker, device: { config: { audit: { keep: 1 } } } });
  let provider = first;
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

  // A year later: many records more, in many segments, between two sessions. What the collector has is dropped here, its hashes stay.
  const session = async () => {
    await agent.request();
    await provider.allow();
    await agent.grant();
    await provider.next('session starting');
    await device.oriel('stop');
    await agent.ended();
    await until('the end on record', () => device.audit().some(({ event, session: of }) => event === 'end' && of === agent.session)); // what is collected is recorded, too
    return agent.session;
  };
  const old = await session(), { boot } = agent.state;
  assert.equal((await device.process.stop()).code, 0);
  await provider.process.stop();
  const { directory, key } = device.config.audit;
  execFileSync(program('tests/rig/rig-writer'), [directory, `oriel/${broker.tenant}/${device.id}`, key, '20']);
  const whole = readdirSync(directory).filter((name) => /^audit-\d+\.jsonl$/.test(name)).sort();
  await device.run();
  provider = await rig.provider(device);
  await agent.whenState((state) => state.consent && state.status === 'ready' && state.boot !== boot);
  const young = await session(), { seq } = device.audit().at(-1);
  const hashes = () => readdirSync(directory).filter((name) => name.endsWith('.hashes')).sort();
  await until('the collector to have all, and all closed segments but the newest to be dropped', async () => (await status()).collected >= seq && hashes().length === whole.length - 1, { ms: 20000 });
  assert.deepEqual(hashes(), whole.slice(0, -1).map((name) => name.replace('jsonl', 'hashes')));
  assert.ok(!whole.slice(0, -1).some((name) => existsSync(join(directory, name))));
  assert.ok(whole.length > 5);
  const own = ['--config', device.file], kept = ['--directory', join(store, device.id)], vkey = ['--vkey', join(vkeys, `${broker.tenant}.${device.id}.vkey`)];
  assert.equal((await device.oriel('audit', 'verify', ...own)).code, 0);
  await verified();
  // The records of the old session are at the collector alone now; both prove what they have.
  for (const [id, from, name] of [[young, own, 'young'], [young, [...kept, ...vkey], 'young-kept'], [old, [...kept, ...vkey], 'old-kept']]) {
    const made = await device.oriel('audit', 'prove', ...from, '--session', id, '--out', rig.path(name));
    assert.equal(made.code, 0, `${name}: ${made.stderr}`);
    assert.match((await device.oriel('audit', 'verify', '--proof', join(rig.directory, name), ...vkey)).stdout, /records stand in the log/, name);
  }
  const gone = await device.oriel('audit', 'prove', ...own, '--session', old, '--out', rig.path('old'));
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /dropped/);

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
