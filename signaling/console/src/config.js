/* console.json and the credential: where this page gets to know whom it serves. */
import { ProtocolError, isId } from './protocol.js';

const STORE = 'oriel.credential';
const MEMBERS = ['tenant', 'broker', 'credential'];

export class ConfigError extends Error {}

/* Text of console.json -> {tenant, broker, credential|null}; throws ConfigError. `location`: the page's. */
export function readConfig(text, protocol, location) {
    let config;
    try {
        config = JSON.parse(text);
    } catch (error) {
        throw new ConfigError(`console.json is not JSON: ${error.message}`);
    }
    if (typeof config !== 'object' || config === null || Array.isArray(config)) throw new ConfigError('console.json is not an object');
    const unknown = Object.keys(config).find((name) => !MEMBERS.includes(name));
    if (unknown) throw new ConfigError(`console.json: "${unknown}" is not known; allowed are ${MEMBERS.join(', ')}`);
    if (typeof config.tenant !== 'string' || !isId(config.tenant))
        throw new ConfigError('console.json: "tenant" must be 1 to 64 of a-z, 0-9 and -, with no - at its ends');
    return {
        tenant: config.tenant,
        broker: brokerUrl(config.broker ?? '', location),
        credential: config.credential == null ? null : checkCredential(JSON.stringify(config.credential), protocol, 'credential'),
    };
}

function brokerUrl(broker, location) {
    if (broker === '') return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/mqtt`;
    if (typeof broker === 'string' && URL.canParse?.(broker) !== false && /^wss?:\/\/[^/]/.test(broker)) return broker;
    throw new ConfigError('console.json: "broker" must be empty (the page’s own host) or a ws:// or wss:// address');
}

/* Text -> credential; throws ConfigError in words for people. */
export const readCredential = (text, protocol) => checkCredential(text, protocol, '');

function checkCredential(text, protocol, member) {
    try {
        return protocol.credential(text, member);
    } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        throw new ConfigError(`${member && 'console.json: '}${error.message}`);
    }
}

/* The credential that somebody signed in with, or null. One that is no longer valid is forgotten. */
export function storedCredential(protocol, storage = localStorage) {
    const text = storage.getItem(STORE);
    if (text === null) return null;
    try {
        return readCredential(text, protocol);
    } catch {
        storage.removeItem(STORE);
        return null;
    }
}

export const storeCredential = (credential, storage = localStorage) => storage.setItem(STORE, JSON.stringify(credential));
export const forgetCredential = (storage = localStorage) => storage.removeItem(STORE);
