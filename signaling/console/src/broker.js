/* The one connection to the MQTT broker. It carries texts; what they are worth is for others to find out.
 *
 * Policy: whatever arrives is untrusted: a topic that isn't ours, a retained message on one that keeps none, more than
 * 64 KiB, or bytes that are no UTF-8 are dropped, and counted. QoS 1 everywhere; what could not be
 * delivered yet is delivered after a reconnect by mqtt.js, so that a session's sequence has no holes. Reconnects wait
 * rand(0, min(30, 2^n)) s: a person sits before this page, so the ceiling is lower than a device's.
 * Limits: no subscription but three; one client for the life of the page.
 */
import mqtt from 'mqtt';
import { MAX_RECEIVED, topics } from './protocol.js';

const MAX_WAIT_S = 30;
const SETTLE_MS = 300; // retained states follow the SUBACK at once; after this the list counts as complete
const SESSION_S = 60;
const PROVE_MS = 1500;
const REFUSED = new Set([4, 5, 134, 135, 138]); // CONNACK codes that speak of the user: bad name, not authorized, banned
const OLD_BROKER = new Set([1, 132]); // CONNACK codes for "I don't know MQTT 5"

export const backoffMs = (attempt, random) =>
    Math.max(1, Math.round(random() * Math.min(MAX_WAIT_S, 2 ** attempt) * 1000));

export class Broker {
    #client = null;
    #on;
    #attempt = 0;

    /* `who`: {tenant, agent, vendor}. `on`: {status(phase), settled(), state(device, text, retained), gone(device),
     * message(device, text), revoked(text)}. phase: connecting, connected, lost, refused. */
    constructor({ url, who, password, on, random = Math.random }) {
        this.random = random;
        this.url = url;
        this.who = who;
        this.password = password;
        this.#on = on;
        this.phase = 'connecting';
        this.dropped = 0;
    }

    start() {
        const { agent } = this.who;
        // Several tabs may be open at once, and a broker throws out the older of two equal client ids.
        const suffix = Array.from(crypto.getRandomValues(new Uint8Array(6)), (b) => b.toString(16).padStart(2, '0')).join('');
        this.#client = mqtt.connect(this.url, {
            protocolVersion: 5,
            clientId: `${agent}-${suffix}`,
            username: agent,
            password: this.password || undefined,
            clean: true,
            keepalive: 60,
            connectTimeout: 10_000,
            resubscribe: false,
            reconnectOnConnackError: true,
            reconnectPeriod: backoffMs(0, this.random),
            timerVariant: 'native', // the other one is a worker from a blob, which the page's policy refuses
            properties: { sessionExpiryInterval: SESSION_S },
        });
        const client = this.#client;
        client.on('connect', () => this.#connected());
        client.on('close', () => this.#closed());
        client.on('error', (error) => this.#failed(error));
        client.on('message', (topic, payload, packet) => this.#arrived(topic, payload, packet));
    }

    stop() {
        this.#client?.end(true);
        this.#client = null;
    }

    /* Connects at once instead of waiting for the back-off. */
    retryNow() {
        const client = this.#client;
        if (!client || client.connected) return;
        client.reconnect({ incomingStore: client.incomingStore, outgoingStore: client.outgoingStore });
    }

    /* Resolves when the broker has answered just now: it is reached. When it does not, the connection is given up for another
     * one, and what was sent into it is sent again by that. */
    prove(ms = PROVE_MS) {
        const client = this.#client;
        if (!client) return Promise.resolve();
        if (!client.connected) {
            this.retryNow();
            return Promise.resolve();
        }
        return new Promise((resolve) => {
            const done = () => {
                clearTimeout(timer);
                client.removeListener('packetreceive', done);
                client.removeListener('close', done);
                resolve();
            };
            const timer = setTimeout(() => {
                done();
                if (client !== this.#client || !client.connected) return;
                client.options.reconnectPeriod = 1;
                client.stream.destroy();
            }, ms);
            client.on('packetreceive', done);
            client.on('close', done);
            client.sendPing();
        });
    }

    /* For the next connection: a renewed enrolment may bring another one. */
    set nextPassword(password) {
        this.password = password;
        if (this.#client) this.#client.options.password = password || undefined;
    }

    /* Sends in the order of calls. `expiry`: seconds after which a broker that can (MQTT 5) forgets it, so that nobody
     * is asked by a request of yesterday. */
    publish(device, text, expiry) {
        const properties = expiry ? { messageExpiryInterval: expiry } : undefined;
        this.#client?.publish(topics.toDevice(this.who.tenant, device, this.who.agent), text, { qos: 1, properties });
    }

    #phase(phase) {
        if (phase === this.phase) return;
        this.phase = phase;
        this.#on.status(phase);
    }

    #connected() {
        const client = this.#client;
        this.#attempt = 0;
        client.options.reconnectPeriod = backoffMs(0, this.random);
        // A short loss must not lose an answer: from now on the broker keeps our messages while we are away. Only with
        // MQTT 5, where it also forgets them after SESSION_S.
        client.options.clean = client.options.protocolVersion < 5;
        const { tenant, agent, vendor } = this.who;
        const wanted = [topics.states(tenant), topics.inbox(tenant, agent)];
        // Good to know early, but the device decides: a broker that refuses this one is no reason to stop.
        client.subscribe(topics.revoked(tenant, vendor), { qos: 1 }, () => {});
        client.subscribe(wanted, { qos: 1 }, (error) => {
            if (client !== this.#client || !client.connected) return;
            if (error) return this.#phase('refused');
            this.#phase('connected');
            setTimeout(() => client === this.#client && this.#on.settled(), SETTLE_MS);
        });
    }

    #closed() {
        if (!this.#client) return;
        // mqtt.js has set the timer of this round already; this is the next one's.
        this.#client.options.reconnectPeriod = backoffMs(++this.#attempt, this.random);
        if (this.phase !== 'refused') this.#phase('lost');
    }

    #failed(error) {
        if (!this.#client) return;
        if (OLD_BROKER.has(error.code)) this.#client.options.protocolVersion = 4;
        else if (REFUSED.has(error.code)) this.#phase('refused');
    }

    #arrived(topic, payload, packet) {
        const from = topics.parse(this.who, topic);
        if (!from || (packet.retain && !from.state && !from.vendor)) return this.drop(topic, 'not a topic of ours, or retained');
        if (payload.length > MAX_RECEIVED) return this.drop(topic, `more than ${MAX_RECEIVED} bytes`);
        if (from.state && payload.length === 0) return this.#on.gone(from.device);
        let text;
        try {
            text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
        } catch {
            return this.drop(topic, 'not UTF-8');
        }
        if (from.vendor) this.#on.revoked(text);
        else if (from.state) this.#on.state(from.device, text, packet.retain);
        else this.#on.message(from.device, text);
    }

    /* Also for what others found out later. */
    drop(topic, why) {
        this.dropped++;
        // Once in a while is enough: a broken device repeats itself.
        if (this.dropped < 20) console.warn(`dropped a message on ${topic}: ${why}`);
    }
}
