/* A call for support that needs no session: the agent called back, say, and closes it with a note, which the panel shows. */
import { html, nothing } from 'lit';
import { View } from './view.js';

const WHY_NOT = {
    unanswered: 'The device did not answer. The call is still open.',
    cancelled: 'That call is not there any more.',
    expired: 'Your credential is over: enrol again.',
    revoked: 'Your credential was taken back.',
    audit: 'The device can’t record it now. The call is still open.',
};

class CallDone extends View {
    static properties = { session: {}, help: {}, revision: {}, open: { state: true } };

    render() {
        const { session, help } = this;
        const done = session.done?.since === help.since ? session.done : null;
        const sending = done?.state === 'sending';
        if (!this.open) return html`<button class="call-done" data-testid="call-done" ?disabled=${session.reach.status !== 'yes'} @click=${() => this.begin()}>Mark as done …</button>`;
        const why = done && !sending ? (WHY_NOT[done.reason ?? done.state] ?? `The device refused it: ${done.detail ?? done.reason}.`) : '';
        return html`<form class="call-done" @submit=${(event) => this.send(event)}>
            <label>What came of it? The person at the panel reads it.
                <input data-testid="call-done-note" maxlength="120" required placeholder="Called back: the sensor was dirty" ?disabled=${sending} /></label>
            ${why ? html`<p class="problem" role="alert" data-testid="call-done-problem">${why}</p>` : nothing}
            <div>
                <button class="primary" data-testid="call-done-send" ?disabled=${sending}>${sending ? 'Closing …' : 'Close the call'}</button>
                <button type="button" @click=${() => { this.open = false; }}>Keep it</button>
            </div>
        </form>`;
    }

    begin() {
        this.open = true;
        this.updateComplete.then(() => this.querySelector('input')?.focus());
    }

    send(event) {
        event.preventDefault();
        const note = this.querySelector('input').value.trim();
        if (note) this.session.callDone(this.help.since, note);
    }
}

customElements.define('oriel-call-done', CallDone);
