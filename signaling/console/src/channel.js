/* What the device says on the data channel, checked. */
import { parse, JsonError } from './json.js';

const MAX_BYTES = 1024;
const U32 = 2 ** 32 - 1;
const PAIR = [U32, U32]; // median and most, in us
const MEMBERS = {
    pong: { id: U32, now: Number.MAX_SAFE_INTEGER },
    time: { rtp: U32, at: Number.MAX_SAFE_INTEGER },
    trace: { pictures: U32, capture: PAIR, convert: PAIR, encode: PAIR, packetize: PAIR, egress: PAIR },
};

const fits = (value, max) =>
    Array.isArray(max)
        ? Array.isArray(value) && value.length === max.length && value.every((v, i) => fits(v, max[i]))
        : Number.isInteger(value) && value >= 0 && value <= max;

/* Text -> {t: 'pong', id, now} | {t: 'time', rtp, at} | {t: 'trace', pictures, capture, …} | null for anything else. */
export function readChannel(data) {
    if (typeof data !== 'string' || data.length > MAX_BYTES) return null;
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
