// A granted session and the ways it ends before any browser has answered: what was started is gone at once, both sides
// are told the same, and the next session starts clean.
import assert from 'node:assert/strict';
import { alive, clock, memory, openFiles, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const PICTURE = ['oriel-capture', 'oriel-media'];

// Asks, is allowed, and has the device's offer.
async function granted({ agent, provider, device }) {
  await agent.request();
  const ask = await provider.allow();
  const grant = await agent.grant();
  const offer = await agent.offer();
  await provider.next('session starting');
  assert.deepEqual(device.picture().map(({ name }) => name).sort(), PICTURE);
  return { ask, grant, offer };
}

// How it ended, as agent, provider and log have it; and that nothing of it is left.
async function over({ agent, provider, device }, { by, reason, detail }, ms = 10000) {
  const end = await agent.ended(ms);
  assert.deepEqual([end.by, end.reason], [by, reason], JSON.stringify(end));
  if (detail) assert.match(end.detail ?? '', detail);
  if (!provider.process.ended) {
    const told = await provider.next('session ended');
    assert.deepEqual([told.by, told.reason], [by, reason]);
  }
  await agent.whenState((state) => state.status === 'ready');
  assert.deepEqual(device.picture(), []);
  const record = device.audit().filter(({ event }) => event === 'end').at(-1);
  assert.deepEqual([record.by, record.reason], [by, reason]);
}

story('the offer: all m-lines that there will ever be, the announced certificate', async ({ rig }) => {
  const cast = await rig.cast();
  const { grant, offer } = await granted(cast);
  assert.equal(offer.type, 'offer');
  const lines = offer.sdp.split('\r\n');
  const media = offer.sdp.split(/^(?=m=)/m).slice(1).map((section) => ['m', 'a=mid', 'a=(?=sendonly|sendrecv|recvonly)'].map((name) => new RegExp(`^${name}[:=]?(\\w+)`, 'm').exec(section)?.[1]));
  assert.deepEqual(media, [['video', 'screen', 'sendonly'], ['video', 'camera', 'sendonly'], ['audio', 'voice', 'sendrecv'], ['video', 'face', 'recvonly'], ['application', 'application0', undefined]]);
  assert.ok(!/^m=audio[^]*?(?=^m=)/m.exec(offer.sdp)[0].match(/nack|rtx/), 'Chromium takes no retransmission of audio');
  const prints = [...new Set(lines.filter((line) => line.startsWith('a=fingerprint:')))];
  assert.deepEqual(prints, [`a=fingerprint:sha-256 ${grant.fingerprint}`]);
  assert.ok(lines.includes('a=group:BUNDLE screen camera voice face application0'));
  for (const wanted of [/^a=rtpmap:\d+ VP8\/90000$/i, /^a=rtpmap:\d+ rtx\/90000$/i, /^a=ssrc-group:FID \d+ \d+$/, /^a=rtcp-fb:\d+ nack pli$/, /^a=rtcp-fb:\d+ transport-cc$/, /playout-delay/, /transport-wide-cc/])
    assert.ok(lines.some((line) => wanted.test(line)), `no ${wanted} in the offer`);
  assert.deepEqual(cast.device.course(), ['boot', 'request', 'prompt', 'decision', 'grant', 'media-start']);
  // Direct candidates of the one address that the configuration names, and no TCP.
  const { candidate } = await cast.agent.next('ice');
  assert.match(candidate, / udp .* 127\.0\.0\.1 /i);
  await cast.agent.sequenced('end', { by: 'agent', reason: 'hung-up' });
  await over(cast, { by: 'agent', reason: 'hung-up' });
});

story('hung up by the agent', async ({ rig }) => {
  const cast = await rig.cast();
  const from = cast.agent.statuses.length;
  await granted(cast);
  await cast.agent.whenState(({ status }) => status === 'live');
  await cast.agent.sequenced('end', { by: 'agent', reason: 'hung-up' });
  await over(cast, { by: 'agent', reason: 'hung-up' });
  assert.deepEqual(cast.agent.statuses.slice(from), ['asking', 'live', 'ready']); // each once: a state is 2 KB on a slow way
});

story('stopped by the person: capture and media are dead within 100 ms', async ({ rig }) => {
  const cast = await rig.cast();
  const took = [];
  for (let i = 0; i < 5; i++) {
    await granted(cast);
    const helpers = cast.device.picture().map(({ pid }) => pid);
    const from = clock();
    cast.provider.stopSession();
    // Looked at without a pause: a timer would cost a millisecond or more.
    await until('capture and media to end', () => !helpers.some(alive), { every: 0 });
    took.push(clock() - from);
    await over(cast, { by: 'person', reason: 'stopped' });
  }
  console.log(`stop to capture and media dead: ${took.map((ms) => ms.toFixed(1)).join(', ')} ms`);
  // What a busy machine adds is not ours: nothing in the way takes longer.
  assert.ok(Math.min(...took) < 100, `it took ${took.map((ms) => ms.toFixed(1)).join(', ')} ms`);
});

story('stopped from a shell', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  const { session } = await cast.device.status();
  assert.equal(session.session, cast.agent.session);
  const { code, stderr } = await cast.device.oriel('stop');
  assert.equal(code, 0, stderr);
  await over(cast, { by: 'local', reason: 'stopped' });
  assert.equal((await cast.device.status()).status, 'ready');
});

story('the provider dies in a session: it ends when no other comes', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  await cast.provider.kill();
  await over(cast, { by: 'device', reason: 'provider-lost' }, 20000);
});

story('the provider hangs in a session: it ends', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  cast.provider.stopBeating();
  assert.equal((await cast.agent.ended(20000)).reason, 'provider-lost');
  await cast.agent.whenState((state) => state.status === 'ready');
  assert.deepEqual(cast.device.picture(), []);
});

for (const [program, reason] of [['oriel-media', 'media-failed'], ['oriel-capture', 'capture-failed']]) {
  story(`${program} crashes: the session ends and the next one works`, async ({ rig }) => {
    const cast = await rig.cast();
    await granted(cast);
    process.kill(cast.device.helper(program).pid, 'SIGKILL'); // the first process of its namespace: no other signal reaches it
    await over(cast, { by: 'device', reason });
    await granted(cast);
    cast.provider.stopSession();
    await over(cast, { by: 'person', reason: 'stopped' });
  });
}

story('orield ends in a session: the agent is told, nothing is left', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  const helpers = cast.device.picture().map(({ pid }) => pid);
  const stopping = cast.device.process.stop();
  const end = await cast.agent.ended();
  assert.deepEqual([end.by, end.reason], ['device', 'shutdown']);
  assert.equal((await stopping).code, 0);
  assert.ok(!helpers.some(alive));
});

story('orield is killed in a session: its helpers die with it', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  const helpers = cast.device.helpers().map(({ pid }) => pid);
  assert.equal(helpers.length, 3);
  cast.device.mayDie = true;
  cast.device.process.signal('SIGKILL');
  await until('the helpers to die', () => !helpers.some(alive));
});

story('the X display is missing: the agent is told which', async ({ rig }) => {
  const cast = await rig.cast({ device: { config: { capture: { backend: 'x11', display: ':4095' } } } });
  await cast.agent.request();
  await cast.provider.allow();
  const denial = await cast.agent.denial();
  assert.equal(denial.reason, 'capture-failed');
  assert.match(denial.detail, /:4095/);
  const ended = await cast.provider.next('session ended');
  assert.equal(ended.reason, 'capture-failed');
  await cast.agent.whenState((state) => state.status === 'ready');
  assert.deepEqual(cast.device.picture(), []);
  assert.match(cast.device.process.lines.map(({ text }) => text).join('\n'), /capture: .*:4095/);
});

story('no screen at all: the agent is told what to set', async ({ rig }) => {
  const cast = await rig.cast({ device: { config: { capture: { backend: 'auto', device: '/nowhere/fb0' } } } });
  await cast.agent.request();
  await cast.provider.allow();
  const denial = await cast.agent.denial();
  assert.equal(denial.reason, 'capture-failed');
  assert.match(denial.detail, /there is no screen to capture: no X display is named, and the framebuffer \/nowhere\/fb0 can't be read/);
});

story('fixed masks are there before the screen is', async ({ rig }) => {
  const cast = await rig.cast({ device: { config: { capture: { masks: '0,0,300x40; 500,100,80x20' } } } });
  await granted(cast);
  const lines = cast.device.process.lines.map(({ text }) => text);
  const masks = lines.findIndex((text) => /masks: 2 rectangles are never shown/.test(text));
  const screen = lines.findIndex((text) => /test: a pattern of/.test(text));
  assert.ok(masks >= 0 && masks < screen, lines.join('\n'));
});

const answers = {
  'not an SDP': 'hello',
  'an empty SDP': 'v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n',
  'bytes of a picture': '\u0001\u0002ÿØÿà JFIF',
  'a line of 8000 characters': `v=0\r\n${'a'.repeat(8000)}\r\n`,
};
story('an answer that is no answer ends the session', async ({ rig }) => {
  const cast = await rig.cast();
  for (const [what, sdp] of Object.entries(answers)) {
    await granted(cast);
    await cast.agent.sequenced('sdp', { type: 'answer', sdp });
    await over(cast, { by: 'device', reason: 'protocol', detail: /./ }).catch((error) => { throw new Error(`${what}: ${error.message}`); });
  }
});

story('an offer from the agent ends the session', async ({ rig }) => {
  const cast = await rig.cast();
  const { offer } = await granted(cast);
  await cast.agent.sequenced('sdp', { type: 'offer', sdp: offer.sdp });
  await over(cast, { by: 'device', reason: 'protocol', detail: /offer/ });
});

story('an end in the name of the person ends the session as a breach', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  await cast.agent.sequenced('end', { by: 'person', reason: 'stopped' });
  await over(cast, { by: 'device', reason: 'protocol' });
});

story('a flood of candidates ends the session', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  for (let i = 0; i < 70; i++) await cast.agent.sequenced('ice', { candidate: `candidate:${i} 1 UDP 1 127.0.0.1 ${40000 + i} typ host`, mline: 0 });
  await over(cast, { by: 'device', reason: 'protocol', detail: /candidates/ });
});

story('messages of others and of other sessions do nothing', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  const boris = await rig.agent(cast.broker, { id: 'boris', name: 'Boris Novak' });
  boris.session = cast.agent.session;
  await boris.sequenced('end', { by: 'agent', reason: 'hung-up' });
  const { session } = cast.agent;
  cast.agent.session = `${session.slice(0, 42)}${session[42] === 'A' ? 'E' : 'A'}`;
  await cast.agent.send({ v: 1, typ: 'end', session: cast.agent.session, seq: 0, by: 'agent', reason: 'hung-up' });
  cast.agent.session = session;
  await boris.request();
  assert.equal((await boris.denial()).reason, 'busy');
  await sleep(300);
  assert.equal(cast.device.picture().length, 2);
  // Its own end acts at once, also when something before it is missing.
  await cast.agent.send({ v: 1, typ: 'end', session, seq: 3, by: 'agent', reason: 'hung-up' });
  await over(cast, { by: 'agent', reason: 'hung-up' });
});

story('messages out of order are handled in order', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  const { session } = cast.agent;
  // An answer that is none would end the session, if it were handled before what comes before it.
  await cast.agent.send({ v: 1, typ: 'sdp', session, seq: 1, path: 1, type: 'answer', sdp: 'hello' });
  await cast.agent.send({ v: 1, typ: 'sdp', session, seq: 1, path: 1, type: 'answer', sdp: 'hello' });
  await sleep(300);
  assert.equal(cast.device.picture().length, 2);
  await cast.agent.send({ v: 1, typ: 'ice', session, seq: 0, path: 1, candidate: '', mline: 0 });
  await over(cast, { by: 'device', reason: 'protocol' });
});

story('a stop for another session does nothing', async ({ rig }) => {
  const cast = await rig.cast();
  await granted(cast);
  cast.provider.send({ t: 'stop', session: `${cast.agent.session.slice(0, 42)}${cast.agent.session[42] === 'A' ? 'E' : 'A'}` });
  await sleep(300);
  assert.equal(cast.device.picture().length, 2);
  cast.provider.stopSession();
  await over(cast, { by: 'person', reason: 'stopped' });
});

story('many sessions leave nothing', { timeout: 600000 }, async ({ rig }) => {
  const count = Number(process.env.ORIEL_SESSIONS ?? 20);
  const cast = await rig.cast();
  const { device, agent, provider } = cast;
  const look = () => {
    const signal = device.helper('oriel-signal').pid;
    return { orield: { files: openFiles(device.pid), own: memory(device.pid).own }, signal: { files: openFiles(signal), own: memory(signal).own } };
  };
  const session = async (i) => {
    await granted(cast);
    // Ended in turn by everybody who can.
    if (i % 3 === 0) provider.stopSession();
    else if (i % 3 === 1) await agent.sequenced('end', { by: 'agent', reason: 'hung-up' });
    else await device.oriel('stop');
    await agent.ended();
    await provider.next('session ended');
    await agent.whenState((state) => state.status === 'ready');
    assert.deepEqual(device.picture(), []);
  };
  // The first ones fill caches that stay.
  for (let i = 0; i < 5; i++) await session(i);
  const files = () => { const now = look(); return [now.orield.files, now.signal.files]; };
  // The state is told a moment before the last descriptor is closed.
  let still = 0;
  for (let last; still < 5; await sleep(100)) { still = String(files()) === last ? still + 1 : 0; last = String(files()); }
  const before = look();
  for (let i = 0; i < count; i++) await session(i);
  await until(() => `as many open files as before (${[before.orield.files, before.signal.files]}); there are ${files()}`,
    () => String(files()) === String([before.orield.files, before.signal.files]));
  const after = look();
  console.log(`${count} sessions: ${JSON.stringify(before)} to ${JSON.stringify(after)} (KiB)`);
  for (const name of ['orield', 'signal']) {
    const growth = (after[name].own - before[name].own) / count;
    assert.ok(after[name].own - before[name].own < 256 || growth < 2, `${name} grew by ${growth.toFixed(1)} KiB a session`);
  }
  const starts = device.started();
  assert.equal(starts.filter((name) => name === 'oriel-signal').length, 1);
  assert.equal(starts.filter((name) => name === 'oriel-capture').length, count + 5);
});
