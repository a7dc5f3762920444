/* Asks for a credential when console.json brings none. */
import { html, nothing } from 'lit';
import { View } from './view.js';
import { ConfigError, readCredential } from '../config.js';

class SignIn extends View {
    static properties = { protocol: {}, problem: {} };

    submit(event) {
        event.preventDefault();
        const text = this.querySelector('textarea').value;
        try {
            const credential = readCredential(text, this.protocol);
            this.dispatchEvent(new CustomEvent('credential', { detail: credential }));
        } catch (error) {
            if (!(error instanceof ConfigError)) throw error;
            this.problem = text.trim() === '' ? 'Paste the credential first.' : `This is not a credential: ${error.message}.`;
        }
    }

    render() {
        return html`<main class="centre">
            <form class="card sign-in" data-testid="sign-in" @submit=${this.submit} novalidate>
                <h1>Sign in</h1>
                <p class="muted">Paste the credential that your company gave you. It stays in this browser until you sign out.</p>
                <label for="credential">Credential (JSON)</label>
                <textarea
                    id="credential"
                    class="code"
                    data-testid="credential"
                    rows="5"
                    spellcheck="false"
                    autocomplete="off"
                    placeholder='{"iss":"fill-cap","sub":"anna","name":"Anna Weber"}'
                    aria-describedby="credential-problem"
                    aria-invalid=${this.problem ? 'true' : 'false'}
                    @input=${() => (this.problem = null)}
                ></textarea>
                <p id="credential-problem" class="problem-line" role="alert" data-testid="sign-in-problem">${this.problem ?? nothing}</p>
                <button class="primary" type="submit">Sign in</button>
            </form>
        </main>`;
    }
}

customElements.define('oriel-sign-in', SignIn);
