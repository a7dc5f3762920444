/* The signaling protocol as the console speaks it: signaling/PROTOCOL.md, checked by signaling/schema.
 *
 * Every message is checked both ways: what comes in is untrusted, and what goes out wrong would be a bug of ours that
 * the device should not have to find. Limits: a message over 64 KiB is not read, none over 10 KiB is sent.
 */
import { parse, JsonError } from './json.js';
import { compile, SchemaError } from './schema.js';

export class ProtocolError extends Error {}

const MAX_RECEIVED = 64 * 1024;
const MAX_SENT = 10 * 1024;
const ID = /^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/;

export class Protocol {
    /* `schemas`: the parsed files of signaling/schema by message type. */
    constructor(schemas) {
        this.checks = new Map(Object.entries(schemas).map(([typ, schema]) => [typ, compile(schema)]));
        this.checkCredential = compile(schemas.hello.properties.credential);
    }

    /* Uint8Array -> message; throws ProtocolError saying what is wrong. */
    decode(bytes) {
        if (bytes.length > MAX_RECEIVED) throw new ProtocolError(`${bytes.length} bytes are more than ${MAX_RECEIVED}`);
        try {
            const message = parse(bytes);
            this.#check(message);
            return message;
        } catch (error) {
            if (error instanceof JsonError || error instanceof SchemaError) throw new ProtocolError(error.message);
            throw error;
        }
    }

    /* message without `v` -> Uint8Array; throws ProtocolError for what may not be sent. */
    encode(message) {
        const bytes = new TextEncoder().encode(JSON.stringify({ v: 1, ...message }));
        if (bytes.length > MAX_SENT) throw new ProtocolError(`${message.typ}: ${bytes.length} bytes are more than ${MAX_SENT}`);
        this.decode(bytes);
        return bytes;
    }

    /* Text -> credential; throws ProtocolError for people. `path`: where it stands, for the error. */
    credential(text, path = '') {
        try {
            const value = parse(new TextEncoder().encode(text));
            this.checkCredential(value, path);
            return value;
        } catch (error) {
            if (error instanceof JsonError || error instanceof SchemaError) throw new ProtocolError(error.message);
            throw error;
        }
    }

    #check(message) {
        const check = this.checks.get(message?.typ);
        if (!check) throw new ProtocolError(`no message of type ${JSON.stringify(message?.typ)} is known`);
        check(message);
    }
}

export const isId = (text) => ID.test(text);

export const topics = {
    states: (tenant) => `oriel/v1/${tenant}/d/+/state`,
    inbox: (tenant, agent) => `oriel/v1/${tenant}/a/${agent}/#`,
    toDevice: (tenant, device, agent) => `oriel/v1/${tenant}/d/${device}/dn/${agent}`,

    /* Who wrote to this topic: {device, state: true|false}, or null when it is none of ours. */
    parse(tenant, agent, topic) {
        const [oriel, v1, t, kind, id, what, device, ...rest] = topic.split('/');
        if (oriel !== 'oriel' || v1 !== 'v1' || t !== tenant || rest.length) return null;
        if (kind === 'd' && what === 'state' && device === undefined && isId(id)) return { device: id, state: true };
        if (kind === 'a' && id === agent && what === 'd' && isId(device ?? '')) return { device, state: false };
        return null;
    },
};

export function base64url(bytes) {
    return btoa(String.fromCharCode(...bytes))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replaceAll('=', '');
}

/* 32 random bytes in base64url. */
export const nonce = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/* SHA-256 over the exact bytes of a payload, in base64url. */
export async function hash(bytes) {
    return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}
