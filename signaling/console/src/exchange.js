/* One hello and all that follows from it: who signs, whom it is sealed for, and whether an answer belongs to it.
 *
 * Each exchange has a key of its own, which only this page has and which is gone with it: who steals the device's keys
 * later can open the hello, and nothing else. The device is the one of the identity that was verified before the hello,
 * to the end, whatever its topic says meanwhile.
 */
import { MAX_SENT, ProtocolError, hash, jwsTyp } from './protocol.js';
import { SealError, freshOpeningKey, open, peek, seal, sealingKey, sign, verify } from './seal.js';

const bytesOf = (text) => new TextEncoder().encode(text);

export class Exchange {
    #protocol;
    #signer;
    #own;
    #to; // whom the next message is sealed for
    #publish;
    #last = Promise.resolve();

    /* `identity`: of src/presence.js; `signer`: our signing key; `publish(text, expiry)`. */
    static async begin(options) {
        return new Exchange({ ...options, own: await freshOpeningKey() });
    }

    constructor({ identity, signer, protocol, publish, own }) {
        this.identity = identity;
        this.#protocol = protocol;
        this.#signer = signer;
        this.#publish = publish;
        this.#own = own;
        this.#to = identity.sealing;
    }

    /* Our key, for the hello; and its id, which what the device seals for it names. */
    get key() {
        return this.#own.jwk;
    }

    get id() {
        return this.#own.id;
    }

    /* For messages whose answer quotes their hash, and for those that are to be at hand: {hash, jws, send()}. */
    async prepare(message, expiry) {
        const to = this.#to;
        const jws = await sign(this.#protocol.encode(message), this.#signer, jwsTyp(message.typ));
        const text = await seal(jws, to);
        if (text.length > MAX_SENT) throw new ProtocolError(`${message.typ}: ${text.length} bytes are more than ${MAX_SENT}`);
        return { hash: await hash(bytesOf(jws)), jws, send: () => this.#publish(text, expiry) };
    }

    /* Sends in the order of calls. Rejects with ProtocolError for what can't be sent. */
    send(message, expiry) {
        const prepared = this.prepare(message, expiry);
        const sent = this.#last.then(() => prepared).then((ready) => ready.send());
        this.#last = sent.catch(() => {});
        return sent;
    }

    /* What came in -> {message, hash, jws}; throws SealError or ProtocolError for what the device did not say to us. */
    async open(text) {
        const jws = await open(text, this.#own);
        const { typ } = peek(jws);
        const message = this.#protocol.decode(await verify(jws, this.identity.signing, typ));
        if (jwsTyp(message.typ) !== typ) throw new SealError(`${message.typ} was signed as ${typ}`);
        return { message, hash: await hash(bytesOf(jws)), jws };
    }

    /* From now on seals for the key of the device's challenge. Throws SealError. */
    async meet(jwk) {
        this.#to = await sealingKey(jwk);
    }
}
