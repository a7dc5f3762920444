/* Makes this browser known to its company: the request, its check code, the answer; or one button where a service does
 * it. Also when an enrolment has to be renewed. */
import { html, nothing } from 'lit';
import { View } from './view.js';
import { icons } from './icons.js';
import { EnrolmentError } from '../keys.js';
import { LoginNeeded } from '../service.js';

/* By Keys.status: [title, what it is about]. */
const ABOUT = {
    new: ['Enrol this browser', 'This browser has made a key of its own, which never leaves it. Your company confirms once that the key is yours.'],
    good: ['Renew the enrolment', 'It still holds. A new answer replaces the one that this browser has.'],
    ending: ['Renew the enrolment', 'It ends soon. A new answer replaces the one that this browser has; what is under way goes on.'],
    expired: ['The enrolment has expired', 'Devices accept this browser again as soon as your company’s administrator has confirmed it anew.'],
    revoked: ['Your access was taken back', 'Your company has declared its earlier enrolments void, yours among them. Its administrator can confirm this browser anew.'],
    barred: ['Your access was taken back', 'Your company has declared this browser’s key void. If that was not meant for you, sign out: that makes a new key, to be enrolled from the start.'],
};

class Enrol extends View {
    static properties = { keys: {}, service: {}, auto: {}, status: {}, request: {}, problem: {}, login: {}, busy: {}, copied: {} };

    connectedCallback() {
        super.connectedCallback();
        this.keys.request().then((request) => (this.request = request));
        if (this.auto && this.status === 'new') this.ask();
    }

    async attempt(work) {
        if (this.busy) return;
        this.busy = true;
        this.problem = this.login = null;
        try {
            await work();
            this.dispatchEvent(new CustomEvent('enrolled'));
        } catch (error) {
            if (!(error instanceof EnrolmentError)) throw error;
            this.problem = error.message;
            this.login = error instanceof LoginNeeded;
        } finally {
            this.busy = false;
        }
    }

    /* `renew`: of the page, asks the service and takes its answer. */
    ask() {
        return this.attempt(() => this.service.renew());
    }

    submit(event) {
        event.preventDefault();
        return this.attempt(() => this.keys.take(this.querySelector('[data-testid="answer"]').value));
    }

    async copy() {
        const field = this.querySelector('[data-testid="enrolment-request"]');
        field.select();
        try {
            await navigator.clipboard.writeText(this.request);
        } catch {
            document.execCommand('copy'); // clipboard access can be switched off; the text is selected in any case
        }
        this.copied = true;
        setTimeout(() => (this.copied = false), 2000);
    }

    async opened({ target }) {
        const [file] = target.files;
        target.value = '';
        if (file && file.size <= 64 * 1024) this.querySelector('[data-testid="answer"]').value = await file.text();
        else if (file) this.problem = 'This file is too large to be an answer.';
    }

    render() {
        const { status } = this;
        const [title, about] = ABOUT[status];
        return html`<main class="centre">
            <section class="card enrol" data-testid="enrolment" data-status=${status} data-by=${this.service ? 'service' : 'hand'}>
                <div>
                    <h1>${title}</h1>
                    <p class="muted">${about}</p>
                </div>
                ${status === 'barred' ? this.barred() : this.service ? this.byService() : this.byHand()}
            </section>
        </main>`;
    }

    barred() {
        return html`<button data-testid="start-over" @click=${() => this.dispatchEvent(new CustomEvent('sign-out'))}>${icons.out}Sign out</button>`;
    }

    problemLine() {
        return html`<p id="enrolment-problem" class="problem-line" role="alert" data-testid="enrolment-problem">
            ${this.problem ?? nothing}
            ${this.login ? html`<a href=${this.service.url} target="_blank" rel="noopener">Open the log-in</a>` : nothing}
        </p>`;
    }

    byService() {
        return html`${this.problemLine()}
            <button class="primary" data-testid="enrol" ?disabled=${this.busy} @click=${this.ask}>
                ${this.busy ? 'Asking your company …' : this.status === 'new' ? 'Enrol this browser' : 'Renew'}
            </button>`;
    }

    byHand() {
        const { checkCode } = this.keys;
        const file = `data:text/plain;charset=utf-8,${encodeURIComponent(this.request ?? '')}`;
        return html`<ol>
            <li>
                <h2>Send this request to your administrator</h2>
                <p class="muted">By mail or chat: it is no secret.</p>
                <textarea class="code" data-testid="enrolment-request" rows="3" readonly aria-label="Enrolment request" .value=${this.request ?? ''}></textarea>
                <div class="line">
                    <button data-testid="copy-request" @click=${this.copy}>${this.copied ? 'Copied' : 'Copy'}</button>
                    <a class="button" data-testid="download-request" href=${file} download="oriel-request-${checkCode}.txt">Save as a file</a>
                </div>
            </li>
            <li>
                <h2>Compare the check code by voice</h2>
                <p class="muted">Call them: they see the same eight characters, if nobody changed the request on its way.</p>
                <p class="check" data-testid="check-code" data-code=${checkCode} aria-label="Check code ${[...checkCode].join(' ')}">
                    <span>${checkCode.slice(0, 4)}</span><span>${checkCode.slice(4)}</span>
                </p>
            </li>
            <li>
                <h2>Paste their answer</h2>
                <form @submit=${this.submit} novalidate>
                    <textarea
                        class="code"
                        data-testid="answer"
                        rows="3"
                        spellcheck="false"
                        autocomplete="off"
                        placeholder="eyJhbGciOiJFQ0RILUVT…"
                        aria-label="Answer"
                        aria-describedby="enrolment-problem"
                        aria-invalid=${this.problem ? 'true' : 'false'}
                        @input=${() => (this.problem = null)}
                    ></textarea>
                    ${this.problemLine()}
                    <div class="line">
                        <label class="button">Open a file<input type="file" data-testid="answer-file" @change=${this.opened} /></label>
                        <button class="primary" type="submit" data-testid="take-answer" ?disabled=${this.busy}>
                            ${this.status === 'new' ? 'Enrol' : 'Renew'}
                        </button>
                    </div>
                </form>
            </li>
        </ol>`;
    }
}

customElements.define('oriel-enrol', Enrol);
