/* console.json: where this page gets to know whom it serves. */
import { isId } from './protocol.js';

const MEMBERS = ['tenant', 'broker', 'enrolment', 'enrol'];
// What the page's Content-Security-Policy allows besides https (which can't name IPv6 addresses).
const LOOPBACK = ['localhost', '127.0.0.1'];

export class ConfigError extends Error {}

/* Text of console.json -> {tenant|null, broker, enrolment|null, auto}; throws ConfigError. `location`: the page's. */
export function readConfig(text, location) {
    let config;
    try {
        config = JSON.parse(text);
    } catch (error) {
        throw new ConfigError(`console.json is not JSON: ${error.message}`);
    }
    if (typeof config !== 'object' || config === null || Array.isArray(config)) throw new ConfigError('console.json is not an object');
    const unknown = Object.keys(config).find((name) => !MEMBERS.includes(name));
    if (unknown) throw new ConfigError(`console.json: "${unknown}" is not known; allowed are ${MEMBERS.join(', ')}`);
    if (config.tenant !== undefined && !(typeof config.tenant === 'string' && isId(config.tenant)))
        throw new ConfigError('console.json: "tenant" must be 1 to 64 of a-z, 0-9 and -, with no - at its ends');
    const enrolment = enrolmentUrl(config.enrolment ?? '', location);
    if (config.enrol !== undefined && !(config.enrol === 'auto' && enrolment))
        throw new ConfigError('console.json: "enrol" can only be "auto", and needs "enrolment" beside it');
    return { tenant: config.tenant ?? null, broker: brokerUrl(config.broker ?? '', location), enrolment, auto: config.enrol === 'auto' };
}

function brokerUrl(broker, location) {
    if (broker === '') return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/mqtt`;
    if (typeof broker === 'string' && URL.canParse?.(broker) !== false && /^wss?:\/\/[^/]/.test(broker)) return broker;
    throw new ConfigError('console.json: "broker" must be empty (the page’s own host) or a ws:// or wss:// address');
}

function enrolmentUrl(enrolment, location) {
    if (enrolment === '') return null;
    try {
        const url = new URL(enrolment, `${location.protocol}//${location.host}/`);
        const safe = url.host === location.host || url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.includes(url.hostname));
        if (typeof enrolment === 'string' && /^https?:$/.test(url.protocol) && safe && !url.username && !url.password) return url.href;
    } catch {
        // said below
    }
    throw new ConfigError('console.json: "enrolment" must be a path of this server or an https:// address (http:// for this computer only)');
}
