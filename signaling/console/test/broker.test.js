/* The connection, against a real mosquitto with the agents' access rules. */
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Broker } from '../src/broker.js';
import { Mosquitto, until } from './helpers.js';

const STATE = 'oriel/v1/demo/d/filler-1/state';
const TO_ANNA = 'oriel/v1/demo/a/anna/d/filler-1';
const REVOKED = 'oriel/v1/demo/v/fill-cap/revoked';

let mosquitto, device;
const open = [];

before(async () => {
    mosquitto = await Mosquitto.create();
    device = await mosquitto.device();
    console.warn = () => {}; // dropped messages are what some of these tests send
});

after(async () => {
    for (const broker of open) broker.stop();
    await device.endAsync(true);
    await mosquitto.remove();
});

async function connect({ random, password = '' } = {}) {
    const seen = { phases: [], states: [], messages: [], gone: [], revoked: [], settled: 0 };
    const broker = new Broker({
        url: mosquitto.url,
        who: { tenant: 'demo', agent: 'anna', vendor: 'fill-cap' },
        password,
        random,
        on: {
            status: (phase) => seen.phases.push(phase),
            settled: () => seen.settled++,
            state: (id, text, retained) => seen.states.push({ id, text, retained }),
            gone: (id) => seen.gone.push(id),
            message: (id, text) => seen.messages.push({ id, text }),
            revoked: (text) => seen.revoked.push(text),
        },
    });
    open.push(broker);
    broker.start();
    await until(() => broker.phase === 'connected', 'the connection');
    return { broker, seen };
}

const publish = (topic, message, options) => device.publishAsync(topic, message, { qos: 1, ...options });

test('states, retained and live; a cleared one means the device is gone', async () => {
    await publish(STATE, 'one', { retain: true });
    const { seen } = await connect();
    await until(() => seen.states.length === 1, 'the retained state');
    assert.deepEqual(seen.states[0], { id: 'filler-1', text: 'one', retained: true });
    await publish(STATE, 'two', { retain: true });
    await until(() => seen.states.length === 2, 'the new state');
    assert.deepEqual(seen.states[1], { id: 'filler-1', text: 'two', retained: false });
    await publish(STATE, '', { retain: true });
    await until(() => seen.gone.length === 1, 'the removal');
    await until(() => seen.settled === 1, 'settling');
});

test('revocations of our vendor, retained and live', async () => {
    await publish(REVOKED, 'first', { retain: true });
    await publish(REVOKED.replace('fill-cap', 'rival'), 'theirs', { retain: true });
    const { broker, seen } = await connect();
    await until(() => seen.revoked.length === 1, 'the retained one');
    await publish(REVOKED, 'second', { retain: true });
    await until(() => seen.revoked.length === 2, 'the new one');
    assert.deepEqual([seen.revoked, broker.dropped], [['first', 'second'], 0]);
    for (const vendor of ['fill-cap', 'rival']) await publish(REVOKED.replace('fill-cap', vendor), '', { retain: true });
});

test('two tabs of one agent are both connected', async () => {
    const one = await connect();
    const two = await connect();
    await publish(TO_ANNA, 'no');
    await until(() => one.seen.messages.length && two.seen.messages.length, 'the message in both');
    assert.deepEqual(one.seen.phases, ['connected']);
    assert.deepEqual(two.seen.phases, ['connected']);
});

test('what is no text for us is dropped and does no harm', async () => {
    const { broker, seen } = await connect();
    await publish(TO_ANNA, ' '.repeat(65_537));
    await publish(TO_ANNA, Buffer.from([0x7b, 0xff, 0x7d]));
    await publish(STATE, ' '.repeat(65_537));
    await publish('oriel/v1/demo/d/Filler/state', 'x');
    await publish(TO_ANNA, 'good');
    await until(() => seen.messages.length, 'the good one');
    await until(() => broker.dropped === 4, `four dropped, not ${broker.dropped}`);
    assert.deepEqual(seen.messages, [{ id: 'filler-1', text: 'good' }]);
    assert.deepEqual(seen.states, []);
});

test('a retained message that is no state is dropped', async () => {
    await publish(TO_ANNA, 'no', { retain: true });
    const { broker, seen } = await connect();
    await until(() => broker.dropped === 1, 'the retained one');
    assert.deepEqual(seen.messages, []);
    await publish(TO_ANNA, '', { retain: true });
});

test('what is sent arrives in order, on the topic that names the agent', async () => {
    const arrived = [];
    const listener = await mosquitto.device();
    listener.on('message', (topic, payload) => arrived.push([topic, String(payload)]));
    await listener.subscribeAsync('oriel/v1/demo/d/+/dn/+', { qos: 1 });
    const { broker } = await connect();
    broker.publish('filler-1', 'one', 10);
    broker.publish('filler-1', 'two');
    await until(() => arrived.length === 2, 'both');
    assert.deepEqual(arrived, [['oriel/v1/demo/d/filler-1/dn/anna', 'one'], ['oriel/v1/demo/d/filler-1/dn/anna', 'two']]);
    await listener.endAsync(true);
});

test('what is sent leaves at once: a page that is left says so by its last line', async () => {
    const arrived = [];
    const listener = await mosquitto.device();
    listener.on('message', (topic, payload) => arrived.push(String(payload)));
    await listener.subscribeAsync('oriel/v1/demo/d/+/dn/+', { qos: 1 });
    const file = (path) => JSON.stringify(new URL(path, import.meta.url));
    const page = `
        globalThis.crypto ??= (await import('node:crypto')).webcrypto;
        globalThis.window = globalThis; // so that mqtt.js takes it for a browser
        globalThis.document = {};
        globalThis.navigator ??= { userAgent: '' };
        globalThis.WebSocket = (await import(${file('../node_modules/ws/wrapper.mjs')})).WebSocket;
        const { Broker } = await import(${file('../src/broker.js')});
        const leave = (phase) => {
            if (phase !== 'connected') return;
            broker.publish('filler-1', 'away');
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500); // no timer of it runs any more
            process.kill(process.pid, 'SIGKILL');
        };
        const broker = new Broker({ url: ${JSON.stringify(mosquitto.url)}, who: { tenant: 'demo', agent: 'anna', vendor: 'fill-cap' }, on: { status: leave, settled() {}, state() {}, gone() {}, message() {}, revoked() {} } });
        broker.start();`;
    const [, signal] = await once(spawn(process.execPath, ['--conditions=browser', '--input-type=module', '-e', page], { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit');
    assert.equal(signal, 'SIGKILL');
    await until(() => arrived.includes('away'), 'the last line').finally(() => listener.endAsync(true));
});

test('the broker restarts: said once, connected again, what was sent meanwhile is delivered', async () => {
    let pause = 1;
    const { broker, seen } = await connect({ random: () => pause }); // tries again after 1 s, then not until it is told to
    await mosquitto.stop();
    await until(() => broker.phase === 'lost', 'the loss');
    pause = 60;
    broker.publish('filler-1', 'meanwhile');
    await new Promise((resolve) => setTimeout(resolve, 1200));
    await mosquitto.start();
    const listener = await mosquitto.device();
    const arrived = [];
    listener.on('message', (topic, payload) => arrived.push(String(payload)));
    await listener.subscribeAsync('oriel/v1/demo/d/filler-1/dn/anna', { qos: 1 });
    assert.equal(broker.phase, 'lost');
    broker.retryNow();
    await until(() => broker.phase === 'connected', 'the reconnect');
    assert.deepEqual(seen.phases, ['connected', 'lost', 'connected']);
    await listener.publishAsync(TO_ANNA, 'no', { qos: 1 });
    await until(() => seen.messages.length, 'the subscription after the reconnect');
    await until(() => arrived.includes('meanwhile'), 'what was sent meanwhile');
    await listener.endAsync(true);
});

test('a session that waits: one attempt follows the other, and one that hangs is given up', async () => {
    for (const other of open.splice(0)) other.stop(); // they would try, too
    const { broker } = await connect({ random: () => 1 });
    assert.equal(await broker.prove(), true);
    await mosquitto.stop();
    await until(() => broker.phase === 'lost', 'the loss');
    let reached = null;
    broker.prove().then((same) => (reached = same));
    const hung = [];
    const silent = createServer((socket) => hung.push(socket.resume().on('error', () => {}))).listen(Number(new URL(mosquitto.url).port), '127.0.0.1'); // takes connections and says nothing
    try {
        await once(silent, 'listening');
        // The device tries, too, and gives nothing up.
        await until(() => hung.some((socket) => socket.destroyed), 'one that hangs to be given up');
        const attempts = hung.length;
        await until(() => hung.length > attempts && !hung.at(-1).destroyed, 'another attempt');
        assert.equal(reached, null);
    } finally {
        silent.close();
        for (const socket of hung) socket.destroy();
    }
    await mosquitto.start();
    await until(() => reached === false, 'another connection');
    await until(() => broker.phase === 'connected', 'the subscriptions');
    assert.equal(await broker.prove(), true);
});

test('the password of the enrolment is asked for, and a new one is used from then on', async () => {
    const locked = await Mosquitto.create({ password: 'first' });
    const [phases, one] = [[], () => {}];
    const on = { status: (phase) => phases.push(phase), settled: one, state: one, gone: one, message: one, revoked: one };
    const broker = new Broker({ url: locked.url, who: { tenant: 'demo', agent: 'anna', vendor: 'fill-cap' }, password: 'wrong', random: () => 0.1, on });
    open.push(broker);
    broker.start();
    await until(() => broker.phase === 'refused', 'the refusal');
    broker.nextPassword = 'first';
    broker.retryNow();
    await until(() => broker.phase === 'connected', 'the connection');
    assert.deepEqual(phases, ['refused', 'connected']);
    broker.stop();
    await locked.remove();
});
