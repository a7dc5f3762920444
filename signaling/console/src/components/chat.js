/* Text chat with the person at the panel, beside the picture. */
import { html, nothing } from 'lit';
import { View } from './view.js';
import { icons } from './icons.js';

const MAX_LINE = 500;
const clock = (at) => at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

class ChatView extends View {
    static properties = { chat: {}, person: {}, open: {}, revision: {} };

    constructor() {
        super();
        this.open = false;
        this.asked = false; // it was opened or closed by hand
        this.revision = 0;
        this.news = () => this.onNews();
    }

    willUpdate(changed) {
        if (!changed.has('chat')) return;
        changed.get('chat')?.removeEventListener('change', this.news);
        this.chat?.addEventListener('change', this.news);
    }

    updated() {
        const list = this.querySelector('.lines');
        if (list) list.scrollTop = list.scrollHeight;
        if (this.open) this.chat.read();
    }

    onNews() {
        // The first word of the person is not to be missed; who closes it has a number at the button.
        if (this.chat.unread && !this.asked) this.open = true;
        this.revision++;
    }

    async toggle() {
        this.asked = true;
        this.open = !this.open;
        await this.updateComplete;
        this.querySelector('[data-testid="chat-text"]')?.focus();
    }

    submit(event) {
        event.preventDefault();
        const field = this.querySelector('[data-testid="chat-text"]');
        if (this.chat.say(field.value)) field.value = '';
        field.focus();
    }

    render() {
        const { chat } = this;
        if (!chat) return nothing;
        if (!this.open)
            return html`<button class="chat-handle" data-testid="chat-open" data-unread=${chat.unread} title="Write with the person at the panel" @click=${() => this.toggle()}>
                ${icons.chat}<span>Chat</span>${chat.unread ? html`<b>${chat.unread}</b>` : nothing}
            </button>`;
        return html`<section class="chat" aria-label="Chat with the person at the panel">
            <header><h2>Chat</h2><button class="plain" data-testid="chat-close" aria-label="Close the chat" @click=${() => this.toggle()}>${icons.close}</button></header>
            <ol class="lines" data-testid="chat-lines" data-count=${chat.lines.length} aria-live="polite">
                ${chat.lines.length ? nothing : html`<li class="hint">${chat.can.chat ? 'What you write is shown on the panel. It is not recorded.' : 'This panel shows no chat.'}</li>`}
                ${chat.lines.map((line) => this.line(line))}
            </ol>
            <form @submit=${(event) => this.submit(event)}>
                <input data-testid="chat-text" maxlength=${MAX_LINE} autocomplete="off" placeholder="Write to the panel" aria-label="Write to the panel" ?disabled=${!chat.can.chat} />
                <button class="primary" data-testid="chat-send" ?disabled=${!chat.can.chat}>Send</button>
            </form>
        </section>`;
    }

    line({ from, text, at, heard }) {
        return html`<li class=${from === 'agent' ? 'own' : 'theirs'} data-testid="chat-line" data-from=${from} data-heard=${String(heard)}>
            <p dir="auto">${text}</p>
            <small>${from === 'agent' ? 'You' : 'Panel'}, ${clock(at)}${heard ? nothing : ' · not on the panel yet'}</small>
        </li>`;
    }
}

customElements.define('oriel-chat', ChatView);
