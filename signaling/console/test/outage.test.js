/* When a page asks for another path, and when it does not. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Outage } from '../src/outage.js';

/* A clock that is turned by hand, and a broker that answers when it is told to. */
function world() {
    const it = { now: 0, timers: [], asked: [], over: false, answers: [] };
    it.outage = new Outage({
        now: () => it.now,
        after: (ms, f) => {
            const timer = { at: it.now + ms, f };
            it.timers.push(timer);
            return () => (it.timers = it.timers.filter((one) => one !== timer));
        },
        prove: () => new Promise((resolve) => it.answers.push(resolve)),
        renew: () => it.asked.push(it.now),
        over: () => (it.over = true),
    });
    it.pass = async (ms) => {
        const end = it.now + ms;
        for (;;) {
            await new Promise(setImmediate);
            const next = it.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
            if (!next) break;
            it.timers = it.timers.filter((one) => one !== next);
            it.now = next.at;
            next.f();
        }
        it.now = end;
    };
    it.answer = (same) => it.answers.splice(0).forEach((resolve) => resolve(same));
    return it;
}

test('where the broker answers, a path is asked for after a moment, and again', async () => {
    const it = world();
    it.outage.begin(60);
    it.outage.ask();
    it.answer(true);
    await it.pass(299);
    assert.deepEqual(it.asked, []);
    await it.pass(2001);
    assert.deepEqual(it.asked, [300]);
    await it.pass(1500);
    it.answer(true);
    await it.pass(1000);
    assert.deepEqual(it.asked, [300, 4100]);
});

test('by another connection to the broker at once; until there is one nothing is asked, and it is tried again', async () => {
    const it = world();
    it.outage.begin(60);
    it.outage.ask();
    await it.pass(7000);
    assert.deepEqual([it.asked, it.answers.length], [[], 3]);
    it.answer(false);
    await it.pass(1);
    assert.deepEqual(it.asked, [7000]);
});

test('a path that is offered, or the old one that is back, ends the asking; the limit ends the session', async () => {
    const it = world();
    it.outage.begin(60);
    it.outage.ask();
    it.outage.hold();
    it.answer(false);
    await it.pass(20_000);
    assert.deepEqual(it.asked, []);
    it.outage.ask(); // that one did not come up
    it.answer(true);
    it.outage.end();
    await it.pass(100_000);
    assert.deepEqual([it.asked, it.over], [[], false]);
    it.outage.begin(60);
    it.outage.ask();
    await it.pass(64_999);
    assert.equal(it.over, false);
    await it.pass(1);
    assert.equal(it.over, true);
});
