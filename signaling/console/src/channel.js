/* What the device says on the data channel, checked. */
import { parse, JsonError } from './json.js';

const MAX_LENGTH = 4096; // UTF-16 units: a line of chat is at most 500 characters
const MAX_LINE = 500;
const MAX_NAME = 64;
const CAMERAS_MAX = 16;
const MASKS_MAX = 32;
const SIDE_MAX = 4096;
const U32 = 2 ** 32 - 1;

const upTo = (max) => (value) => Number.isInteger(value) && value >= 0 && value <= max;
const tuple = (length, fits) => (value) => Array.isArray(value) && value.length === length && value.every(fits);
const list = (max, fits) => (value) => Array.isArray(value) && value.length <= max && value.every(fits);
const text = (max) => (value) => typeof value === 'string' && value !== '' && [...value].length <= max;
const word = (...words) => (value) => words.includes(value);
const boolean = (value) => typeof value === 'boolean';
const number = upTo(Number.MAX_SAFE_INTEGER);
const u32 = upTo(U32);
const pair = tuple(2, u32); // median and most, in us
const rectangle = (value) => tuple(4, upTo(SIDE_MAX))(value) && value[2] > 0 && value[3] > 0;
const camera = (value) => Object.keys(value ?? {}).length === 2 && u32(value.id) && value.id > 0 && text(MAX_NAME)(value.name);

const MEMBERS = {
    pong: { id: u32, now: number },
    time: { rtp: u32, at: number },
    chat: { id: number, text: text(MAX_LINE) },
    heard: { id: number },
    panel: { chat: boolean, draw: boolean, face: boolean },
    cameras: { use: u32, state: word('off', 'starting', 'on', 'gone'), list: list(CAMERAS_MAX, camera) },
    trace: { pictures: u32, capture: pair, convert: pair, encode: pair, packetize: pair, egress: pair },
    way: { state: word('start', 'free', 'full', 'queuing', 'silent'), kbits: u32, queue: u32, waiting: u32, loss: upTo(1000), recoveries: u32, keyframes: u32 },
    masks: { masks: list(MASKS_MAX, rectangle) },
    voice: { on: boolean, microphone: boolean, speaker: boolean, muted: boolean, why: (value) => value === '' || text(MAX_LINE)(value) },
};

/* Text -> {t: 'pong', id, now} | {t: 'time', rtp, at} | {t: 'trace', pictures, capture, …} | {t: 'chat', id, text} |
 * {t: 'heard', id} | {t: 'panel', chat, draw, face} | {t: 'cameras', use, state, list: [{id, name}, …]} |
 * {t: 'masks', masks: [[x, y, width, height], …]} | {t: 'voice', on, microphone, speaker, muted, why} | null for anything else. */
export function readChannel(data) {
    if (typeof data !== 'string' || data.length > MAX_LENGTH) return null;
    let message;
    try {
        message = parse(new TextEncoder().encode(data));
    } catch (error) {
        if (error instanceof JsonError) return null;
        throw error;
    }
    const members = typeof message?.t === 'string' && Object.hasOwn(MEMBERS, message.t) ? Object.entries(MEMBERS[message.t]) : null;
    if (!members || Object.keys(message).length !== members.length + 1) return null;
    return members.every(([name, fits]) => fits(message[name])) ? message : null;
}
