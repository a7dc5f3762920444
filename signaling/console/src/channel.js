/* What the device says on the data channel, checked. */
import { parse, JsonError } from './json.js';

const MAX_LENGTH = 4096; // UTF-16 units: a line of chat is at most 500 characters
const MAX_LINE = 500;
const U32 = 2 ** 32 - 1;
const PAIR = [U32, U32]; // median and most, in us
const MASKS_MAX = 32;
const SIDE_MAX = 4096;
const rectangles = (value) =>
    Array.isArray(value) && value.length <= MASKS_MAX && value.every((r) => fits(r, [SIDE_MAX, SIDE_MAX, SIDE_MAX, SIDE_MAX]) && r[2] > 0 && r[3] > 0);
const MEMBERS = {
    pong: { id: U32, now: Number.MAX_SAFE_INTEGER },
    time: { rtp: U32, at: Number.MAX_SAFE_INTEGER },
    chat: { id: Number.MAX_SAFE_INTEGER, text: 'line' },
    heard: { id: Number.MAX_SAFE_INTEGER },
    panel: { chat: 'boolean', draw: 'boolean' },
    trace: { pictures: U32, capture: PAIR, convert: PAIR, encode: PAIR, packetize: PAIR, egress: PAIR },
    masks: { masks: rectangles },
};

const fits = (value, max) =>
    typeof max === 'function'
        ? max(value)
        : max === 'boolean'
        ? typeof value === 'boolean'
        : max === 'line'
        ? typeof value === 'string' && value !== '' && [...value].length <= MAX_LINE
        : Array.isArray(max)
        ? Array.isArray(value) && value.length === max.length && value.every((v, i) => fits(v, max[i]))
        : Number.isInteger(value) && value >= 0 && value <= max;

/* Text -> {t: 'pong', id, now} | {t: 'time', rtp, at} | {t: 'trace', pictures, capture, …} | {t: 'chat', id, text} |
 * {t: 'heard', id} | {t: 'panel', chat, draw} | {t: 'masks', masks: [[x, y, width, height], …]} | null for anything else. */
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
    return members.every(([name, max]) => fits(message[name], max)) ? message : null;
}
