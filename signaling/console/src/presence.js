/* Whether a device is what its topic says: opens and verifies what stands in the `state` topics.
 *
 * A state counts when it was sealed for our vendor (the key of which all its agents have), carries a credential signed
 * by an owner that our vendor's administrator named, for this very tenant and device, and was signed by that credential's
 * key. A will carries nothing, so it must be signed by the key of the device as known. Of two credentials of one device
 * the newer counts: the older may be of a key that was replaced because it was stolen.
 * Limits: what it says may be old, since a broker can keep back anything (hello and challenge tell).
 */
import { JsonError } from './json.js';
import { MAX_RECEIVED, ProtocolError, jwsTyp } from './protocol.js';
import { SealError, claimsOf, open, peek, sealingKey, verify, verifyingKey } from './seal.js';

const CREDENTIAL_TYP = 'oriel-device+jwt';
const STATE_TYP = jwsTyp('state');

/* `reason`: not-for-us, owner, credential, signature, unreadable, unknown (see words.js). */
export class Unverified extends Error {
    constructor(reason, detail) {
        super(detail);
        this.reason = reason;
    }
}

/* What others find wrong -> Unverified with this reason. */
async function otherwise(reason, work) {
    try {
        return await work();
    } catch (error) {
        if (error instanceof SealError || error instanceof ProtocolError || error instanceof JsonError) throw new Unverified(reason, error.message);
        throw error;
    }
}

const bytesOf = (text) => new TextEncoder().encode(text);

export class Presence {
    #protocol;
    #enrolled;
    #remember;
    #known = new Map(); // device -> identity
    #checked = new Map(); // device -> {text, identity} of the credential that was verified last

    /* `enrolled`: {tenant, vendor (id), presence (key to open with), owners: [{id, name, key: verifying key}]}.
     * `remember(device, credential)`: keeps it for recall(). */
    constructor({ protocol, enrolled, remember = () => {} }) {
        this.#protocol = protocol;
        this.#enrolled = enrolled;
        this.#remember = remember;
    }

    /* What is known of the device by a verified credential:
     * {device, name, model, issued, owner: {id, name, key}, signing, sealing, credential}, or null. */
    identity(device) {
        return this.#known.get(device) ?? null;
    }

    /* Credentials that were verified once, [[device, text], ...]: verified again, since owners may have changed. */
    async recall(credentials) {
        for (const [device, text] of credentials) {
            try {
                this.#known.set(device, await this.#identify(text, device));
            } catch (error) {
                if (!(error instanceof Unverified)) throw error;
            }
        }
    }

    /* The payload of a device's state topic -> {state, identity}; throws Unverified. */
    async read(device, text) {
        if (text.length > MAX_RECEIVED) throw new Unverified('unreadable', `more than ${MAX_RECEIVED} bytes`);
        return text.startsWith('{') ? this.#present(device, text) : this.#will(device, text);
    }

    async #present(device, text) {
        const { vendor, presence } = this.#enrolled;
        const all = await otherwise('unreadable', () => this.#protocol.document('presence', bytesOf(text)).for);
        if (!Object.hasOwn(all, vendor)) throw new Unverified('not-for-us', `it says nothing to ${vendor}`);
        const jws = await otherwise('unreadable', () => open(all[vendor], presence));
        const claims = await otherwise('unreadable', () => this.#state(device, claimsOf(jws)));
        if (!claims.online) throw new Unverified('unreadable', 'it is not online, but present');
        const identity = await this.#identify(claims.credential, device);
        const known = this.#known.get(device);
        if (known && known.issued > identity.issued) throw new Unverified('credential', 'the credential is older than one of the device seen before');
        const state = await otherwise('signature', async () => this.#state(device, await verify(jws, identity.signing, STATE_TYP)));
        if (known?.credential !== identity.credential) {
            this.#known.set(device, identity);
            this.#remember(device, identity.credential);
        }
        return { state, identity };
    }

    async #will(device, jws) {
        await otherwise('unreadable', () => peek(jws));
        const identity = this.#known.get(device);
        if (!identity) throw new Unverified('unknown', 'it is absent, and was never seen before');
        const state = await otherwise('signature', async () => this.#state(device, await verify(jws, identity.signing, STATE_TYP)));
        if (state.online) throw new Unverified('unreadable', 'it is online, but not sealed');
        return { state, identity };
    }

    #state(device, bytes) {
        const state = bytes && this.#protocol.decode(bytes);
        if (state?.typ !== 'state') throw new ProtocolError('it is no state');
        if (state.device !== device) throw new ProtocolError(`it names another device, ${state.device}`);
        return state;
    }

    async #identify(text, device) {
        const checked = this.#checked.get(device);
        if (checked?.text === text) return checked.identity;
        const { kid } = await otherwise('credential', () => peek(text));
        const owner = this.#enrolled.owners.find(({ key }) => key.id === kid);
        if (!owner) throw new Unverified('owner', `its credential is signed by the key ${kid}`);
        const identity = await otherwise('credential', () => this.#credential(text, device, owner));
        this.#checked.set(device, { text, identity });
        return identity;
    }

    async #credential(text, device, owner) {
        const claims = this.#protocol.document('device-credential', await verify(text, owner.key, CREDENTIAL_TYP));
        if (claims.iss !== owner.id) throw new ProtocolError(`its credential names another owner, ${claims.iss}`);
        if (claims.sub !== device) throw new ProtocolError(`its credential is of another device, ${claims.sub}`);
        if (claims.tenant !== this.#enrolled.tenant) throw new ProtocolError(`its credential is of another tenant, ${claims.tenant}`);
        return {
            device,
            name: claims.name,
            model: claims.model,
            issued: claims.iat,
            owner,
            signing: await verifyingKey(claims.cnf.jwk),
            sealing: await sealingKey(claims.enc),
            credential: text,
        };
    }
}
