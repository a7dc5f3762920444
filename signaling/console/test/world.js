/* The others, for tests: a vendor's administrator, an owner, a device. With real keys, by src/seal.js. */
import { documents, schemas, id32 } from './helpers.js';
import { Protocol, hash, jwsTyp } from '../src/protocol.js';
import { freshOpeningKey, open, openingKey, peek, recipient, seal, sealingKey, sign, signingKey, verify, verifyingKey } from '../src/seal.js';

export const protocol = new Protocol(schemas, documents);
export const utf8 = (value) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

/* A private JWK, for what an administrator keeps in a file. */
export async function privateJwk() {
    const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', privateKey);
    return { kty, crv, x, y, d };
}

export const publicJwk = ({ kty, crv, x, y }) => ({ kty, crv, x, y });

/* Signs claims of any kind. */
export const signed = async (claims, jwk, typ) => sign(utf8(claims), await signingKey(jwk), typ);

export const TIME = 1_800_000_000; // s since 1970, when all of this happens

export class Vendor {
    static async create({ id = 'fill-cap', label = 'Fill & Cap GmbH' } = {}) {
        return Object.assign(new Vendor(), { id, label, key: await privateJwk(), presence: await privateJwk() });
    }

    credential(jwk, more = {}) {
        const claims = { iss: this.id, sub: 'anna', name: 'Anna Weber', scopes: ['view'], epoch: 0, iat: TIME, exp: TIME + 8 * 3600, cnf: { jwk }, ...more };
        return signed(claims, this.key, 'oriel-agent+jwt');
    }

    /* `oriel provision agent`: request -> answer. `claims`, `answer`: what is other than usual; `key`: who signs. */
    async enrol(request, owners, { claims = {}, answer = {}, key = this.key } = {}) {
        const { key: agent, seal: to } = protocol.document('enrolment', Buffer.from(request.split('.')[1], 'base64url'));
        await verify(request, await verifyingKey(agent), 'oriel-enrolment+jws');
        const document = {
            v: 1,
            typ: 'enrolled',
            tenant: 'demo',
            label: this.label,
            credential: await this.credential(agent, claims),
            vendor: publicJwk(this.key),
            presence: this.presence,
            password: 'secret-of-anna',
            owners: owners.map((owner) => ({ id: owner.id, name: owner.name, key: publicJwk(owner.key) })),
            ...answer,
        };
        return seal(await signed(document, key, 'oriel-enrolled+jws'), await sealingKey(to));
    }

    revoke(more = {}) {
        return signed({ iss: this.id, iat: TIME, epoch: 0, keys: [], ...more }, this.key, 'oriel-revoked+jwt');
    }
}

export class Owner {
    static async create({ id = 'bottling', name = 'Example Bottling' } = {}) {
        return Object.assign(new Owner(), { id, name, key: await privateJwk() });
    }

    /* As an agent's enrolment has it. */
    async known() {
        return { id: this.id, name: this.name, key: await verifyingKey(publicJwk(this.key)) };
    }
}

export class Device {
    static async create(owner, { id = 'filler-1', tenant = 'demo', credential = {} } = {}) {
        const device = Object.assign(new Device(), { id, owner, key: await privateJwk(), enc: await privateJwk(), boot: id32(1) });
        const claims = { iss: owner.id, sub: id, tenant, name: 'Filler 1', model: 'BF-200', iat: TIME, cnf: { jwk: publicJwk(device.key) }, enc: publicJwk(device.enc) };
        device.credential = await signed({ ...claims, ...credential }, owner.key, 'oriel-device+jwt');
        return device;
    }

    /* The JWS of a state. */
    state(more = {}, key = this.key) {
        const claims = { v: 1, typ: 'state', device: this.id, boot: this.boot, online: true, status: 'ready', consent: true, name: 'Filler 1', model: 'BF-200', site: '', firmware: '', uptime: 1000, credential: this.credential };
        return signed({ ...claims, ...more }, key, 'oriel-state+jws');
    }

    /* What stands on its topic. */
    async presence(vendors, more, key) {
        const jws = await this.state(more, key);
        const all = await Promise.all(vendors.map(async (vendor) => [vendor.id, await seal(jws, await sealingKey(publicJwk(vendor.presence)))]));
        return JSON.stringify({ v: 1, typ: 'presence', for: Object.fromEntries(all) });
    }

    will(more = {}, key = this.key) {
        return signed({ v: 1, typ: 'state', device: this.id, boot: this.boot, online: false, ...more }, key, 'oriel-state+jws');
    }

    /* What the agent sent, opened and verified by `agent` (public JWK of its signing key) -> {message, hash, openedBy}. */
    async hear(text, agent) {
        const openedBy = this.exchange && recipient(text) === this.exchange.id ? 'exchange' : 'static';
        const jws = await open(text, openedBy === 'exchange' ? this.exchange : await openingKey(this.enc));
        const message = protocol.decode(await verify(jws, await verifyingKey(agent), peek(jws).typ));
        if (message.typ === 'hello') this.to = await sealingKey(message.key);
        return { message, hash: await hash(utf8(jws)), openedBy };
    }

    /* Answers a hello with a fresh key -> {text, hash}. */
    async challenge(hello, more = {}) {
        this.exchange = await freshOpeningKey();
        return this.say({ typ: 'challenge', hello, nonce: id32(5), device: this.id, boot: this.boot, status: 'ready', uptime: 5, key: this.exchange.jwk, ...more });
    }

    /* Claims -> {text, hash}. `as`: another key to sign with, another typ, another receiver. */
    async say(message, { key = this.key, typ = jwsTyp(message.typ), to = this.to } = {}) {
        const jws = await sign(protocol.encode(message), await signingKey(key), typ);
        return { text: await seal(jws, to), hash: await hash(utf8(jws)) };
    }
}
