import assert from 'node:assert/strict';
import test from 'node:test';
import { Voice, loudness } from '../src/voice.js';

// An m-line, and a browser with one microphone, as far as Voice needs them.
const line = () => ({ direction: 'recvonly', track: null, sender: { async replaceTrack(track) { this.line.track = track; } } });
const attach = (voice) => {
    const one = line();
    one.sender.line = one;
    voice.attach(one);
    return one;
};
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
function browser(t, getUserMedia) {
    const track = { enabled: false, stopped: false, stop() { this.stopped = true; } };
    const stream = { getTracks: () => [track], getAudioTracks: () => [track] };
    class AudioContext { createAnalyser() { return { fftSize: 0, getFloatTimeDomainData: (samples) => samples.fill(0.5) }; } createMediaStreamSource() { return { connect() {} }; } close() {} }
    const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
    Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { mediaDevices: { getUserMedia: getUserMedia ?? (async () => stream) } } });
    globalThis.AudioContext = AudioContext;
    t.after(() => { Object.defineProperty(globalThis, 'navigator', before ?? { configurable: true, value: undefined }); delete globalThis.AudioContext; });
    return track;
}

test('voice: decibels from -60 up', () => {
    assert.equal(loudness(new Float32Array(100)), 0);
    assert.equal(loudness(new Float32Array(100).fill(1)), 100);
    assert.equal(loudness(new Float32Array(100).fill(0.0316)), 50);
});

test('voice: the m-line is answered as sending, and carries a track only while it is granted', async (t) => {
    const track = browser(t), voice = new Voice(), first = attach(voice);
    assert.deepEqual([first.direction, first.track, voice.talking], ['sendrecv', null, false]);
    voice.grant(true);
    await settle();
    assert.deepEqual([first.track, track.enabled, voice.talking], [track, true, true]);
    const second = attach(voice); // a new path
    assert.equal(second.track, track);
    voice.grant(false);
    assert.deepEqual([second.track, track.stopped, voice.talking], [null, true, false]);
});

test('voice: muted, and with push-to-talk only while the key is held', async (t) => {
    const track = browser(t), voice = new Voice(), one = attach(voice);
    voice.grant(true);
    await settle();
    voice.mute(true);
    assert.deepEqual([one.track, track.enabled, voice.levels().microphone], [null, false, 0]);
    voice.mute(false);
    assert.ok(voice.levels().microphone > 80);
    voice.setPushToTalk(true);
    assert.equal(one.track, null);
    voice.hold(true);
    assert.equal(one.track, track);
    voice.hold(false);
    assert.equal(one.track, null);
    voice.setPushToTalk(false);
    voice.hold(true); // means nothing then
    voice.hold(false);
    assert.equal(voice.talking, true);
});

test('voice: a microphone that is refused, missing, or granted too late', async (t) => {
    for (const [name, trouble] of [['NotAllowedError', 'refused'], ['NotFoundError', 'none'], ['NotReadableError', 'failed']]) {
        browser(t, async () => { throw Object.assign(new Error('no'), { name }); });
        const voice = new Voice();
        attach(voice);
        voice.grant(true);
        await settle();
        assert.deepEqual([voice.trouble, voice.talking], [trouble, false]);
    }
    const track = browser(t), voice = new Voice(), one = attach(voice);
    voice.grant(true);
    voice.grant(false); // before the browser had asked
    await settle();
    assert.deepEqual([track.stopped, one.track, voice.talking], [true, null, false]);
});
