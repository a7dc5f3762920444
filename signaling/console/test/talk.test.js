/* Chat and drawing without a channel: lines in order and once, whatever the path does; points at most 20 a second. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Chat, clean } from '../src/chat.js';
import { Pen } from '../src/pen.js';
import { readChannel } from '../src/channel.js';

const said = (chat) => chat.lines.map(({ from, text, heard }) => `${from}:${text}${heard ? '' : '?'}`);

test('chat: nothing before the panel says that it can; lines are cleaned; heard ones are marked', () => {
    const chat = new Chat();
    const sent = [];
    chat.attach((m) => sent.push(m));
    assert.equal(chat.say('too early'), false);
    chat.take({ t: 'panel', chat: true, draw: false, face: false });
    assert.equal(chat.say('  Is the\n guard \u202eclosed?\u200b '), true);
    assert.equal(chat.say(' \u200b '), false);
    assert.deepEqual(sent, [{ t: 'chat', id: 1, text: 'Is the guard closed?' }]);
    assert.deepEqual(said(chat), ['agent:Is the guard closed??']);
    chat.take({ t: 'heard', id: 1 });
    assert.deepEqual(said(chat), ['agent:Is the guard closed?']);
    assert.equal([...clean('😀'.repeat(600))].length, 500);
});

test('chat: what was not heard goes again on a new path and after a while, in order; theirs come once', () => {
    let now = 0;
    const chat = new Chat(() => now);
    const sent = [];
    chat.take({ t: 'panel', chat: true, draw: true, face: false });
    chat.say('a');
    chat.attach((m) => sent.push(m));
    chat.say('b');
    assert.deepEqual(sent.splice(0).map(({ id }) => id), [1, 2]);
    chat.take({ t: 'heard', id: 1 });
    chat.tick();
    assert.deepEqual(sent, []);
    now = 2500;
    chat.tick();
    assert.deepEqual(sent.splice(0).map(({ id }) => id), [2]);
    chat.detach();
    chat.say('c');
    chat.attach((m) => sent.push(m));
    assert.deepEqual(sent.splice(0).map(({ id }) => id), [2, 3]);
    for (const id of [1, 1, 3, 2]) chat.take({ t: 'chat', id, text: `line ${id}` });
    assert.deepEqual(sent.splice(0), [1, 1, 1, 2].map((id) => ({ t: 'heard', id })));
    assert.deepEqual(said(chat).filter((line) => line.startsWith('person')), ['person:line 1', 'person:line 2']);
    assert.equal(chat.unread, 2);
    chat.read();
    assert.equal(chat.unread, 0);
});

test('pen: the newest place of a pointer, all places of a line, at most one message in 50 ms', () => {
    let now = 0;
    const timers = new Set();
    const sent = [];
    const after = (ms, f) => {
        const timer = { at: now + ms, f };
        timers.add(timer);
        return () => timers.delete(timer);
    };
    const pass = (ms) => {
        now += ms;
        for (const timer of timers) if (timer.at <= now) timers.delete(timer), timer.f();
    };
    const pen = new Pen({ send: (m) => sent.push(m), now: () => now, after });
    for (let i = 0; i <= 10; i++) pen.point({ x: i / 10, y: 2 }); // beside the picture: its edge
    assert.deepEqual(sent.splice(0), [{ t: 'point', at: [0, 65535] }]);
    pass(50);
    assert.deepEqual(sent.splice(0), [{ t: 'point', at: [65535, 65535] }]);
    pen.begin({ x: 0, y: 0 });
    for (let i = 0; i < 40; i++) pen.move({ x: (i >> 1) / 40, y: 0 });
    assert.deepEqual(sent, []);
    pass(50);
    assert.equal(sent[0].points.length, 40); // each place once
    pen.move({ x: 1, y: 1 });
    pen.end();
    pen.begin({ x: 1, y: 1 });
    pen.end();
    assert.deepEqual(sent.splice(1), [{ t: 'draw', stroke: 1, points: [65535, 65535] }, { t: 'draw', stroke: 2, points: [65535, 65535] }]);
    sent.length = 0;
    pen.begin({ x: 0, y: 0 });
    for (let i = 1; i <= 40; i++) pen.move({ x: i / 100, y: 0 });
    assert.equal(sent[0].points.length, 64);
    pen.clear();
    assert.deepEqual(sent.slice(1).map(({ t, points }) => [t, points?.length]), [['draw', 18], ['clear', undefined]]);
    pass(100);
    assert.equal(sent.length, 3);
});

test('channel: chat, heard and panel as the protocol has them, and nothing else', () => {
    const good = [{ t: 'chat', id: 1, text: '😀'.repeat(500) }, { t: 'heard', id: 0 }, { t: 'panel', chat: true, draw: false, face: true }];
    for (const message of good) assert.deepEqual(readChannel(JSON.stringify(message)), message);
    const bad = [{ t: 'chat', id: 1, text: '😀'.repeat(501) }, { t: 'chat', id: 1, text: '' }, { t: 'chat', id: 1 }, { t: 'chat', id: '1', text: 'a' }, { t: 'panel', chat: 1, draw: false, face: true }, { t: 'heard', id: -1 }];
    for (const message of bad) assert.equal(readChannel(JSON.stringify(message)), null, JSON.stringify(message).slice(0, 60));
});
