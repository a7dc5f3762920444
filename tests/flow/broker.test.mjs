// The way to the broker: unreachable, back again, refused, lost; and what agents see of it.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Keys } from '../rig/keys.mjs';
import { alive, openFiles, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const complaints = (device) => device.process.lines.filter(({ text }) => /not connected/.test(text));

story('an unreachable broker is said once, and found when it is there', async ({ rig }) => {
  const broker = await rig.broker();
  await broker.stop();
  const device = await rig.device({ broker });
  await device.process.line(/not connected to mqtts:.*refused/i);
  await sleep(6000);
  assert.equal(complaints(device).length, 1, device.process.tail());
  const { code, stdout } = await device.oriel('status');
  assert.equal(code, 0);
  assert.match(stdout, /not connected: .*refused/i);
  await broker.run();
  await device.online(40000);
  const agent = await rig.agent(broker);
  await agent.whenState((state) => state.online);
});

story('a broker that restarts gets the state again', async ({ rig }) => {
  const { broker, device, agent, provider } = await rig.cast();
  const { boot } = agent.state;
  await broker.stop();
  await provider.next((packet) => packet.t === 'online' && !packet.online);
  agent.state = undefined;
  await broker.run();
  await provider.next((packet) => packet.t === 'online' && packet.online, 40000);
  const state = await agent.whenState((candidate) => candidate.online, 40000);
  assert.equal(state.boot, boot);
  assert.ok(complaints(device).length >= 1);
  await agent.request();
  await provider.deny();
  assert.equal((await agent.denial()).reason, 'denied');
});

story('a device that dies is seen as offline by its will', async ({ rig }) => {
  const { device, agent } = await rig.cast({ provider: null });
  const { boot } = agent.state;
  device.mayDie = true;
  const helpers = device.helpers();
  device.process.signal('SIGKILL');
  const state = await agent.whenState((candidate) => !candidate.online);
  assert.deepEqual(state, { v: 1, typ: 'state', device: device.id, boot, online: false });
  await until('the helpers to go with orield', () => !helpers.some(({ pid }) => alive(pid)));
});

story('a device that ends well says so itself', async ({ rig }) => {
  const { device, agent } = await rig.cast({ provider: null });
  assert.equal((await device.process.stop()).code, 0);
  await agent.whenState((candidate) => !candidate.online);
});

story('oriel-signal that crashes is started again', async ({ rig }) => {
  const { device, agent } = await rig.cast({ provider: null });
  await sleep(200);
  const files = openFiles(device.pid);
  for (let i = 0; i < 3; i++) {
    const helper = device.helper('oriel-signal');
    process.kill(helper.pid, 'SIGKILL');
    await agent.whenState((state) => !state.online);
    await until('another oriel-signal', () => { const now = device.helper('oriel-signal'); return now && now.pid !== helper.pid; }, { ms: 30000 });
    await agent.whenState((state) => state.online, 40000);
  }
  await until(() => `${files} open files in orield, as before; there are ${openFiles(device.pid)}`, () => openFiles(device.pid) === files);
});

// Another owner's certificate for the same device.
const stranger = (rig) => new Keys(rig.path('other')).certificate({ device: 'filler-1', tenant: 'plant' });

story('an expired device certificate is said, and not used', async ({ rig }) => {
  const broker = await rig.broker();
  const { certificate, key } = broker.keys.certificate({ device: 'filler-1', tenant: 'plant' }, { expired: true });
  await sleep(1100);
  const device = await rig.device({ broker, config: { broker: { certificate, key } } });
  const { text } = await device.process.line(/not connected/);
  assert.match(text, /expired/);
  assert.match(text, /filler-1\.pem/);
});

story('a broker with an expired certificate is refused', async ({ rig }) => {
  const broker = await rig.broker({ expired: true });
  await sleep(1100);
  const device = await rig.device({ broker });
  const { text } = await device.process.line(/not connected/);
  assert.match(text, /expired/);
});

story('a broker of another CA is refused', async ({ rig }) => {
  const broker = await rig.broker();
  const device = await rig.device({ broker, config: { broker: { ca: stranger(rig).ca } } });
  const { text } = await device.process.line(/not connected/);
  assert.match(text, /certificate/);
});

story('the broker refuses a device of another CA', async ({ rig }) => {
  const broker = await rig.broker();
  const { certificate, key } = stranger(rig);
  const device = await rig.device({ broker, config: { broker: { certificate, key } } });
  await device.process.line(/not connected/);
  await sleep(1000);
  assert.equal((await device.status()).online, false);
});

story('missing and mismatched files are named', async ({ rig }) => {
  const broker = await rig.broker();
  const other = stranger(rig);
  for (const [changes, says] of [
    [{ ca: join(rig.directory, 'no-ca.pem') }, /no-ca\.pem/],
    [{ certificate: join(rig.directory, 'none.pem') }, /none\.pem/],
    [{ key: other.key }, /key/],
  ]) {
    const device = await rig.device({ broker, config: { broker: changes } });
    const { text } = await device.process.line(/not connected/);
    assert.match(text, says);
  }
});

story('nothing listens: not idle, not while the person is asked', async ({ rig }) => {
  const { device, agent, provider } = await rig.cast();
  // The sockets of orield and its helpers, in the kernel's tables: state 0A is LISTEN, 07 an unconnected UDP socket.
  const listening = () => {
    const files = (pid) => { try { return readdirSync(`/proc/${pid}/fd`); } catch { return []; } }; // it has gone
    const inodes = new Set([device.pid, ...device.helpers().map(({ pid }) => pid)].flatMap((pid) => files(pid).map((fd) => {
      try { return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]; } catch { return undefined; }
    })));
    return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').trim().split('\n').slice(1)
      .map((line) => line.trim().split(/\s+/)).filter((fields) => inodes.has(fields[9]) && ['0A', '07'].includes(fields[3])).map((fields) => `${table} ${fields[1]}`));
  };
  assert.deepEqual(listening(), []);
  await agent.request();
  const ask = await provider.asked();
  assert.deepEqual(listening(), []);
  provider.decide(ask, false);
  await agent.denial();
  assert.deepEqual(listening(), []);
});
