/* The frame of the page: header, connection, and which of list, device page and enrolment is shown. */
import { html, nothing } from 'lit';
import { View } from './view.js';
import { icons } from './icons.js';
import { Broker } from '../broker.js';
import { Devices } from '../devices.js';
import { Exchange } from '../exchange.js';
import { EnrolmentError, Keys } from '../keys.js';
import { Peer, createCertificate } from '../peer.js';
import { Presence, Unverified } from '../presence.js';
import { Protocol, isId } from '../protocol.js';
import { Notes } from '../rejoin.js';
import { Session } from '../session.js';
import { documents, schemas } from '../schemas.js';
import { ConfigError, readConfig } from '../config.js';
import { askService } from '../service.js';
import { openStore } from '../store.js';
import { span } from '../words.js';
import './device-list.js';
import './device-page.js';
import './enrol.js';

const CONNECTION = {
    connecting: 'Connecting',
    connected: 'Connected',
    lost: 'Reconnecting',
    refused: 'Refused',
};

const RENEW_AGAIN_MS = 60_000;

class OrielApp extends View {
    static properties = { config: {}, keys: {}, error: {}, phase: {}, settled: {}, session: {}, renewing: {}, revision: {} };

    constructor() {
        super();
        this.protocol = new Protocol(schemas, documents);
        this.devices = new Devices();
        this.states = new Map(); // device -> {text, retained} as published last
        this.judging = new Map(); // device -> the end of what is being verified, in the order of arrival
        this.config = this.keys = this.error = this.session = this.broker = null;
        this.phase = 'connecting';
        this.settled = this.renewing = false;
        this.revision = 0;
        this.renewal = { status: null, next: 0 };
        this.notes = new Notes();
        this.marks = {};
        window.oriel = { marks: this.marks };
    }

    connectedCallback() {
        super.connectedCallback();
        this.start();
        setInterval(() => this.tick(), 1000);
        window.addEventListener('hashchange', () => this.route());
        window.addEventListener('online', () => this.broker?.moved());
        // Best effort: the device notices a page that is gone by its silence, too. The same page, loaded anew, goes on.
        window.addEventListener('pagehide', () => this.session?.depart());
        // A page from the back/forward cache has lost its session and its connection.
        window.addEventListener('pageshow', (event) => event.persisted && location.reload());
    }

    changed() {
        this.revision++;
    }

    /* Uptimes and counters go on, and so does the life of the credential. */
    tick() {
        this.changed();
        if (!this.service || !this.keys?.enrolled) return;
        // The broker may refuse because it has another password by now.
        const status = this.phase === 'refused' && this.keys.status === 'good' ? 'refused' : this.keys.status;
        const now = performance.now();
        if (status !== this.renewal.status) this.renewal = { status, next: now };
        if (!['ending', 'expired', 'revoked', 'refused'].includes(status) || now < this.renewal.next) return;
        this.renewal.next = now + RENEW_AGAIN_MS;
        this.service.renew().then(
            () => this.enrolled(),
            (error) => {
                if (!(error instanceof EnrolmentError)) throw error;
                console.warn(`not renewed: ${error.message}`);
            },
        );
    }

    async start() {
        try {
            if (!isSecureContext) throw new ConfigError('Browsers keep WebCrypto from pages without TLS. Serve this page by https, or from localhost.');
            const response = await fetch('console.json', { cache: 'no-store' }).catch(() => null);
            if (!response?.ok) throw new ConfigError('console.json could not be read. It must lie beside index.html on the same server.');
            this.config = readConfig(await response.text(), location);
            const store = await openStore().catch(() => {
                throw new ConfigError('This browser keeps nothing for this page (IndexedDB), so it can’t keep a key either. Private windows may be the reason.');
            });
            const keys = new Keys({ store, protocol: this.protocol, tenant: this.config.tenant });
            await keys.load();
            this.keys = keys;
        } catch (error) {
            if (!(error instanceof ConfigError)) throw error;
            this.error = error.message;
            return;
        }
        const { enrolment: url } = this.config;
        this.service = url && { url, renew: async () => this.keys.take(await askService(url, await this.keys.request())) };
        // Other tabs are the same agent: what one is told, all know.
        this.tabs = new BroadcastChannel('oriel');
        this.tabs.onmessage = ({ data }) => (data === 'forgotten' ? location.reload() : this.keys.load().then(() => this.adopt()));
        if (this.keys.enrolled) await this.connect();
    }

    /* This tab has taken an answer. */
    async enrolled() {
        this.tabs.postMessage('enrolled');
        if (this.renewing) location.hash = '#/';
        await this.adopt();
    }

    /* There is a new enrolment. A session that is running is not touched. */
    async adopt() {
        if (!this.keys.enrolled) return;
        if (!this.broker) return this.connect();
        this.broker.nextPassword = this.keys.enrolled.password;
        if (this.phase === 'refused') this.broker.retryNow();
        await this.trust();
        for (const [id, { text, retained }] of this.states) this.published(id, text, retained);
        if (this.phase === 'connected' && ['idle', 'unreachable'].includes(this.session?.state)) this.session.hello();
        this.changed();
    }

    /* Whom to believe, by the enrolment as it is now. */
    async trust() {
        const { tenant, presence, owners, claims } = this.keys.enrolled;
        const enrolled = { tenant, vendor: claims.iss, presence, owners };
        const judge = new Presence({ protocol: this.protocol, enrolled, remember: (id, text) => this.keys.keepDevice(id, text) });
        await judge.recall(await this.keys.devices());
        this.presence = judge;
    }

    async connect() {
        await this.trust();
        const { tenant, claims, password } = this.keys.enrolled;
        this.broker = new Broker({
            url: this.config.broker,
            who: { tenant, agent: claims.sub, vendor: claims.iss },
            password,
            on: {
                status: (phase) => this.connection(phase),
                settled: () => Promise.all(this.judging.values()).then(() => (this.settled = true)),
                state: (id, text, retained) => this.published(id, text, retained),
                gone: (id) => this.gone(id),
                message: (id, text) => id === this.session?.device && this.session.receive(text),
                revoked: (text) => this.keys.revoked(text).then((news) => news && this.changed()),
            },
        });
        this.broker.start();
        this.route();
        this.changed();
    }

    askToSignOut() {
        this.querySelector('dialog').showModal();
    }

    async signOut() {
        this.session?.leave();
        this.broker.stop();
        this.session = this.broker = null;
        await Promise.all(this.judging.values());
        this.devices.clear();
        this.states.clear();
        await this.keys.forget();
        this.tabs.postMessage('forgotten');
        location.assign('#/');
        location.reload();
    }

    connection(phase) {
        const was = this.phase;
        this.phase = phase;
        if (phase === 'connected') this.session?.reconnected();
        else if (was === 'connected') this.session?.disconnected();
    }

    published(id, text, retained) {
        this.states.set(id, { text, retained });
        const before = this.judging.get(id) ?? Promise.resolve();
        this.judging.set(id, before.then(() => this.judge(id, text, retained)));
    }

    gone(id) {
        this.states.delete(id);
        this.judging.get(id)?.then(() => {
            this.devices.remove(id);
            this.changed();
        });
    }

    async judge(id, text, retained) {
        try {
            const verified = await this.presence.read(id, text);
            if (this.devices.update(id, verified, retained) && id === this.session?.device) this.session.presence(verified.state);
        } catch (error) {
            if (!(error instanceof Unverified)) throw error;
            this.devices.refuse(id, { reason: error.reason, detail: error.message });
            if (id === this.session?.device) this.session.unverified();
        }
        this.changed();
    }

    route() {
        if (!this.broker) return;
        const id = /^#\/d\/(.+)$/.exec(location.hash)?.[1];
        this.renewing = location.hash === '#/enrolment';
        if (id === this.session?.device) return;
        this.session?.leave();
        this.session = id && isId(id) ? this.open(id) : null;
        const notes = this.session && this.notes.of(id);
        if (notes) this.session.rejoin(notes);
        else if (this.session && this.phase === 'connected') this.session.hello();
        window.scrollTo(0, 0);
    }

    open(id) {
        const { marks, keys, protocol, broker } = this;
        const publish = (text, expiry) => broker.publish(id, text, expiry);
        return new Session(id, {
            unverified: () => this.devices.get(id)?.unverified ?? null,
            identity: () => (this.devices.get(id)?.unverified ? null : this.presence.identity(id)),
            credential: () => (keys.usable ? keys.enrolled.credential : null),
            turn: () => (keys.usable ? keys.enrolled.turn : null),
            begin: (identity) => Exchange.begin({ identity, signer: keys.signing, protocol, publish }),
            now: () => performance.now(),
            after: (ms, callback) => {
                const timer = setTimeout(callback, ms);
                return () => clearTimeout(timer);
            },
            certificate: createCertificate,
            createPeer: (options) => new Peer(options),
            mark: (name) => {
                if (name === 'asked') Object.keys(marks).forEach((key) => delete marks[key]);
                marks[name] ??= performance.now();
            },
            changed: () => this.changed(),
            prove: () => broker.prove(),
            notes: this.notes,
            challenged: (challenge) => this.devices.refresh(id, challenge),
            dropped: (why) => broker.drop(`the topic of ${id}`, why),
        });
    }

    updated() {
        const { session } = this;
        const name = session && (this.devices.get(session.device)?.name ?? session.device);
        const title = !session ? 'Oriel' : session.state === 'live' ? `Live: ${name} · Oriel` : `${name} · Oriel`;
        if (document.title !== title) document.title = title;
    }

    render() {
        const agent = this.broker && this.keys.enrolled;
        return html`
            <header class="top">
                <a class="brand" href="#/">${icons.logo}<span>Oriel</span></a>
                <div class="account">
                    ${agent
                        ? html`<span class="connection" data-testid="connection" data-phase=${this.phase}>
                                  <i class="dot"></i>${CONNECTION[this.phase]}
                              </span>
                              <span class="agent" data-testid="agent">${agent.claims.name}<small>${agent.label}</small></span>
                              <button class="quiet" data-testid="sign-out" @click=${this.askToSignOut}>
                                  ${icons.out}Sign out
                              </button>`
                        : nothing}
                </div>
            </header>
            ${this.body()} ${this.notice()} ${agent ? this.signOutDialog() : nothing}
        `;
    }

    signOutDialog() {
        return html`<dialog class="card" data-testid="sign-out-dialog" aria-labelledby="sign-out-title">
            <form method="dialog">
                <h2 id="sign-out-title">Sign out and forget the keys?</h2>
                <p>This browser’s keys and its enrolment are deleted. To come back it has to be enrolled again, with a new check code.</p>
                <div class="line">
                    <button>Stay signed in</button>
                    <button class="danger" type="button" data-testid="sign-out-confirm" @click=${this.signOut}>Sign out</button>
                </div>
            </form>
        </dialog>`;
    }

    /* What needs to be known wherever one is: one thing at a time. */
    notice() {
        const lost = ['lost', 'refused'].includes(this.phase);
        const ending = !lost && this.broker && !this.service && !this.renewing && this.keys.status === 'ending';
        return html`<div class="banner" role="status" data-testid="banner" ?data-open=${lost}>${lost ? this.banner() : nothing}</div>
            <div class="banner" role="status" data-testid="ending" ?data-open=${ending}>
                ${ending
                    ? html`${icons.bell}<span>Your enrolment ends in ${span(Math.max(0, this.keys.left))}.</span>
                          <a class="button" href="#/enrolment">Renew</a>`
                    : nothing}
            </div>`;
    }

    banner() {
        if (this.phase === 'lost')
            return html`${icons.link}<span>No connection to the broker. Trying again by itself.</span>
                <button @click=${() => this.broker.retryNow()}>Try now</button>`;
        return html`${icons.no}<span
                >The broker refuses <b>${this.keys.enrolled.claims.sub}</b>. Its password may be another one now: a new answer to your enrolment has it.</span
            >
            <a class="button" href="#/enrolment">Renew</a>
            <button @click=${() => this.broker.retryNow()}>Try again</button>`;
    }

    body() {
        if (this.error)
            return html`<main class="centre">
                <section class="card problem" role="alert" data-testid="error">
                    ${icons.warn}
                    <div>
                        <h1>The console can’t start</h1>
                        <p>${this.error}</p>
                        <button @click=${() => location.reload()}>Load again</button>
                    </div>
                </section>
            </main>`;
        if (!this.keys) return html`<main></main>`;
        // What is under way, and what came of it, stays in sight.
        const free = !this.session || ['idle', 'unreachable'].includes(this.session.state);
        if (!this.keys.enrolled || this.renewing || (free && !this.keys.usable))
            return html`<oriel-enrol
                .keys=${this.keys}
                .service=${this.service}
                .auto=${this.config.auto}
                .status=${this.keys.status}
                @enrolled=${this.enrolled}
                @sign-out=${this.askToSignOut}
            ></oriel-enrol>`;
        if (this.session)
            return html`<oriel-device-page
                .session=${this.session}
                .devices=${this.devices}
                .allowed=${this.keys.enrolled.claims.scopes}
                .online=${this.phase === 'connected'}
                .revision=${this.revision}
            ></oriel-device-page>`;
        return html`<oriel-device-list
            .devices=${this.devices}
            .settled=${this.settled}
            .stale=${this.phase !== 'connected' && this.settled}
            .revision=${this.revision}
        ></oriel-device-list>`;
    }
}

customElements.define('oriel-app', OrielApp);
