/* What the device says on the data channel, checked. */
import { parse, JsonError } from './json.js';

const MAX_BYTES = 1024;
const U32 = 2 ** 32 - 1;
const MEMBERS = {
    pong: { id: U32, now: Number.MAX_SAFE_INTEGER },
    time: { rtp: U32, at: Number.MAX_SAFE_INTEGER },
};

/* Text -> {t: 'pong', id, now} | {t: 'time', rtp, at} | null for anything else. */
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
    return members.every(([name, max]) => Number.isInteger(message[name]) && message[name] >= 0 && message[name] <= max) ? message : null;
}
