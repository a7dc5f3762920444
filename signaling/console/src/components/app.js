/* The frame of the page: header, connection, and which of list, device page and sign-in is shown. */
import { html, nothing } from 'lit';
import { View } from './view.js';
import { icons } from './icons.js';
import { Broker } from '../broker.js';
import { Devices } from '../devices.js';
import { Peer, createCertificate } from '../peer.js';
import { Protocol, isId } from '../protocol.js';
import { Session } from '../session.js';
import { schemas } from '../schemas.js';
import { ConfigError, forgetCredential, readConfig, storeCredential, storedCredential } from '../config.js';
import './device-list.js';
import './device-page.js';
import './sign-in.js';

const CONNECTION = {
    connecting: 'Connecting',
    connected: 'Connected',
    lost: 'Reconnecting',
    refused: 'Refused',
};

class OrielApp extends View {
    static properties = { config: {}, credential: {}, error: {}, phase: {}, settled: {}, session: {}, revision: {} };

    constructor() {
        super();
        this.protocol = new Protocol(schemas);
        this.devices = new Devices();
        this.config = this.credential = this.error = this.session = null;
        this.phase = 'connecting';
        this.settled = false;
        this.revision = 0;
        this.marks = {};
        window.oriel = { marks: this.marks };
    }

    connectedCallback() {
        super.connectedCallback();
        this.start();
        setInterval(() => this.changed(), 1000); // uptimes and counters go on
        window.addEventListener('hashchange', () => this.route());
        window.addEventListener('online', () => this.broker?.retryNow());
        // Best effort: the device notices a page that is gone by its silence, too.
        window.addEventListener('pagehide', () => this.session?.leave());
        // A page from the back/forward cache has lost its session and its connection.
        window.addEventListener('pageshow', (event) => event.persisted && location.reload());
    }

    changed() {
        this.revision++;
    }

    async start() {
        try {
            if (!isSecureContext) throw new ConfigError('Browsers keep WebCrypto from pages without TLS. Serve this page by https, or from localhost.');
            const response = await fetch('console.json', { cache: 'no-store' }).catch(() => null);
            if (!response?.ok) throw new ConfigError('console.json could not be read. It must lie beside index.html on the same server.');
            this.config = readConfig(await response.text(), this.protocol, location);
        } catch (error) {
            if (!(error instanceof ConfigError)) throw error;
            this.error = error.message;
            return;
        }
        const credential = this.config.credential ?? storedCredential(this.protocol);
        if (credential) this.signIn(credential);
    }

    signIn(credential) {
        this.credential = credential;
        this.broker = new Broker({
            url: this.config.broker,
            tenant: this.config.tenant,
            credential,
            protocol: this.protocol,
            on: {
                status: (phase) => this.connection(phase),
                settled: () => (this.settled = true),
                state: (id, message, retained) => this.published(id, message, retained),
                gone: (id) => (this.devices.remove(id), this.changed()),
                message: (id, message) => id === this.session?.device && this.session.receive(message),
            },
        });
        this.broker.start();
        this.route();
    }

    signOut() {
        this.session?.leave();
        this.broker.stop();
        forgetCredential();
        this.devices.clear();
        this.session = this.broker = this.credential = null;
        this.phase = 'connecting';
        this.settled = false;
    }

    connection(phase) {
        const was = this.phase;
        this.phase = phase;
        if (phase === 'connected') this.session?.reconnected();
        else if (was === 'connected') this.session?.disconnected();
    }

    published(id, message, retained) {
        if (!this.devices.update(id, message, retained)) return;
        if (id === this.session?.device) this.session.presence(message);
        this.changed();
    }

    route() {
        if (!this.credential) return;
        const id = /^#\/d\/(.+)$/.exec(location.hash)?.[1];
        if (id === this.session?.device) return;
        this.session?.leave();
        this.session = id && isId(id) ? this.open(id) : null;
        if (this.session && this.phase === 'connected') this.session.hello();
        window.scrollTo(0, 0);
    }

    open(id) {
        const { marks } = this;
        return new Session(id, {
            credential: this.credential,
            now: () => performance.now(),
            after: (ms, callback) => {
                const timer = setTimeout(callback, ms);
                return () => clearTimeout(timer);
            },
            send: (message, expiry) => this.broker.send(id, message, expiry),
            prepare: (message, expiry) => this.broker.prepare(id, message, expiry),
            certificate: createCertificate,
            createPeer: (options) => new Peer(options),
            mark: (name) => {
                if (name === 'asked') Object.keys(marks).forEach((key) => delete marks[key]);
                marks[name] ??= performance.now();
            },
            changed: () => this.changed(),
            challenged: (challenge) => this.devices.refresh(id, challenge),
        });
    }

    updated() {
        const { session } = this;
        const name = session && (this.devices.get(session.device)?.name ?? session.device);
        const title = !session ? 'Oriel' : session.state === 'live' ? `Live: ${name} · Oriel` : `${name} · Oriel`;
        if (document.title !== title) document.title = title;
    }

    render() {
        return html`
            <header class="top">
                <a class="brand" href="#/">${icons.logo}<span>Oriel</span></a>
                <div class="account">
                    ${this.credential
                        ? html`<span class="connection" data-testid="connection" data-phase=${this.phase}>
                                  <i class="dot"></i>${CONNECTION[this.phase]}
                              </span>
                              <span class="agent" data-testid="agent">${this.credential.name}<small>${this.credential.iss}</small></span>`
                        : nothing}
                    ${this.credential && !this.config.credential
                        ? html`<button class="quiet" data-testid="sign-out" @click=${this.signOut}>${icons.out}Sign out</button>`
                        : nothing}
                </div>
            </header>
            ${this.body()}
            <div class="banner" role="status" data-testid="banner" ?data-open=${['lost', 'refused'].includes(this.phase)}>
                ${this.banner()}
            </div>
        `;
    }

    banner() {
        if (this.phase === 'lost')
            return html`${icons.link}<span>No connection to the broker. Trying again by itself.</span>
                <button @click=${() => this.broker.retryNow()}>Try now</button>`;
        if (this.phase === 'refused')
            return html`${icons.no}<span>The broker refuses <b>${this.credential.sub}</b>. Its access rules may not know this name.</span>
                <button @click=${() => this.broker.retryNow()}>Try again</button>`;
        return nothing;
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
        if (!this.config) return html`<main></main>`;
        if (!this.credential)
            return html`<oriel-sign-in
                .protocol=${this.protocol}
                @credential=${(event) => (storeCredential(event.detail), this.signIn(event.detail))}
            ></oriel-sign-in>`;
        if (this.session)
            return html`<oriel-device-page
                .session=${this.session}
                .devices=${this.devices}
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
