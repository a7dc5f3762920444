/* The strip above the picture: what the person has granted, what they took away, and asking for more. */
import { html, nothing } from 'lit';
import { View } from './view.js';
import { icons } from './icons.js';
import { choice, marks, named } from './scopes.js';
import './voice.js';
import { clean } from './request-form.js';
import { DENIALS, UNREACHABLE, grantedBy, span } from '../words.js';

const MAX_REASON = 120;

class Grants extends View {
    /* `allowed`: the scopes of the agent's credential; `offered`: those of the device, or null: unknown. */
    static properties = { session: {}, allowed: {}, offered: {}, revision: {}, open: {}, chosen: {}, reason: {} };

    constructor() {
        super();
        this.open = false;
        this.chosen = [];
        this.reason = '';
    }

    /* What could still be asked for. */
    get rest() {
        return this.allowed.filter((scope) => !this.session.grant.scopes.includes(scope));
    }

    show() {
        this.open = !this.open;
        this.chosen = [];
        this.reason ||= this.session.request.reason;
    }

    submit(event) {
        event.preventDefault();
        const reason = clean(this.reason);
        if (!this.chosen.length || !reason) return;
        this.open = false;
        this.session.askMore({ reason, scopes: this.chosen });
    }

    toggle(scope) {
        this.chosen = this.chosen.includes(scope) ? this.chosen.filter((other) => other !== scope) : [...this.chosen, scope];
    }

    render() {
        const { session, rest } = this;
        const by = grantedBy(session.grant.by);
        return html`<div class="grants">
            ${by ? html`<span class="granted-by" data-testid="granted-by" data-by=${session.grant.by}>${icons.warn}${by}</span>` : nothing}
            ${marks(session.grant.scopes)}
            ${session.grant.scopes.includes('voice') ? html`<oriel-voice .voice=${session.voice}></oriel-voice>` : nothing}
            ${rest.length && !session.more?.waiting
                ? html`<button class="small" data-testid="ask-more" aria-expanded=${String(this.open)} @click=${this.show}>Ask for more</button>`
                : nothing}
            <span class="news" role="status">${this.news()}</span>
            ${this.open && rest.length && !session.more?.waiting ? this.form(rest) : nothing}
        </div>`;
    }

    news() {
        const { more, changed } = this.session;
        if (more?.waiting)
            return html`<span data-testid="more" data-state=${more.state}
                    >${more.state === 'shown' ? 'The person is being asked' : 'Asking'}: <b>${named(more.scopes)}</b>${more.code
                        ? html` · code <b data-testid="more-code">${more.code.slice(0, 3)} ${more.code.slice(3)}</b>`
                        : nothing}</span
                ><button class="small" data-testid="cancel-more" @click=${() => this.session.cancelMore()}>Take back</button>`;
        if (more && more.state !== 'allowed') {
            const { reason, detail, retry } = more.outcome;
            const [what, next] = (more.state === 'denied' ? DENIALS : UNREACHABLE)[reason];
            const tail = retry ? `Ask again in ${span(retry)}.` : (detail ?? next);
            return html`<span data-testid="more" data-state=${more.state} data-reason=${reason}><b>${what}</b>: ${named(more.scopes)}. <span class="muted">${tail}</span></span>${this.understood()}`;
        }
        if (!changed) return nothing;
        const parts = [
            ['The person took away', changed.removed],
            ['Now granted', changed.added],
            ['Not granted', changed.left],
        ].filter(([, scopes]) => scopes.length);
        return html`<span
                data-testid="changed"
                data-removed=${changed.removed.join(' ')}
                data-added=${changed.added.join(' ')}
                data-left=${changed.left.join(' ')}
                >${parts.map(([what, scopes], i) => html`${i ? ' · ' : nothing}${what}: <b>${named(scopes)}</b>`)}</span
            >${this.understood()}`;
    }

    understood() {
        return html`<button class="small quiet" data-testid="understood" @click=${() => this.session.dismiss()}>OK</button>`;
    }

    form(rest) {
        const { offered } = this;
        return html`<form class="card ask-more" @submit=${this.submit} novalidate>
            ${choice({ scopes: rest, chosen: this.chosen, missing: offered && rest.filter((scope) => !offered.includes(scope)), toggle: (scope) => this.toggle(scope) })}
            <label for="more-reason">Reason</label>
            <input id="more-reason" data-testid="more-reason" maxlength=${MAX_REASON} .value=${this.reason} @input=${(event) => (this.reason = event.target.value)} />
            <div class="line">
                <button type="button" @click=${() => (this.open = false)}>Close</button>
                <button class="primary" type="submit" data-testid="request-more" ?disabled=${!this.chosen.length || !clean(this.reason)}>Ask the person</button>
            </div>
        </form>`;
    }
}

customElements.define('oriel-grants', Grants);
