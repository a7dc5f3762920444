/* What, why, and for how long: the question that the person at the panel will read. */
import { html, nothing } from 'lit';
import { View } from './view.js';
import { icons } from './icons.js';
import { choice } from './scopes.js';

const MAX_REASON = 120;
const DURATIONS = [
    [300, '5 minutes'],
    [600, '10 minutes'],
    [1800, '30 minutes'],
    [3600, '1 hour'],
];

/* One line, as the panel will show it. */
export const clean = (text) =>
    text
        .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '')
        .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
        .trim();

class RequestForm extends View {
    static properties = { session: {}, device: {}, usable: {}, problem: {}, detail: {}, allowed: {}, reason: {}, scopes: {}, seconds: {}, authorisation: {}, missing: {} };

    connectedCallback() {
        super.connectedCallback();
        // What was asked last time is what will be asked again.
        this.reason ??= this.session.request?.reason ?? this.called();
        this.scopes ??= this.session.request?.scopes ?? ['view'];
        this.authorisation ??= this.session.request?.authorisation ?? '';
        this.seconds ??= this.session.request?.seconds ?? 600;
    }

    willUpdate() {
        if (!this.reason && !this.touched) this.reason = this.called();
    }

    /* Who calls has said why; the machine knows the rest. */
    called() {
        const { note, alarms, page } = this.device?.help ?? {};
        const about = note || alarms?.[0] || page;
        return about ? `Your call: ${about}`.slice(0, MAX_REASON) : '';
    }

    /* What the device has of what this agent may ask for; its state may not say. */
    get absent() {
        const offered = this.device?.scopes;
        return offered ? this.allowed.filter((scope) => !offered.includes(scope)) : null;
    }

    toggle(scope) {
        this.scopes = this.scopes.includes(scope) ? this.scopes.filter((other) => other !== scope) : [...this.scopes, scope];
    }

    submit(event) {
        event.preventDefault();
        const reason = clean(this.reason);
        if (!reason) {
            this.missing = true;
            this.querySelector('textarea').focus();
            return;
        }
        const scopes = this.allowed.filter((scope) => scope === 'view' || (this.scopes.includes(scope) && !this.absent?.includes(scope)));
        if (this.usable) this.session.ask({ reason, scopes, seconds: this.seconds, authorisation: this.authorisation.trim() || undefined });
    }

    keydown(event) {
        // The panel shows one line, so Enter has nothing else to do. (Not while an input method composes.)
        if (event.key === 'Enter' && !event.isComposing) this.submit(event);
    }

    warning() {
        const { device } = this;
        if (this.problem) return [icons.warn, ...this.problem];
        if (!device?.online) return null;
        if (device.help?.callback && device.consent)
            return [icons.bell, `Call back first: ${device.help.callback}`, 'They need not wait at the panel. Ask when they stand there.'];
        if (!device.consent) return [icons.warn, 'Nobody at the panel can be asked', 'The program that asks the person is not running there, so a request will be denied.'];
        if (device.status !== 'ready')
            return [
                icons.warn,
                device.status === 'live' ? 'A session is live on this device' : 'Somebody else is being asked for',
                'A request will be denied as busy until that is over.',
            ];
        return null;
    }

    render() {
        const left = MAX_REASON - this.reason.length;
        const warning = this.warning();
        return html`<form class="card request" @submit=${this.submit} novalidate>
            <h2>Ask for a session</h2>
            <p class="muted">The person at the panel reads this and decides. They can stop at any time.</p>
            ${choice({ scopes: this.allowed, chosen: this.scopes, fixed: ['view'], missing: this.absent, toggle: (scope) => this.toggle(scope) })}
            <label for="reason">Reason<span class="count ${left <= 10 ? 'few' : ''}" data-testid="reason-left">${left}</span></label>
            <textarea
                id="reason"
                data-testid="reason"
                rows="2"
                maxlength=${MAX_REASON}
                required
                placeholder="What do you want to look at, and why?"
                aria-describedby="reason-problem"
                aria-invalid=${this.missing ? 'true' : 'false'}
                .value=${this.reason}
                @input=${(event) => ((this.reason = event.target.value), (this.touched = true), (this.missing = false))}
                @keydown=${this.keydown}
            ></textarea>
            <p id="reason-problem" class="problem-line" role="alert">${this.missing ? 'Say why: the person will not agree to nothing.' : nothing}</p>
            <div class="line">
                <label for="duration">For</label>
                <select id="duration" data-testid="duration" @change=${(event) => (this.seconds = Number(event.target.value))}>
                    ${DURATIONS.map(([seconds, text]) => html`<option value=${seconds} ?selected=${seconds === this.seconds}>${text}</option>`)}
                </select>
                <button class="primary" type="submit" data-testid="request" ?disabled=${!this.usable}>Request session</button>
            </div>
            <details class="owner" ?open=${Boolean(this.authorisation)}>
                <summary data-testid="use-authorisation">The owner has authorised this beforehand</summary>
                <label for="authorisation">The owner’s authorisation<small>nobody at the panel is asked; each session is one use of it</small></label>
                <textarea
                    id="authorisation"
                    data-testid="authorisation"
                    rows="3"
                    spellcheck="false"
                    maxlength="4096"
                    .value=${this.authorisation}
                    @input=${(event) => (this.authorisation = event.target.value)}
                ></textarea>
            </details>
            ${warning
                ? html`<div class="warning" data-testid="warning">
                      ${warning[0]}
                      <p><b>${warning[1]}.</b> ${warning[2]}${this.detail ? html`<span class="detail" data-testid="detail">${this.detail}</span>` : nothing}</p>
                  </div>`
                : nothing}
        </form>`;
    }
}

customElements.define('oriel-request-form', RequestForm);
