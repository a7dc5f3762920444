/* The small modules: devices, figures, data channel, inbox and outbox, offer, scale, words, configuration, back-off. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Devices } from '../src/devices.js';
import { figures, readStats, wayDetail, wayWords } from '../src/figures.js';
import { readChannel } from '../src/channel.js';
import { Inbox } from '../src/inbox.js';
import { Outbox } from '../src/outbox.js';
import { refuseOffer } from '../src/offer.js';
import { place } from '../src/scale.js';
import { forDevice, iceServers, isUsable } from '../src/turn.js';
import { DENIALS, SCOPES, UNREACHABLE, UNVERIFIED, counter, endWords, shortKey, span } from '../src/words.js';
import { ConfigError, readConfig } from '../src/config.js';
import { backoffMs } from '../src/broker.js';
import { schemas, id32 } from './helpers.js';

const BOOT = id32(1);
test('TURN: what the browser takes, what the device is told, and nothing of nothing', () => {
    const turn = { urls: ['turn:a.example', 'turns:b.example:443?transport=tcp'], username: '1:anna', password: 'x' };
    assert.deepEqual(iceServers(turn), [{ urls: turn.urls, username: '1:anna', credential: 'x' }]);
    assert.deepEqual(forDevice(turn), { turn: { username: '1:anna', password: 'x' } });
    for (const none of [null, undefined]) assert.deepEqual([iceServers(none), forDevice(none)], [[], {}]);
    for (const url of ['turn:a.example:1', 'turn:192.0.2.7', 'turn:[::1]', 'turns:[2001:db8::7]:443?transport=tcp']) assert.ok(isUsable(url), url);
    for (const url of ['turn:[::::]', 'turns:[1:2:3]:443', 'turn:[]']) assert.ok(!isUsable(url), url);
});

/* As src/presence.js gives them. */
const state = (id, { name = id, model = '', ...more } = {}) => ({
    state: { v: 1, typ: 'state', device: id, boot: BOOT, online: true, status: 'ready', consent: true, name: 'claimed', model: 'claimed', site: '', firmware: '', uptime: 1000, ...more },
    identity: { device: id, name, model },
});
const will = (id, boot = BOOT, name = '') => ({ state: { v: 1, typ: 'state', device: id, boot, online: false }, identity: { device: id, name, model: '' } });

test('devices: those that call first, longest waiting first, offline last, names in human order', () => {
    const devices = new Devices(() => 0);
    for (const id of ['filler-10', 'filler-9']) devices.update(id, state(id));
    devices.update('gone', will('gone'));
    devices.update('late', state('late', { help: { since: 990, note: '' } }));
    devices.update('early', state('early', { help: { since: 400, note: 'Jam' } }));
    assert.deepEqual(devices.list().map((d) => d.id), ['early', 'late', 'filler-9', 'filler-10', 'gone']);
    assert.deepEqual(devices.list('JAM ear').map((d) => d.id), ['early']);
    assert.deepEqual(devices.list('jam filler'), []);
    devices.remove('early');
    assert.equal(devices.size, 4);
});

test('devices: a late will of a former boot means nothing', () => {
    const devices = new Devices(() => 0);
    devices.update('a', state('a', { name: 'Filler', model: 'BF' }));
    assert.equal(devices.update('a', will('a', id32(2))), null);
    assert.equal(devices.get('a').status, 'ready');
    devices.update('a', will('a', BOOT, 'Filler'));
    assert.equal(devices.get('a').status, 'offline');
    assert.equal(devices.get('a').name, 'Filler'); // what was known stays visible
    devices.update('a', state('a', { boot: id32(3) }));
    assert.equal(devices.get('a').online, true);
    assert.equal(devices.update('new', will('new')).name, 'new');
});

test('devices: uptime and waiting time go on; a challenge corrects an old retained state', () => {
    let now = 0;
    const devices = new Devices(() => now);
    devices.update('a', state('a', { uptime: 100, help: { since: 90, note: '' } }), true);
    now = 5000;
    assert.equal(devices.uptime(devices.get('a')), 105);
    assert.equal(devices.waiting(devices.get('a')), 15);
    devices.refresh('a', { boot: id32(9), uptime: 1 });
    assert.equal(devices.get('a').retained, true);
    devices.refresh('a', { boot: BOOT, uptime: 400 });
    assert.equal(devices.waiting(devices.get('a')), 310);
    assert.equal(devices.get('a').retained, false);
});

const report = (entries) => new Map(entries.map((e) => [e.id, e]));
const video = (more) => ({ id: 'v', type: 'inbound-rtp', kind: 'video', bytesReceived: 0, packetsReceived: 0, packetsLost: 0, framesDecoded: 0, ...more });

test('figures: rates between two looks', () => {
    const before = { ...readStats(report([video({ bytesReceived: 1000, packetsReceived: 10, packetsLost: 1, framesDecoded: 5 })])), at: 1000, shown: 5 };
    const pair = { id: 'p', type: 'candidate-pair', currentRoundTripTime: 0.025 };
    const transport = { id: 't', type: 'transport', selectedCandidatePairId: 'p' };
    const stats = video({ bytesReceived: 126_000, packetsReceived: 106, packetsLost: 5, framesDecoded: 40, frameWidth: 1280, frameHeight: 720 });
    const now = { ...readStats(report([stats, pair, transport])), at: 2000, shown: 33 };
    assert.deepEqual(figures(before, now, { latency: 31.5, rtt: null }), { width: 1280, height: 720, fps: 28, latency: 31.5, bitrate: 1000, loss: 4, rtt: 25, stages: null, way: null });
    const trace = { pictures: 30, capture: [2500, 9000], convert: [200, 300], encode: [4100, 12000], packetize: [50, 60], egress: [26, 280] };
    assert.deepEqual(figures(before, now, { latency: 31.5, rtt: 7, trace }).stages, { capture: 2.5, convert: 0.2, encode: 4.1, packetize: 0.05, egress: 0.026 });
    assert.equal(figures(before, now, { latency: null, rtt: 7 }).rtt, 7);
    assert.equal(figures(before, { ...now, shown: 0 }, { latency: null, rtt: 7 }).fps, 35); // a browser that doesn't count what it shows
    assert.equal(figures(before, { ...before, at: 2000 }, { latency: null, rtt: null }).loss, 0);
});

test('figures: unknown is null, never NaN', () => {
    const nothing = { ...readStats(report([])), at: 0, shown: 0 };
    assert.deepEqual(Object.values(figures(null, nothing, { latency: null, rtt: null })), Array(9).fill(null));
    assert.ok(Object.values(figures(nothing, nothing, { latency: null, rtt: null })).every((v) => v === null || Number.isFinite(v)));
});

test('data channel: exactly the messages of the protocol', () => {
    assert.deepEqual(readChannel('{"t":"pong","id":7,"now":81234567}'), { t: 'pong', id: 7, now: 81234567 });
    assert.deepEqual(readChannel('{"t":"time","rtp":0,"at":80000000}'), { t: 'time', rtp: 0, at: 80000000 });
    const way = { t: 'way', state: 'full', kbits: 420, queue: 35, waiting: 0, loss: 12, recoveries: 7, keyframes: 1 };
    assert.deepEqual(readChannel(JSON.stringify(way)), way);
    for (const wrong of [{ state: 'fast' }, { kbits: -1 }, { loss: 1001 }, { more: 1 }]) assert.equal(readChannel(JSON.stringify({ ...way, ...wrong })), null);
    const trace = { t: 'trace', pictures: 30, capture: [2500, 9000], convert: [200, 300], encode: [4100, 12000], packetize: [50, 60], egress: [26, 280] };
    assert.deepEqual(readChannel(JSON.stringify(trace)), trace);
    for (const encode of [4100, [1], [1, 2, 3], [1, -2], [1, 2 ** 32], [1, '2'], {}]) assert.equal(readChannel(JSON.stringify({ ...trace, encode })), null);
    const masks = (list) => readChannel(JSON.stringify({ t: 'masks', masks: list }));
    for (const list of [[], [[600, 300, 200, 180], [0, 0, 4096, 1]], Array(32).fill([0, 0, 1, 1])]) assert.deepEqual(masks(list), { t: 'masks', masks: list });
    for (const list of [1, {}, [1], [[1, 2, 3]], [[0, 0, 0, 1]], [[0, 0, 1, 0]], [[-1, 0, 1, 1]], [[0, 0, 4097, 1]], [['0', 0, 1, 1]], Array(33).fill([0, 0, 1, 1])]) assert.equal(masks(list), null, JSON.stringify(list));
    const bad = ['', '{}', 'null', '[]', '{"t":"ping","id":1}', '{"t":"pong","id":7}', '{"t":"pong","id":7,"now":1,"x":1}', '{"t":"pong","id":-1,"now":1}'];
    bad.push('{"t":"time","rtp":4294967296,"at":1}', '{"t":"time","rtp":"0","at":1}', '{"t":"toString"}', '{"t":["pong"],"id":7,"now":1}', `${' '.repeat(1024)}{}`);
    for (const text of bad) assert.equal(readChannel(text), null, text);
    assert.equal(readChannel(new ArrayBuffer(8)), null);
});

const FINGERPRINT = Array(32).fill('AB').join(':');
const OTHER = Array(32).fill('AC').join(':');
const MLINES = ['video screen', 'video camera', 'audio voice', 'video face', 'application application0'];
const offer = ({ media = MLINES, prints = [`sha-256 ${FINGERPRINT}`] } = {}) =>
    ['v=0', ...prints.map((p) => `a=fingerprint:${p}`), ...media.map((m) => m.split(' ')).flatMap(([kind, mid]) => [`m=${kind} 9 UDP/TLS/RTP/SAVPF 96`, `a=mid:${mid}`]), ''].join('\r\n');

test('inbox: in order, once, and not more than 64 early ones', () => {
    const inbox = new Inbox();
    const add = (seq) => inbox.add({ seq }).map((m) => m.seq);
    assert.deepEqual(add(1), []);
    assert.deepEqual(add(0), [0, 1]);
    assert.deepEqual(add(0), []);
    assert.deepEqual(add(1), []);
    for (let seq = 3; seq < 3 + 64; seq++) assert.deepEqual(add(seq), []);
    assert.deepEqual(add(67), []); // one too many: dropped
    assert.deepEqual(add(2), Array.from({ length: 65 }, (_, i) => i + 2));
    assert.deepEqual(add(67), [67]);
});

test('outbox: numbered; what is said again is of the last minute, and not taken yet', () => {
    const outbox = new Outbox();
    assert.deepEqual(outbox.add({ typ: 'sdp', path: 1 }, 1000), { typ: 'sdp', path: 1, seq: 0 });
    for (let at = 2000; at < 5000; at += 1000) outbox.add({ typ: 'ice', path: 1 }, at);
    const seqs = (now) => outbox.recent(now).map((message) => message.seq);
    assert.deepEqual(seqs(61_000), [0, 1, 2, 3]);
    assert.deepEqual(seqs(63_000), [2, 3]);
    outbox.taken(2); // nothing is known of that one
    assert.deepEqual(seqs(5000), [0, 1, 2, 3]);
    outbox.taken(1); // candidates that follow the answer may not have come
    assert.deepEqual(seqs(5000), [1, 2, 3]);
    for (let i = 0; i < 100; i++) outbox.add({ typ: 'ice', path: 1 }, 6000);
    assert.equal(seqs(6000).length, 64);
    assert.equal(seqs(6000).at(-1), 103);
});

test('offer: every fingerprint is the one of the grant', () => {
    assert.equal(refuseOffer(offer(), FINGERPRINT), null);
    assert.equal(refuseOffer(offer({ prints: [`SHA-256 ${FINGERPRINT.toLowerCase()}`, `sha-256 ${FINGERPRINT}`] }), FINGERPRINT), null);
    assert.equal(refuseOffer(offer({ prints: [`sha-256 ${OTHER}`] }), FINGERPRINT).reason, 'fingerprint');
    assert.equal(refuseOffer(offer({ prints: [`sha-256 ${FINGERPRINT}`, `sha-256 ${OTHER}`] }), FINGERPRINT).reason, 'fingerprint');
    assert.equal(refuseOffer(offer({ prints: [`sha-1 ${FINGERPRINT}`] }), FINGERPRINT).reason, 'protocol');
    assert.equal(refuseOffer(offer({ prints: [] }), FINGERPRINT).reason, 'protocol');
});

test('offer: the five m-lines of the protocol in their order, nothing else', () => {
    const [screen, camera, voice, face, data] = MLINES;
    for (const media of [[], [screen], [screen, data], [screen, camera, voice, face], [camera, screen, voice, face, data], [screen, camera, voice, face, data, voice], [screen, camera, 'video voice', face, data], [screen, camera, 'audio speech', face, data]])
        assert.equal(refuseOffer(offer({ media }), FINGERPRINT).reason, 'protocol', media.join());
});

test('scale: shrinks as it must, grows by whole multiples, lies on whole device pixels', () => {
    const fit = (width, height, stageWidth, stageHeight, ratio = 1) => place({ mode: 'fit', width, height, stageWidth, stageHeight, ratio });
    assert.equal(fit(1280, 720, 640, 720).scale, 0.5);
    assert.equal(fit(1280, 720, 1900, 900).scale, 1);
    assert.equal(fit(800, 480, 1900, 1000).scale, 2);
    assert.deepEqual(fit(1280, 720, 1281, 721), { scale: 1, width: 1280, height: 720, left: 0, top: 0 });
    const hidpi = fit(1280, 720, 1001, 801, 2);
    assert.deepEqual([hidpi.scale, hidpi.width, (hidpi.left * 2) % 1, (hidpi.top * 2) % 1], [1, 640, 0, 0]);
    const one = place({ mode: 'one', width: 1280, height: 720, stageWidth: 640, stageHeight: 900, ratio: 1 });
    assert.deepEqual(one, { scale: 1, width: 1280, height: 720, left: 0, top: 90 });
});

test('words: for every reason that the schemas know, and spans to be read', () => {
    for (const reason of schemas.denial.properties.reason.enum) assert.equal(DENIALS[reason]?.length, 2, reason);
    for (const reason of schemas.end.properties.reason.enum)
        for (const by of schemas.end.properties.by.enum) assert.equal(endWords({ by, reason })?.length, 2, `${by} ${reason}`);
    assert.deepEqual(Object.keys(DENIALS).sort(), [...schemas.denial.properties.reason.enum].sort());
    assert.ok(Object.values(UNREACHABLE).every((words) => words.length === 2));
    assert.deepEqual([0, 59, 60, 3600, 3900, 86400, 100000].map(span), ['0 s', '59 s', '1 min', '1 h', '1 h 5 min', '1 d', '1 d 3 h']);
    assert.deepEqual([-1, 9.9, 598, 3723].map(counter), ['0:00', '0:09', '9:58', '1:02:03']);
});

test('configuration: right ones are read, wrong ones refused in words', () => {
    const here = { protocol: 'http:', host: '127.0.0.1:9884' };
    const read = (config, location = here) => readConfig(typeof config === 'string' ? config : JSON.stringify(config), location);
    assert.deepEqual(read({ tenant: 'demo', broker: '' }), { tenant: 'demo', broker: 'ws://127.0.0.1:9884/mqtt', enrolment: null, auto: false });
    assert.deepEqual(read({}), { tenant: null, broker: 'ws://127.0.0.1:9884/mqtt', enrolment: null, auto: false });
    assert.equal(read('{}', { protocol: 'https:', host: 'x' }).broker, 'wss://x/mqtt');
    assert.equal(read({ tenant: 'demo', broker: 'wss://b.example/mqtt' }).broker, 'wss://b.example/mqtt');
    const enrolment = (text, location) => read({ enrolment: text }, location).enrolment;
    assert.equal(enrolment('/enrol'), 'http://127.0.0.1:9884/enrol');
    assert.equal(enrolment('https://id.example/oriel?x=1'), 'https://id.example/oriel?x=1');
    assert.equal(enrolment('http://localhost:8080/x'), 'http://localhost:8080/x');
    assert.equal(enrolment('/enrol', { protocol: 'https:', host: 'x' }), 'https://x/enrol');
    assert.equal(read({ enrolment: '/enrol', enrol: 'auto' }).auto, true);
    const refused = (config, why) => assert.throws(() => read(config), (e) => e instanceof ConfigError && why.test(e.message));
    refused('{', /not JSON/);
    refused('[]', /not an object/);
    refused({ tenant: 'Demo' }, /"tenant"/);
    refused({ tenant: 7 }, /"tenant"/);
    refused({ tenant: 'demo', brokre: '' }, /"brokre" is not known/);
    refused({ tenant: 'demo', broker: 'http://x' }, /"broker"/);
    for (const bad of ['http://id.example/x', 'ws://127.0.0.1/x', 'javascript:alert(1)', 'https://u:p@x/', 'https://', 7]) refused({ enrolment: bad }, /"enrolment"/);
    refused({ enrol: 'auto' }, /"enrol"/);
    refused({ enrol: 'always', enrolment: '/x' }, /"enrol"/);
    refused({ credential: {} }, /"credential" is not known/);
});

test('devices: one that does not verify has no name but its address, and stands last', () => {
    const devices = new Devices(() => 0);
    devices.update('z', will('z'));
    devices.update('a', state('a', { name: 'Filler', help: { since: 1, note: 'Jam' } }));
    assert.deepEqual([devices.get('a').name, devices.get('a').model], ['Filler', '']);
    devices.refuse('a', { reason: 'owner', detail: 'x' });
    const { name, status, unverified, help, online } = devices.get('a');
    assert.deepEqual([name, status, unverified.reason, help, online], ['a', 'unverified', 'owner', undefined, false]);
    assert.deepEqual(devices.list().map((d) => d.id), ['z', 'a']);
    assert.deepEqual(devices.list('Filler'), []);
    devices.update('a', state('a', { name: 'Filler' }));
    assert.deepEqual([devices.get('a').status, devices.get('a').unverified], ['ready', null]);
});

test('words: for every reason why a device is not verified, and keys to be compared', () => {
    for (const reason of ['not-for-us', 'owner', 'credential', 'signature', 'unreadable', 'unknown']) assert.equal(UNVERIFIED[reason]?.length, 2, reason);
    assert.equal(shortKey(id32(1)), 'AQEBAQEB…');
});

test('back-off: rand(0, min(30, 2^n)) seconds, never 0', () => {
    assert.equal(backoffMs(0, () => 1), 1000);
    assert.equal(backoffMs(3, () => 1), 8000);
    assert.equal(backoffMs(40, () => 1), 30_000);
    assert.equal(backoffMs(3, () => 0), 1); // to mqtt.js, 0 means never
});

test('there are words for each scope, in the order of the schema', () => {
    assert.deepEqual(Object.keys(SCOPES), schemas.request.properties.scopes.items.enum);
});

test('what the agent is told of a slow way', () => {
    const words = (state, kbits) => wayWords({ t: 'way', state, kbits, queue: 0, waiting: 0, loss: 0 });
    assert.equal(wayWords(null), '');
    assert.equal(wayDetail(null), null);
    const detail = wayDetail({ t: 'way', state: 'full', kbits: 420, queue: 35, waiting: 10, loss: 12, recoveries: 7, keyframes: 1 });
    assert.match(detail, /at its limit.* takes 420 kbit\/s, packets wait 45 ms, 1\.2 % are lost\. Since the start 7 pictures were repaired after a loss, one was sent as a whole\.$/);
    assert.doesNotMatch(wayDetail({ t: 'way', state: 'new', kbits: 420, queue: 0, waiting: 0, loss: 0 }), /undefined|NaN/); // of an older device
    assert.equal(words('free', 400), '');
    assert.equal(words('full', 4000), '');
    assert.equal(words('full', 400), 'The device’s connection is slow: 400 kbit/s. The picture will be slower, text stays readable.');
    assert.match(words('queuing', 120), /very slow: 120 kbit\/s/);
    assert.match(words('full', 64), /very slow: 64 kbit\/s/);
    assert.match(words('full', 953), /slow: 1\.0 Mbit\/s/);
    assert.match(words('full', 947), /slow: 950 kbit\/s/);
    assert.match(words('silent', 4000), /Nothing gets through/);
});
