/* One device: whether it is there, the request, what becomes of it, and the picture. */
import { html, nothing } from 'lit';
import { View } from './view.js';
import { icons } from './icons.js';
import { STATUS } from './device-list.js';
import { named } from './scopes.js';
import { identityCard, unverifiedCard, verifiedMark } from './identity.js';
import { DENIALS, LOST, PAUSED, UNREACHABLE, counter, endWords, span } from '../words.js';
import './grants.js';
import './request-form.js';
import './viewer.js';
import './call-done.js';
import './camera.js';
import './chat.js';
import './face.js';

const WORDS = {
    idle: 'No session',
    asking: 'Asking',
    shown: 'On the panel',
    allowed: 'Allowed',
    connecting: 'Connecting',
    rejoining: 'Joining again',
    lost: 'Connection lost',
    live: 'Live',
    denied: 'Denied',
    ended: 'Ended',
    unreachable: 'Unreachable',
    'not-verified': 'Not verified',
};

const STEPS = [
    ['asking', 'Asking the device'],
    ['shown', 'On the panel'],
    ['allowed', 'Allowed'],
    ['connecting', 'Picture'],
];

const WAITING = {
    asking: ['Asking the device', 'The prompt is not on the panel yet.'],
    shown: ['The person at the panel is being asked', 'They see your name, your company, what you ask for, the reason and the time.'],
    allowed: ['Allowed', 'The device starts to take its picture.'],
    rejoining: ['Joining the session again', 'The permission still stands: nobody is asked anew.'],
};

/* What the machine knew when the person called: nobody has to say it again. */
const callContext = ({ page, alarms, callback }) =>
    page || alarms || callback
        ? html`<dl class="call-context" data-testid="call-context">
              ${callback ? html`<dt>Call back</dt><dd data-testid="callback">${callback}</dd>` : nothing}
              ${page ? html`<dt>Page</dt><dd>${page}</dd>` : nothing}
              ${alarms ? html`<dt>Alarms</dt><dd>${alarms.map((alarm) => html`<div>${alarm}</div>`)}</dd>` : nothing}
          </dl>`
        : nothing;

class DevicePage extends View {
    static properties = { session: {}, devices: {}, allowed: {}, online: {}, revision: {} };

    willUpdate() {
        // Focus must not fall back to the start of the page when the panel that held it is replaced.
        const { state } = this.session;
        this.focusPanel = this.shownState !== undefined && this.shownState !== state && this.contains(document.activeElement);
        this.shownState = state;
    }

    updated() {
        if (this.focusPanel && !this.contains(document.activeElement)) this.querySelector('[data-panel]')?.focus({ preventScroll: true });
    }

    /* What is to be said of the outcome: [what, what next]. */
    words() {
        const { state, outcome } = this.session;
        if (state === 'denied') return DENIALS[outcome.reason];
        if (state === 'ended') return endWords(outcome);
        if (state === 'unreachable') return UNREACHABLE[outcome.reason];
        return WAITING[state] ?? [WORDS[state], ''];
    }

    render() {
        const { session } = this;
        const device = this.devices.get(session.device);
        // In a session it is the device that the session is with, whatever its topic says meanwhile.
        const name = session.inSession ? session.identity.name : device?.name;
        return html`<main class="device ${session.inSession ? 'in-session' : ''}">
            <div class="bar">
                <a class="back" href="#/" data-testid="back" aria-label="Devices">${icons.back}<span>Devices</span></a>
                <div class="title">
                    <h1>${name || session.device}</h1>
                    ${session.inSession ? verifiedMark(session.identity) : nothing}
                    <span class="muted">${[device?.model, device?.site].filter(Boolean).join(' · ')}</span>
                </div>
                ${this.stateElement()}
                <div class="right">${session.inSession ? this.sessionControls() : this.reachable()}</div>
            </div>
            ${session.inSession
                ? html`<oriel-grants .session=${session} .allowed=${this.allowed} .offered=${device?.scopes ?? null} .revision=${this.revision}></oriel-grants>
                      <div class="watch">
                          <oriel-viewer data-panel tabindex="-1" .peer=${session.peer} .path=${session.path} .live=${session.state === 'live'} .lost=${session.lost} .chat=${session.chat}></oriel-viewer>
                          <oriel-camera .peer=${session.peer} .cameras=${session.cameras}></oriel-camera>
                          <oriel-face .face=${session.face} .chat=${session.chat} .granted=${session.grant.scopes.includes('face')}></oriel-face>
                          <oriel-chat .chat=${session.chat}></oriel-chat>
                      </div>
                      ${this.pausedBanner()}`
                : html`<div class="columns">
                      <div class="main" data-panel tabindex="-1">${this.panel(device)}</div>
                      ${this.facts(device)}
                  </div>`}
        </main>`;
    }

    stateElement() {
        const { state, outcome } = this.session;
        const [what, next] = this.words();
        return html`<span
            class="state ${this.session.lost ? 'lost' : state}"
            role="status"
            data-testid="state"
            data-state=${state}
            data-reason=${outcome?.reason ?? nothing}
            data-by=${outcome?.by ?? nothing}
            data-detail=${outcome?.detail ?? nothing}
            ><i class="dot"></i>${WORDS[outcome?.reason === 'not-verified' ? 'not-verified' : this.session.lost ? 'lost' : state]}<span class="hidden">. ${what}. ${next}</span></span
        >`;
    }

    /* The code that the panel shows as well. */
    code() {
        const { code } = this.session;
        return code ? html`<p class="spoken">Code <b data-testid="code">${code.slice(0, 3)} ${code.slice(3)}</b><small>The panel shows the same. On the phone, compare it.</small></p>` : nothing;
    }

    /* The newest frame stays below it. */
    lostBanner() {
        const { outage } = this.session;
        const seconds = Math.floor((performance.now() - outage.at) / 1000);
        const [what, how] = LOST(this.online);
        return html`<p class="paused lost" role="status" data-testid="lost" data-seconds=${seconds}><b>${what} … since ${span(seconds)}.</b> ${how}</p>`;
    }

    pausedBanner() {
        if (this.session.lost) return this.lostBanner();
        const words = PAUSED[this.session.paused];
        return words ? html`<p class="paused" role="status" data-testid="paused" data-why=${this.session.paused}><b>${words[0]}.</b> ${words[1]}</p>` : nothing;
    }

    sessionControls() {
        const { session } = this;
        const left = Math.max(0, (session.grant.endsAt - performance.now()) / 1000);
        return html`<span class="left ${left < 60 ? 'soon' : ''}" data-testid="time-left" data-seconds=${Math.round(left)}
                ><b>${counter(left)}</b> left</span
            >
            <button class="danger" data-testid="hangup" @click=${() => session.hangUp()}>${icons.hangup}Hang up</button>`;
    }

    reachable() {
        const { status, rtt } = this.session.reach;
        const text = !this.online
            ? 'No connection to the broker'
            : { checking: 'Looking for the device …', yes: 'Reachable', no: 'Does not answer', refused: 'Refuses this page', unverified: 'Not verified' }[status];
        return html`<span
                class="reach ${status}"
                role="status"
                data-testid="reachable"
                data-reachable=${this.online ? status : 'checking'}
                data-rtt-ms=${rtt === null ? nothing : Math.round(rtt)}
                ><i class="dot"></i>${text}${rtt === null ? nothing : html`<small>${Math.round(rtt)} ms</small>`}</span
            >${status === 'no' ? html`<button data-testid="retry" @click=${() => this.session.hello()}>Try again</button>` : nothing}`;
    }

    panel(device) {
        const { session } = this;
        if (session.state === 'rejoining') return this.rejoiningPanel();
        if (session.waiting) return this.waitingPanel();
        if (session.state === 'denied' || session.state === 'ended') return this.outcomePanel();
        return html`<oriel-request-form
            .session=${session}
            .device=${device}
            .allowed=${this.allowed}
            .usable=${this.online && session.reach.status === 'yes'}
            .problem=${session.state === 'unreachable' ? this.words() : null}
            .detail=${session.outcome?.reason === 'not-verified' ? null : session.outcome?.detail}
        ></oriel-request-form>`;
    }

    rejoiningPanel() {
        const [what, next] = this.words();
        return html`<section class="card waiting">
            <h2>${what}</h2>
            <p class="muted">${next}</p>
            <blockquote>${this.session.request.reason}<small data-testid="asked-scopes">${named(this.session.request.scopes)}</small></blockquote>
            ${this.code()}
        </section>`;
    }

    waitingPanel() {
        const { session } = this;
        const at = STEPS.findIndex(([state]) => state === session.state);
        const [what, next] = this.words();
        const seconds = (performance.now() - session.stateSince) / 1000;
        return html`<section class="card waiting">
            <ol class="steps" aria-hidden="true">
                ${STEPS.map(([, text], i) => html`<li class=${i < at ? 'past' : i === at ? 'now' : ''}>${text}</li>`)}
            </ol>
            <h2>${what}<span class="elapsed">${counter(seconds)}</span></h2>
            <p class="muted">${next}</p>
            <blockquote>${session.request.reason}<small data-testid="asked-scopes">${named(session.request.scopes)} · ${span(session.request.seconds)}</small></blockquote>
            ${this.code()}
            <button data-testid="cancel" @click=${() => session.cancel()}>Take the request back</button>
        </section>`;
    }

    outcomePanel() {
        const { session } = this;
        const { state, outcome, grant } = session;
        const [what, next] = this.words();
        const calm = state === 'ended' && ['stopped', 'hung-up', 'expired'].includes(outcome.reason);
        const lasted = state === 'ended' && grant ? (session.stateSince - (grant.endsAt - grant.seconds * 1000)) / 1000 : null;
        return html`<section class="card outcome ${calm ? 'calm' : ''}">
            ${calm ? icons.stop : state === 'denied' ? icons.no : icons.warn}
            <div>
                <h2>${what}</h2>
                <p>${next}</p>
                ${lasted === null ? nothing : html`<p class="muted">The session lasted ${counter(lasted)}.</p>`}
                ${outcome.retry ? html`<p data-testid="retry-in" data-seconds=${outcome.retry}>You may ask again in <b>${span(Math.max(1, outcome.retry - Math.floor((performance.now() - session.stateSince) / 1000)))}</b>.</p>` : nothing}
                ${outcome.detail ? html`<p class="detail" data-testid="detail">${outcome.detail}</p>` : nothing}
                <button class=${outcome.reason === 'revoked' ? '' : 'primary'} data-testid="again" @click=${() => session.again()}>${outcome.reason === 'revoked' ? 'Back' : 'Ask again'}</button>
                ${session.receipt ? this.receiptButton(session.receipt) : nothing}
            </div>
        </section>`;
    }

    /* What the device has signed of this session, to be kept: anybody with the owner's key can check it. */
    receiptButton(receipt) {
        const save = () => {
            const link = document.createElement('a');
            link.href = URL.createObjectURL(new Blob([JSON.stringify(receipt, null, 1)], { type: 'application/json' }));
            link.download = `receipt-${receipt.device}-${receipt.session.slice(0, 8)}.json`;
            link.click();
            setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
        };
        return html`<button data-testid="receipt" data-end=${receipt.end ? 'signed' : 'missing'} title="What the device has signed of this session: its grant${receipt.end ? ' and its end' : ', but no end yet'}" @click=${save}>Save the receipt</button>`;
    }

    status(device, heard) {
        if (!device) return 'Unknown';
        if (device.unverified) return STATUS.unverified;
        return heard || !device.online ? STATUS[device.status] : `${STATUS[device.status]} when last heard`;
    }

    facts(device) {
        const uptime = device && this.devices.uptime(device);
        const waiting = device && this.devices.waiting(device);
        // What it published is a hint; that it doesn't answer is a fact.
        const heard = device && this.session.reach.status !== 'no';
        const identity = device?.identity ?? (device ? null : this.session.identity);
        return html`<aside class="card facts" aria-label="About the device">
            ${device?.unverified ? unverifiedCard(device.unverified) : identity ? identityCard(identity, this.session.reach.status === 'yes') : nothing}
            ${device?.help
                ? html`<p class="call" data-testid="help">
                      ${icons.bell}<span><b>Calls for support</b>, ${span(waiting)}</span>${device.help.note
                          ? html`<q>${device.help.note}</q>`
                          : nothing}
                  </p>
                  ${callContext(device.help)}
                  <oriel-call-done .session=${this.session} .help=${device.help} .revision=${this.revision}></oriel-call-done>`
                : nothing}
            <dl>
                <dt>Status</dt>
                <dd class="status ${heard && device ? device.status : 'offline'}"><i class="dot"></i>${this.status(device, heard)}</dd>
                <dt>Device</dt>
                <dd>${this.session.device}</dd>
                <dt>Model</dt>
                <dd>${device?.model || '–'}</dd>
                <dt>Site</dt>
                <dd>${device?.site || '–'}</dd>
                <dt>Firmware</dt>
                <dd>${device?.firmware || '–'}</dd>
                <dt>Running for</dt>
                <dd>${uptime == null ? '–' : uptime < 60 ? 'under 1 min' : span(uptime)}</dd>
            </dl>
        </aside>`;
    }
}

customElements.define('oriel-device-page', DevicePage);
