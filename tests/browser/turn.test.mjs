// TURN in Chromium, with coturn on 127.0.0.1 and the credentials of an enrolment: what the console's connection has of it,
// and which of its candidates reach a device that is behind its TURN server only. The device's half is here another
// peer connection of the same page that keeps to the device's rules: relay only, no candidate without an IP literal.
import assert from 'node:assert/strict';
import { enrol } from '../rig/agent.mjs';
import { Console } from '../rig/console.mjs';
import { story } from '../rig/story.mjs';

async function stage(rig, options = {}) {
  const broker = await rig.broker(options);
  const turn = await rig.turn({ keys: broker.keys, vendor: 'fill-cap' });
  return { broker, turn };
}

story('the console\'s connection has the enrolment\'s servers, which give it a relay candidate', async ({ rig }) => {
  const { broker, turn } = await stage(rig, { console: true });
  const device = await rig.device({ broker }), person = await rig.provider(device);
  await device.online();
  const browser = await rig.browser();
  await browser.context.addInitScript(() => {
    window.connections = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...args) { super(...args); window.connections.push(this); }
    };
  });
  const page = await Console.open(browser, broker.page);
  await page.choose(device.id);
  await page.request();
  await person.allow();
  const { state, reason, detail } = await page.state(['live', 'denied', 'ended', 'unreachable']);
  assert.equal(state, 'live', `${reason} ${detail}`);
  // The picture was there before Chromium came to ask the servers, so another connection of the same configuration does.
  const { servers, candidate } = await page.page.evaluate(async () => {
    const configuration = window.connections[0].getConfiguration();
    const probe = new RTCPeerConnection(configuration);
    const relayed = new Promise((resolve) => {
      probe.onicecandidate = ({ candidate: found }) => (!found || found.type === 'relay') && resolve(found?.candidate);
    });
    probe.createDataChannel('');
    await probe.setLocalDescription();
    const result = { servers: configuration.iceServers, candidate: await relayed };
    probe.close();
    return result;
  });
  assert.equal(servers.length, 1);
  assert.deepEqual(servers[0].urls, turn.uris());
  assert.match(servers[0].username, /^\d{10}:anna$/);
  assert.match(candidate, / 127\.0\.0\.1 \d+ typ relay /);
});

/* In the page. `servers`: of the agent; `relay`: of the device; both as RTCPeerConnection takes them. */
async function meet({ servers, relay, ms }) {
  const agent = new RTCPeerConnection({ iceServers: servers });
  const device = new RTCPeerConnection({ iceServers: relay, iceTransportPolicy: 'relay' });
  const sent = [], dropped = [];
  let describe;
  const described = new Promise((resolve) => { describe = resolve; });
  agent.onicecandidate = async ({ candidate }) => {
    if (!candidate?.candidate) return;
    const literal = /^[\d.]+$|:/.test(candidate.candidate.split(' ')[4]);
    (literal ? sent : dropped).push(candidate.type);
    await described;
    if (literal) await device.addIceCandidate(candidate);
  };
  device.onicecandidate = async ({ candidate }) => {
    await described;
    if (candidate?.candidate) await agent.addIceCandidate(candidate);
  };
  const heard = new Promise((resolve) => { agent.ondatachannel = ({ channel }) => { channel.onmessage = ({ data }) => resolve(data); }; });
  const channel = device.createDataChannel('oriel');
  channel.onopen = () => channel.send('picture');
  await device.setLocalDescription(await device.createOffer());
  await agent.setRemoteDescription(device.localDescription);
  await agent.setLocalDescription(await agent.createAnswer());
  await device.setRemoteDescription(agent.localDescription);
  describe();
  const data = await Promise.race([heard, new Promise((resolve) => setTimeout(() => resolve(null), ms))]);
  const pairOf = async (connection) => {
    const stats = await connection.getStats(), transport = [...stats.values()].find(({ type }) => type === 'transport');
    const pair = stats.get(transport?.selectedCandidatePairId);
    return pair && { local: stats.get(pair.localCandidateId).candidateType, remote: stats.get(pair.remoteCandidateId).candidateType };
  };
  const result = { data, sent, dropped, agent: await pairOf(agent), device: await pairOf(device) };
  agent.close();
  device.close();
  return result;
}

async function relays(rig, loopback) {
  const { broker } = await stage(rig);
  const { turn } = await enrol(broker);
  const page = await (await rig.browser({ loopback })).page();
  const servers = [{ urls: turn.urls, username: turn.username, credential: turn.password }];
  const relay = [{ ...servers[0], urls: turn.urls.slice(0, 1) }];
  const both = await page.evaluate(meet, { servers, relay, ms: 10000 });
  assert.equal(both.data, 'picture', JSON.stringify(both));
  // Which of the two comes first is a race: Chromium looks no further once a path is there.
  assert.ok(both.sent.length > 0 && both.sent.every((type) => ['srflx', 'relay'].includes(type)), JSON.stringify(both));
  assert.deepEqual([both.device.local, both.agent.remote], ['relay', 'relay']);
  console.log(`sent ${both.sent.join(', ')}; dropped ${both.dropped.join(', ') || 'none'}; agent ${both.agent.local} to ${both.agent.remote}`);
  // Host candidates are .local names, which the device drops: an agent without a server is not reached.
  const without = await page.evaluate(meet, { servers: [], relay, ms: 4000 });
  assert.deepEqual([without.data, without.sent], [null, []], JSON.stringify(without));
  assert.ok(without.dropped.includes('host'));
}

story('a device behind TURN and a browser on one machine meet by relay candidates', ({ rig }) => relays(rig, true));

story('the same in a browser that shuns loopback, as people start it', ({ rig }) => relays(rig, false));
