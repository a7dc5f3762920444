/* The connection, against a real mosquitto with the agents' access rules. */
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Broker } from '../src/broker.js';
import { Protocol, hash } from '../src/protocol.js';
import { schemas, Mosquitto, bytes, credential, id32, until } from './helpers.js';

const protocol = new Protocol(schemas);
const STATE = 'oriel/v1/demo/d/filler-1/state';
const TO_ANNA = 'oriel/v1/demo/a/anna/d/filler-1';
const state = { v: 1, typ: 'state', device: 'filler-1', boot: id32(1), online: false };
const denial = { v: 1, typ: 'denial', request: id32(2), reason: 'busy' };

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

async function connect(random) {
    const seen = { phases: [], states: [], messages: [], gone: [], settled: 0 };
    const broker = new Broker({
        url: mosquitto.url,
        tenant: 'demo',
        credential,
        protocol,
        random,
        on: {
            status: (phase) => seen.phases.push(phase),
            settled: () => seen.settled++,
            state: (id, message, retained) => seen.states.push({ id, message, retained }),
            gone: (id) => seen.gone.push(id),
            message: (id, message) => seen.messages.push({ id, message }),
        },
    });
    open.push(broker);
    broker.start();
    await until(() => broker.phase === 'connected', 'the connection');
    return { broker, seen };
}

const publish = (topic, message, options) => device.publishAsync(topic, typeof message === 'string' ? message : JSON.stringify(message), { qos: 1, ...options });

test('states, retained and live; a cleared one means the device is gone', async () => {
    await publish(STATE, state, { retain: true });
    const { seen } = await connect();
    await until(() => seen.states.length === 1, 'the retained state');
    assert.deepEqual(seen.states[0], { id: 'filler-1', message: state, retained: true });
    await publish(STATE, { ...state, boot: id32(3) }, { retain: true });
    await until(() => seen.states.length === 2, 'the new state');
    assert.equal(seen.states[1].retained, false);
    await publish(STATE, '', { retain: true });
    await until(() => seen.gone.length === 1, 'the removal');
    await until(() => seen.settled === 1, 'settling');
});

test('two tabs of one agent are both connected', async () => {
    const one = await connect();
    const two = await connect();
    await publish(TO_ANNA, denial);
    await until(() => one.seen.messages.length && two.seen.messages.length, 'the message in both');
    assert.deepEqual(one.seen.phases, ['connected']);
    assert.deepEqual(two.seen.phases, ['connected']);
});

test('what breaks the protocol is dropped and does no harm', async () => {
    const { broker, seen } = await connect();
    await publish(TO_ANNA, '{');
    await publish(TO_ANNA, `{"v":1,"typ":"denial","request":"${id32(2)}","reason":"busy","reason":"denied"}`);
    await publish(TO_ANNA, ' '.repeat(70_000));
    await publish(TO_ANNA, { v: 1, typ: 'challenge', hello: id32(1), nonce: id32(2), device: 'filler-2', boot: id32(3), status: 'ready', uptime: 1 });
    await publish(TO_ANNA, state); // a state belongs elsewhere
    await publish(STATE, denial);
    await publish(STATE, { ...state, device: 'filler-2' });
    await publish('oriel/v1/demo/d/Filler/state', state);
    await publish(TO_ANNA, denial);
    await until(() => seen.messages.length, 'the good one');
    await until(() => broker.dropped === 8, `eight dropped, not ${broker.dropped}`);
    assert.deepEqual(seen.messages, [{ id: 'filler-1', message: denial }]);
    assert.deepEqual(seen.states, []);
});

test('a retained message that is no state is dropped', async () => {
    await publish(TO_ANNA, denial, { retain: true });
    const { broker, seen } = await connect();
    await until(() => broker.dropped === 1, 'the retained one');
    assert.deepEqual(seen.messages, []);
    await publish(TO_ANNA, '', { retain: true });
});

test('what is sent arrives byte for byte, in order, on the topic that names the agent', async () => {
    const arrived = [];
    const listener = await mosquitto.device();
    listener.on('message', (topic, payload) => arrived.push({ topic, payload }));
    await listener.subscribeAsync('oriel/v1/demo/d/+/dn/+', { qos: 1 });
    const { broker } = await connect();
    const hello = await broker.prepare('filler-1', { typ: 'hello', nonce: id32(4), credential }, 10);
    hello.send();
    broker.send('filler-1', { typ: 'cancel', request: id32(5) });
    await until(() => arrived.length === 2, 'both');
    assert.equal(arrived[0].topic, 'oriel/v1/demo/d/filler-1/dn/anna');
    assert.equal(await hash(arrived[0].payload), hello.hash);
    assert.deepEqual(arrived.map(({ payload }) => protocol.decode(payload).typ), ['hello', 'cancel']);
    assert.throws(() => broker.send('filler-1', { typ: 'cancel', request: 'x' }), /"request"/);
    await listener.endAsync(true);
});

test('the broker restarts: said once, connected again, what was sent meanwhile is delivered', async () => {
    const { broker, seen } = await connect(() => 1); // tries again after 1 s, then after 2 s
    await mosquitto.stop();
    await until(() => broker.phase === 'lost', 'the loss');
    broker.send('filler-1', { typ: 'cancel', request: id32(6) });
    await new Promise((resolve) => setTimeout(resolve, 1200));
    await mosquitto.start();
    const listener = await mosquitto.device();
    const arrived = [];
    listener.on('message', (topic, payload) => arrived.push(protocol.decode(payload)));
    await listener.subscribeAsync('oriel/v1/demo/d/filler-1/dn/anna', { qos: 1 });
    assert.equal(broker.phase, 'lost');
    broker.retryNow();
    await until(() => broker.phase === 'connected', 'the reconnect');
    assert.deepEqual(seen.phases, ['connected', 'lost', 'connected']);
    await listener.publishAsync(TO_ANNA, JSON.stringify(denial), { qos: 1 });
    await until(() => seen.messages.length, 'the subscription after the reconnect');
    await until(() => arrived.some((m) => m.request === id32(6)), 'what was sent meanwhile');
    await listener.endAsync(true);
});
