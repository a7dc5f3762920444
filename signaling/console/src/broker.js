/* The one connection to the MQTT broker. It carries texts; what they are worth is for others to find out.
 *
 * Policy: whatever arrives is untrusted: a topic that isn't ours, a retained message on one that keeps none, more than
 * 64 KiB, or bytes that are no UTF-8 are dropped, and counted. QoS 1 everywhere; what could not be
 * delivered yet is delivered after a reconnect by mqtt.js, so that a session's sequence has no holes. Reconnects wait
 * rand(0, min(30, 2^n)) s: a person sits before this page, so the ceiling is lower than a device's. While a session waits for it
 * (prove) one attempt follows the other, and one that hangs is given up: it may have been begun in a network that is gone.
 * Limits: no subscription but three; one client for the life of the page.
 */
import mqtt from 'mqtt';
import { MAX_RECEIVED, topics } from './protocol.js';

const MAX_WAIT_S = 30;
const SETTLE_MS = 300; // retained states follow the SUBACK at once; after this the list counts as complete
const SESSION_S = 60;
const PROVE_MS = 1500;
const HURRY_MS = 250; // from one attempt to the next
const HURRY_SPAN_MS = 5000; // since prove() was called last
const ATTEMPT_MS = 1500; // an attempt may take at first; one after it was given up twice as long
const ATTEMPT_MAX_MS = 10_000;
const REFUSED = new Set([4, 5, 134, 135, 138]); // CONNACK codes that speak of the user: bad name, not authorized, banned
const OLD_BROKER = new Set([1, 132]); // CONNACK codes for "I don't know MQTT 5"

export const backoffMs = (attempt, random) =>
    Math.max(1, Math.round(random() * Math.min(MAX_WAIT_S, 2 ** attempt) * 1000));

export class Broker {
    #client = null;
    #on;
    #attempt = 0;
    #hurry = null; // {until, patience, timer (of the attempt under way), connected: promise, resolve}

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
            connectTimeout: ATTEMPT_MAX_MS,
            resubscribe: false,
            reconnectOnConnackError: true,
            reconnectPeriod: backoffMs(0, this.random),
            timerVariant: 'native', // the other one is a worker from a blob, which the page's policy refuses
            properties: { sessionExpiryInterval: SESSION_S },
        });
        const client = this.#client;
        client.on('connect', () => this.#connected());
        client.on('close', () => this.#closed());
        client.on('reconnect', () => this.#begun());
        client.on('error', (error) => this.#failed(error));
        client.on('message', (topic, payload, packet) => this.#arrived(topic, payload, packet));
    }

    stop() {
        clearTimeout(this.#hurry?.timer);
        this.#client?.end(true);
        this.#client = null;
    }

    /* Connects at once instead of waiting for the back-off. An attempt that is under way goes on. */
    retryNow() {
        const client = this.#client;
        if (!client?.reconnectTimer) return;
        client.reconnect({ incomingStore: client.incomingStore, outgoingStore: client.outgoingStore });
    }

    /* This computer has come to a network: a connection of before belongs to an address that is gone. */
    moved() {
        if (this.#client?.connected) this.#replace();
        else this.retryNow();
    }

    /* Resolves when the broker has answered just now: true, by the connection that was there; false, by another one, which takes
     * its place when it does not answer, and sends again what was sent into it. To be called again while that is of use. */
    async prove(ms = PROVE_MS) {
        const client = this.#client;
        if (!client) return false;
        if (client.connected && (await this.#answers(client, ms))) return true;
        if (client !== this.#client) return false;
        return this.#replace();
    }

    #replace() {
        const client = this.#client;
        const connected = this.#hasten(); // before it is closed, since that sets the time of the next attempt
        if (client.connected) client.stream.destroy();
        return connected;
    }

    /* Whether the broker does by this connection. */
    #answers(client, ms) {
        return new Promise((resolve) => {
            const done = (answered) => {
                clearTimeout(timer);
                client.removeListener('packetreceive', yes);
                client.removeListener('close', no);
                resolve(answered);
            };
            const [yes, no] = [() => done(true), () => done(false)];
            const timer = setTimeout(no, ms);
            client.on('packetreceive', yes);
            client.on('close', no);
            client.sendPing();
        });
    }

    /* Resolves to false when it is connected again. */
    #hasten() {
        const client = this.#client;
        if (!this.#hurry) {
            this.#hurry = { patience: ATTEMPT_MS };
            this.#hurry.connected = new Promise((resolve) => (this.#hurry.resolve = resolve));
            if (!client.connected && !client.reconnectTimer) this.#begun();
        }
        this.#hurry.until = performance.now() + HURRY_SPAN_MS;
        client.options.reconnectPeriod = client.connected ? 1 : HURRY_MS;
        this.retryNow();
        return this.#hurry.connected;
    }

    get #hurried() {
        return this.#hurry && this.phase !== 'refused' && performance.now() < this.#hurry.until;
    }

    /* An attempt is. */
    #begun() {
        const hurry = this.#hurry;
        if (!hurry) return;
        clearTimeout(hurry.timer);
        hurry.timer = setTimeout(() => {
            if (!this.#hurried || this.#client?.reconnectTimer) return;
            hurry.patience = Math.min(2 * hurry.patience, ATTEMPT_MAX_MS);
            this.#client?.stream.destroy();
        }, hurry.patience);
    }

    /* For the next connection: a renewed enrolment may bring another one. */
    set nextPassword(password) {
        this.password = password;
        if (this.#client) this.#client.options.password = password || undefined;
    }

    /* Sends in the order of calls. `expiry`: seconds after which a broker that can (MQTT 5) forgets it, so that nobody
     * is asked by a request of yesterday. mqtt.js holds what it writes back until a timer runs out, which a page that is
     * being left does not live to see. */
    publish(device, text, expiry) {
        const client = this.#client;
        const properties = expiry ? { messageExpiryInterval: expiry } : undefined;
        client?.publish(topics.toDevice(this.who.tenant, device, this.who.agent), text, { qos: 1, properties });
        if (client?.connected) client.stream.uncork();
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
        clearTimeout(this.#hurry?.timer);
        this.#hurry?.resolve(false);
        this.#hurry = null;
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
        this.#client.options.reconnectPeriod = this.#hurried ? HURRY_MS : backoffMs(++this.#attempt, this.random);
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
