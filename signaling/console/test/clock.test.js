/* Latency mathematics with clocks that the tests turn. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { ClockOffset, FrameClock, RecentMedian, Silence } from '../src/clock.js';

const near = (value, wanted, by = 1e-6) => assert.ok(Math.abs(value - wanted) <= by, `${value} is not ${wanted}`);

test('the offset is that of the exchange with the shortest round trip', () => {
    const offset = new ClockOffset();
    assert.equal(offset.toPage(0), null);
    assert.equal(offset.rtt, null);
    // The device's clock is 5,000 ms ahead of the page's.
    offset.add(1000, 1080, (5000 + 1075) * 1000); // slow on the way there
    near(offset.toPage(6100_000), 1065);
    offset.add(2000, 2004, (5000 + 2002) * 1000);
    near(offset.toPage(7100_000), 2100);
    offset.add(3000, 3100, (5000 + 3001) * 1000); // slow on the way back: must not spoil it
    near(offset.toPage(8100_000), 3100);
    near(offset.rtt, 4);
});

test('old exchanges are forgotten, so that drift does not add up', () => {
    const offset = new ClockOffset();
    offset.add(0, 1, 500);
    for (let i = 1; i <= 30; i++) offset.add(i * 1000, i * 1000 + 4, (i * 1000 + 2 + 50) * 1000);
    near(offset.toPage(31_050_000), 31_000);
});

test('an exchange that runs backwards is no exchange', () => {
    const offset = new ClockOffset();
    offset.add(10, 9, 1);
    offset.add(NaN, 9, 1);
    assert.equal(offset.rtt, null);
});

test('frames follow at 90 kHz, also backwards', () => {
    const frames = new FrameClock();
    assert.equal(frames.at(5), null);
    frames.set(90_000, 80_000_000);
    near(frames.at(90_000), 80_000_000);
    near(frames.at(93_000), 80_033_333.333, 0.001);
    near(frames.at(87_000), 79_966_666.667, 0.001);
});

test('the 32 bits wrap, and a session may last longer than half of them', () => {
    const frames = new FrameClock();
    const start = 2 ** 32 - 90_000;
    frames.set(start, 0);
    near(frames.at(0), 1e6);
    near(frames.at(90_000), 2e6);
    // 20 hours in steps of ten minutes: more than one and a half turns.
    for (let minutes = 10; minutes <= 1200; minutes += 10) near(frames.at((start + minutes * 60 * 90_000) % 2 ** 32), minutes * 60e6, 1);
});

test('median of the last two seconds', () => {
    const latency = new RecentMedian(2000);
    assert.equal(latency.median(0), null);
    latency.add(0, 100);
    latency.add(500, 20);
    latency.add(1000, 30);
    assert.equal(latency.median(1000), 30);
    latency.add(1900, 40);
    assert.equal(latency.median(1900), 35);
    assert.equal(latency.median(2100), 30); // 100 has left
    assert.equal(latency.median(9000), null);
});

test('silence is of the time in which the page ran', () => {
    const silence = new Silence(1000);
    assert.equal(silence.tick(5000), 0);
    silence.heard(5200);
    assert.equal(silence.tick(6000), 800);
    assert.equal(silence.tick(7500), 2300); // a little late
    assert.equal(silence.tick(68_500), 3300); // the computer slept for a minute
    silence.heard(68_600);
    assert.equal(silence.tick(69_500), 900);
    for (let at = 70_500; at <= 84_500; at += 1000) assert.equal(silence.tick(at), at - 68_600);
});
