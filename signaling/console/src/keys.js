/* Who this browser is: its keys, what the vendor's administrator answered, how long that holds.
 *
 * Policy: private keys can't be read out, by this page either; the vendor's presence key comes as text and is imported
 * so that it can't be any more, before it is kept. The vendor's key of the first answer is the one that counts from then
 * on: another one needs a sign-out, which forgets everything. Errors are sentences for the agent.
 * Limits: one enrolment a browser; the clock is the browser's.
 */
import { ProtocolError } from './protocol.js';
import { SealError, claimsOf, freshOpeningKey, freshSigningKey, keyId, open, openingKey, peek, recipient, sign, verify, verifyingKey } from './seal.js';
import { isUsable } from './turn.js';

const REQUEST_TYP = 'oriel-enrolment+jws';
const ANSWER_TYP = 'oriel-enrolled+jws';
const CREDENTIAL_TYP = 'oriel-agent+jwt';
const REVOKED_TYP = 'oriel-revoked+jwt';
const MAX_LIFE_S = 86_400;
const EARLY_S = 300; // how far the vendor's clock may be before ours
const RENEW_S = 3600;
const CHECK_CODE = 8;

export class EnrolmentError extends Error {}

const bytesOf = (text) => new TextEncoder().encode(text);

/* What `work` finds wrong -> a sentence. */
async function orSay(sentence, work) {
    try {
        return await work();
    } catch (error) {
        if (error instanceof SealError || error instanceof ProtocolError) throw new EnrolmentError(`${sentence} (${error.message})`);
        throw error;
    }
}

/* As the device has it: the higher epoch, and of the same epoch the higher `iat`. */
const isNewer = (claims, known) => !known || claims.epoch > known.epoch || (claims.epoch === known.epoch && claims.iat > known.iat);

export class Keys {
    #store;
    #protocol;
    #now;
    #revocation = null; // {iat, epoch, keys}

    /* `store`: of src/store.js; `tenant`: the only one that is accepted, or null; `now()`: ms since 1970. */
    constructor({ store, protocol, tenant = null, now = Date.now }) {
        this.#store = store;
        this.#protocol = protocol;
        this.#now = now;
        this.tenant = tenant;
        this.signing = this.opening = null;
        this.enrolled = null; // see take()
    }

    /* Reads what is kept; makes the keys the first time. */
    async load() {
        const own = (await this.#store.get('self', 'keys')) ?? (await this.#store.settle('self', 'keys', await freshKeys()));
        ({ signing: this.signing, opening: this.opening } = own);
        const enrolled = (await this.#store.get('self', 'enrolled')) ?? null;
        this.enrolled = enrolled && (this.tenant === null || enrolled.tenant === this.tenant) ? enrolled : null;
    }

    /* To compare by voice. */
    get checkCode() {
        return this.signing.id.slice(0, CHECK_CODE);
    }

    /* The enrolment request, a compact JWS. */
    request() {
        const claims = { v: 1, typ: 'enrolment', key: this.signing.jwk, seal: this.opening.jwk };
        return sign(bytesOf(JSON.stringify(claims)), this.signing, REQUEST_TYP);
    }

    /* The administrator's answer -> keeps {tenant, label, credential (text), claims, vendor (JWK), presence (key),
     * owners: [{id, name, key}], password, turn ({urls, username, password} or null)} as `enrolled`. Throws EnrolmentError,
     * and has then changed nothing. */
    async take(text) {
        const enrolled = await this.#open(text.replace(/\s+/g, ''));
        await this.#store.put('self', 'enrolled', enrolled);
        this.enrolled = enrolled;
    }

    async #open(jwe) {
        if (jwe === '') throw new EnrolmentError('Paste the answer first.');
        if (jwe.split('.').length === 3) throw new EnrolmentError('This is not the answer. If it is the request above: send it to your administrator, who answers with another text.');
        const kid = await orSay('This is not an answer, or not the whole of it. Copy it again, from the first character to the last.', () => recipient(jwe));
        if (kid !== this.opening.id)
            throw new EnrolmentError('This answer was made for another browser, or before you signed out here. Send the request above and ask for a new answer.');
        const jws = await orSay('The answer is damaged. Copy it again, from the first character to the last.', () => open(jwe, this.opening));
        const document = await orSay('The answer is not signed as it should be. Ask your administrator for a new one.', () => this.#signed(jws));
        return this.#accept(document);
    }

    /* The answer's claims, signed by the vendor's key that they name. */
    async #signed(jws) {
        const { vendor } = this.#protocol.document('enrolled', claimsOf(jws) ?? new Uint8Array());
        return this.#protocol.document('enrolled', await verify(jws, await verifyingKey(vendor), ANSWER_TYP));
    }

    async #accept({ tenant, label, credential, vendor, presence, owners, password, turn = null }) {
        if (this.enrolled && (await keyId(vendor)) !== (await keyId(this.enrolled.vendor)))
            throw new EnrolmentError('This answer is signed by another company key than the first one, so it was not taken. If your company really has a new key, sign out and enrol anew.');
        const claims = await orSay('The credential in the answer is not valid. Ask your administrator for a new one.', async () =>
            this.#protocol.document('agent-credential', await verify(credential, await verifyingKey(vendor), CREDENTIAL_TYP)),
        );
        this.#judge(claims, await keyId(claims.cnf.jwk));
        if (this.tenant !== null && tenant !== this.tenant) throw new EnrolmentError(`This answer is for ${tenant}, but this page serves ${this.tenant}.`);
        if (this.enrolled && claims.sub !== this.enrolled.claims.sub)
            throw new EnrolmentError(`This answer is for another agent, ${claims.name} (${claims.sub}). Sign out first if that is you.`);
        if (turn && !turn.urls.every(isUsable)) throw new EnrolmentError('A TURN server in the answer has no valid address. Ask your administrator for a new one.');
        return orSay('A key in the answer is not valid. Ask your administrator for a new one.', async () => ({
            tenant,
            label,
            credential,
            claims,
            vendor,
            presence: await openingKey(presence),
            owners: await Promise.all(owners.map(async ({ id, name, key }) => ({ id, name, key: await verifyingKey(key) }))),
            password,
            turn,
        }));
    }

    #judge({ iat, exp }, id) {
        const now = this.#now() / 1000;
        if (id !== this.signing.id) throw new EnrolmentError('This answer is for another key than this browser’s. Send the request above and ask for a new answer.');
        if (exp <= now) throw new EnrolmentError('This answer has expired already. Ask your administrator for a new one, or check this computer’s clock.');
        if (iat > now + EARLY_S) throw new EnrolmentError('This answer is from the future: check this computer’s clock.');
        if (exp - iat > MAX_LIFE_S || exp <= iat) throw new EnrolmentError('The credential in this answer is meant to hold longer than a day, which no device accepts.');
    }

    /* A revocation as the broker brought it; one that the vendor did not sign changes nothing. True when it is new. */
    async revoked(text) {
        try {
            const claims = this.#protocol.document('revoked', await verify(text, await verifyingKey(this.enrolled.vendor), REVOKED_TYP));
            if (claims.iss !== this.enrolled.claims.iss || !isNewer(claims, this.#revocation)) return false;
            this.#revocation = claims;
            return true;
        } catch (error) {
            if (error instanceof SealError || error instanceof ProtocolError) return false;
            throw error;
        }
    }

    /* `new`; `good`; `ending`: to be renewed now; `expired`; `revoked`: another credential will do; `barred`: this
     * browser's key itself was taken back. */
    get status() {
        if (!this.enrolled) return 'new';
        const { iat, exp, epoch } = this.enrolled.claims;
        const now = this.#now() / 1000;
        if (this.#revocation?.keys.includes(this.signing.id)) return 'barred';
        if (epoch < (this.#revocation?.epoch ?? 0)) return 'revoked';
        if (now >= exp) return 'expired';
        return now >= exp - Math.min(RENEW_S, (exp - iat) / 2) ? 'ending' : 'good';
    }

    get usable() {
        return this.status === 'good' || this.status === 'ending';
    }

    /* Seconds until the credential expires. */
    get left() {
        return this.enrolled.claims.exp - this.#now() / 1000;
    }

    /* The devices whose credential was verified: [[device, text], ...]. */
    devices() {
        return this.#store.all('devices');
    }

    keepDevice(device, credential) {
        return this.#store.put('devices', device, credential);
    }

    /* Forgets everything; the next load() makes new keys. */
    async forget() {
        await this.#store.clear();
        this.signing = this.opening = this.enrolled = this.#revocation = null;
    }
}

async function freshKeys() {
    return { signing: await freshSigningKey(), opening: await freshOpeningKey() };
}
