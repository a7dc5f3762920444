/* The signaling protocol as the console speaks it: signaling/PROTOCOL.md, checked by signaling/schema.
 *
 * The claims of every message are checked both ways: what comes in is untrusted, and what goes out wrong would be a bug
 * of ours that the device should not have to find. How they are signed and sealed is src/seal.js.
 */
import { base64url } from './base64url.js';
import { parse, JsonError } from './json.js';
import { compile, SchemaError } from './schema.js';

export class ProtocolError extends Error {}

export const MAX_RECEIVED = 64 * 1024;
export const MAX_SENT = 16 * 1024; // signed and sealed
const ID = /^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/;

const compiled = (schemas) => new Map(Object.entries(schemas).map(([name, schema]) => [name, compile(schema)]));

export class Protocol {
    /* The parsed files of signaling/schema by message type, and those of schema/documents by name. */
    constructor(schemas, documents) {
        this.messages = compiled(schemas);
        this.documents = compiled(documents);
    }

    /* Uint8Array of claims -> message; throws ProtocolError saying what is wrong. */
    decode(bytes) {
        return read(bytes, (message) => {
            const check = this.messages.get(message?.typ);
            if (!check) throw new SchemaError(`no message of type ${JSON.stringify(message?.typ)} is known`);
            check(message);
        });
    }

    /* message without `v` -> Uint8Array of claims; throws ProtocolError for what may not be sent. */
    encode(message) {
        const bytes = new TextEncoder().encode(JSON.stringify({ v: 1, ...message }));
        this.decode(bytes);
        return bytes;
    }

    /* Uint8Array -> the document of that name; throws ProtocolError. */
    document(name, bytes) {
        return read(bytes, this.documents.get(name));
    }
}

function read(bytes, check) {
    if (bytes.length > MAX_RECEIVED) throw new ProtocolError(`${bytes.length} bytes are more than ${MAX_RECEIVED}`);
    try {
        const value = parse(bytes);
        check(value);
        return value;
    } catch (error) {
        if (error instanceof JsonError || error instanceof SchemaError) throw new ProtocolError(error.message);
        throw error;
    }
}

/* The `typ` of the JWS around claims of this `typ`. */
export const jwsTyp = (typ) => `oriel-${typ}+jws`;

export const isId = (text) => ID.test(text);

export const topics = {
    states: (tenant) => `oriel/v1/${tenant}/d/+/state`,
    inbox: (tenant, agent) => `oriel/v1/${tenant}/a/${agent}/#`,
    revoked: (tenant, vendor) => `oriel/v1/${tenant}/v/${vendor}/revoked`,
    toDevice: (tenant, device, agent) => `oriel/v1/${tenant}/d/${device}/dn/${agent}`,

    /* Who wrote to this topic: {device, state: true|false} or {vendor}, or null when it is none of ours. */
    parse({ tenant, agent, vendor }, topic) {
        if (topic === topics.revoked(tenant, vendor)) return { vendor };
        const [oriel, v1, t, kind, id, what, device, ...rest] = topic.split('/');
        if (oriel !== 'oriel' || v1 !== 'v1' || t !== tenant || rest.length) return null;
        if (kind === 'd' && what === 'state' && device === undefined && isId(id)) return { device: id, state: true };
        if (kind === 'a' && id === agent && what === 'd' && isId(device ?? '')) return { device, state: false };
        return null;
    },
};

/* 32 random bytes in base64url. */
export const nonce = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/* Six digits of a hash, to compare by voice with the panel: its first 32 bits as a big-endian number, modulo 1,000,000. */
export function code(hash) {
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const bits = [...hash.slice(0, 6)].reduce((sum, digit) => sum * 64 + digits.indexOf(digit), 0);
    return String(Math.floor(bits / 16) % 1_000_000).padStart(6, '0');
}

/* SHA-256 over bytes, in base64url. */
export async function hash(bytes) {
    return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}
