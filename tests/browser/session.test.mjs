// Sessions with a real browser at the other end that does what the console never would: another certificate, broken
// answers, going away without a word. And the plain course of one, with what each process leaves.
import assert from 'node:assert/strict';
import { program } from '../rig/paths.mjs';
import { Process, alive, clock, descendants, memory, openFiles, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

async function cast(rig, options) {
  const all = await rig.cast(options);
  const browser = await rig.browser();
  return { ...all, browser, receiver: await rig.receiver(browser) };
}

async function ready({ agent, device }) {
  await agent.whenState((state) => state.status === 'ready');
  assert.deepEqual(device.picture(), []);
}

// Nothing of the picture or the data channel came through.
async function nothingReceived(receiver) {
  const received = await receiver.received();
  assert.deepEqual([received.packets, received.bytes, received.decoded, received.messages], [0, 0, 0, 0], JSON.stringify(received));
}

story('another DTLS certificate than announced: media dies before any packet', async ({ rig }) => {
  const all = await cast(rig);
  const { agent, provider, device, receiver } = all;
  const forged = await receiver.certificate();
  const announced = await receiver.certificate();
  assert.notEqual(forged, announced);
  for (let i = 0; i < 3; i++) {
    // The signed answer says the announced fingerprint; the browser uses the other certificate in DTLS.
    await receiver.watchDevice(agent, () => provider.allow(), {
      fingerprint: announced, certificate: 0,
      sdp: (text) => { assert.ok(text.toUpperCase().includes(forged)); return text.replace(/^(a=fingerprint:sha-256 ).*$/gm, `$1${announced}`); },
    });
    const end = await agent.ended(15000);
    assert.deepEqual([end.by, end.reason], ['device', 'fingerprint'], JSON.stringify(end));
    await nothingReceived(receiver);
    await ready(all);
  }
  const events = device.audit().map(({ event }) => event);
  assert.ok(!events.includes('live'));
  assert.deepEqual(device.audit().filter(({ event }) => event === 'end').map(({ reason }) => reason), ['fingerprint', 'fingerprint', 'fingerprint']);
});

const changes = {
  'the fingerprint of another certificate': (text) => text.replace(/^(a=fingerprint:sha-256 ).*$/gm, `$1${Array(32).fill('AB').join(':')}`),
  'two fingerprints': (text) => text.replace(/^(a=fingerprint:sha-256 .*)$/m, `$1\r\na=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`),
  'the same hash as sha-1': (text) => text.replace(/^a=fingerprint:sha-256 .*$/gm, `a=fingerprint:sha-1 ${Array(20).fill('AB').join(':')}`),
  'no fingerprint': (text) => text.replace(/^a=fingerprint:.*\r\n/gm, ''),
  'one more m-line': (text) => `${text}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:audio9\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n`,
  'one m-line less': (text) => text.slice(0, text.indexOf('m=application')),
  'a video that is sent back': (text) => text.replace('a=recvonly', 'a=sendrecv'),
};
story('an answer with a wrong fingerprint or other m-lines is refused', async ({ rig }) => {
  const all = await cast(rig);
  for (const [what, change] of Object.entries(changes)) {
    await all.receiver.watchDevice(all.agent, () => all.provider.allow(), {
      sdp: (text) => { const changed = change(text); assert.notEqual(changed, text, `${what}: the answer has nothing to change`); return changed; },
    });
    const end = await all.agent.ended().catch((error) => { throw new Error(`${what}: ${error.message}`); });
    assert.deepEqual([end.by, ['protocol', 'fingerprint'].includes(end.reason)], ['device', true], `${what}: ${JSON.stringify(end)}`);
    assert.ok(end.detail, `${what}: no detail`);
    await nothingReceived(all.receiver);
    await ready(all);
  }
});

story('live: figures, the log, and the stop', async ({ rig }) => {
  const all = await cast(rig);
  const { agent, provider, device, receiver } = all;
  await receiver.watchDevice(agent, () => provider.allow());
  await receiver.picture();
  const live = await provider.next('session live');
  assert.deepEqual([live.agent, live.company, live.seconds], ['Anna Weber', 'Fill & Cap GmbH', 600]);
  assert.equal((await agent.whenState((state) => state.status === 'live')).status, 'live');
  const figures = await until('figures in oriel status', async () => (await device.status()).session?.figures, { every: 200 });
  assert.ok(figures.width > 0 && figures.height > 0 && figures.bytes > 0, JSON.stringify(figures));
  const [pong, time] = await receiver.page.waitForFunction(() => {
    const of = (t) => window.rig.heard?.find((message) => message.t === t);
    return of('pong') && of('time') && [of('pong'), of('time')];
  }).then((handle) => handle.jsonValue());
  assert.ok(Number.isInteger(pong.now) && Number.isInteger(time.rtp) && Number.isInteger(time.at), JSON.stringify([pong, time]));
  const stats = rig.own(new Process('oriel-stats', program('oriel'), ['--socket', device.control, 'stats', '--json'])); // ends with the session
  const line = JSON.parse((await stats.line(/^\{/)).text);
  const table = rig.own(new Process('oriel-stats-table', program('oriel'), ['--socket', device.control, 'stats']));
  await table.line(/ takes +queue state +repaired +whole /);
  await table.line(/ \d+ ms (unknown yet|fast enough|at its limit|slowing down|no answer) +\d+ +\d+ /);
  const helpers = device.picture().map(({ pid }) => pid);
  const from = clock();
  provider.stopSession();
  await until('capture and media to end', () => !helpers.some(alive), { every: 0 });
  console.log(`stop of a live session to capture and media dead: ${(clock() - from).toFixed(1)} ms`);
  const end = await agent.ended();
  assert.deepEqual([end.by, end.reason], ['person', 'stopped']);
  await Promise.all([stats.exited, table.exited]);
  assert.equal(stats.how(), 'status 0', stats.tail());
  assert.equal(line.width, figures.width);
  for (const stage of ['capture', 'convert', 'encode', 'packetize', 'egress']) assert.equal(line.stages_us[stage].length, 2, JSON.stringify(line));
  assert.equal((await device.oriel('stats')).code, 1); // no session, no figures
  await ready(all);
  const records = device.audit();
  assert.deepEqual(device.course(), ['boot', 'request', 'prompt', 'decision', 'grant', 'media-start', 'live', 'end']);
  assert.ok(records.at(-1).bytes > 0 || records.at(-1).seconds >= 0);
});

story('the agent\'s browser hangs: another path is offered; is gone: peer-lost, and after that nobody joins it', async ({ rig }) => {
  const all = await cast(rig, { device: { config: { media: { 'outage-seconds': 5 } } } });
  const { agent, provider, device, receiver, browser } = all;
  await receiver.watchDevice(agent, () => provider.allow());
  await receiver.picture();
  await provider.next('session live');
  await receiver.page.waitForFunction(() => window.rig.heard?.some(({ t }) => t === 'pong'));
  const hung = [browser.pid, ...descendants(browser.pid).map(({ pid }) => pid)];
  for (const pid of hung) process.kill(pid, 'SIGSTOP');
  const { path } = await agent.offer().finally(() => { for (const pid of hung) process.kill(pid, 'SIGCONT'); });
  assert.equal(path, 2);
  assert.equal(device.audit().findLast(({ event }) => event === 'lost').detail, 'nothing has come from the agent\'s browser for 2 s');
  await receiver.close();
  const end = await agent.ended(20000);
  assert.deepEqual([end.by, end.reason], ['device', 'peer-lost'], JSON.stringify(end));
  await ready(all);
  const { typ, reason } = await agent.rejoin();
  assert.deepEqual([typ, reason], ['denial', 'expired']);
  await ready(all);
});

story('nothing comes from the page: it gets a new connection; media does not run for a while: nothing is lost', async ({ rig }) => {
  const all = await cast(rig);
  const { agent, provider, device, receiver } = all;
  await receiver.mute(true);
  await receiver.watchDevice(agent, () => provider.allow());
  await receiver.picture();
  const media = device.helper('oriel-media').pid;
  await until('the next path, without a word of the page\'s', () => agent.path >= 2); // the receiver answers its offer
  await receiver.mute(false);
  await until('it to be live', () => device.audit().filter(({ event }) => event === 'live').length >= 2);
  await receiver.picture();
  await receiver.channel();
  // Longer than a page may be silent, and no page was.
  const { packets } = await receiver.received();
  process.kill(media, 'SIGSTOP');
  await sleep(11500);
  process.kill(media, 'SIGCONT');
  await until('pictures again', async () => (await receiver.received()).packets > packets + 100);
  provider.stopSession();
  assert.equal((await agent.ended()).reason, 'stopped');
  await ready(all);
});

story('the broker goes away in a session: the picture goes on, and stop works', async ({ rig }) => {
  const all = await cast(rig);
  const { broker, agent, provider, device, receiver } = all;
  await receiver.watchDevice(agent, () => provider.allow());
  await receiver.picture();
  await provider.next('session live');
  await broker.stop();
  await provider.next((packet) => packet.t === 'online' && !packet.online);
  const before = (await receiver.received()).bytes;
  await sleep(2500);
  assert.equal((await receiver.state()).connection, 'connected');
  assert.ok((await receiver.received()).bytes > before, 'no more picture without the broker');
  provider.stopSession();
  await provider.next('session ended');
  await until('capture and media to end', () => !device.picture().length);
  await broker.run();
});

story('live sessions in a row leave nothing', { timeout: 1800000 }, async ({ rig }) => {
  const count = Number(process.env.ORIEL_SESSIONS ?? 10);
  const all = await cast(rig);
  const { agent, provider, device, receiver } = all;
  const look = () => [device.pid, device.helper('oriel-signal').pid].map((pid) => ({ files: openFiles(pid), own: memory(pid).own }));
  const session = async () => {
    await receiver.watchDevice(agent, () => provider.allow());
    await receiver.picture();
    await provider.next('session live');
    provider.stopSession();
    await agent.ended();
    await receiver.close();
    await ready(all);
  };
  for (let i = 0; i < 3; i++) await session();
  // The state is told a moment before the last descriptor is closed.
  const files = () => String(look().map((one) => one.files));
  let still = 0;
  for (let last; still < 5; await sleep(100)) { still = files() === last ? still + 1 : 0; last = files(); }
  const before = look();
  for (let i = 0; i < count; i++) await session();
  await until('as many open files as before', () => look().every((one, i) => one.files === before[i].files));
  const after = look();
  console.log(`${count} live sessions: ${JSON.stringify(before)} to ${JSON.stringify(after)} (orield, oriel-signal; KiB)`);
  before.forEach((process, i) => {
    assert.ok(after[i].own - process.own < Math.max(256, 2 * count), `${JSON.stringify(before)} to ${JSON.stringify(after)}`);
  });
});
