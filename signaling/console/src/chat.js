/* Text chat with the person at the panel, over whatever path the session has at the moment.
 *
 * Each line has a number and comes again until the other side has it: ours go by send() until the panel has them, theirs are
 * acknowledged and taken once and in order. Cleaned like a name: what reorders or hides text has no place in it.
 * No DOM and no clock of its own, so that it tests without. Event `change`.
 */
const MAX_LINE = 500;
const AGAIN_MS = 2000;

/* One paragraph of plain text: what is no white space and can't be seen is taken out, as the device does. */
export const clean = (text) =>
    [...text.replace(/\s+/gu, ' ').replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu, '').trim()].slice(0, MAX_LINE).join('');

export class Chat extends EventTarget {
    #send = null;
    #now;
    #said = 0; // the number of our last line
    #heard = 0; // of theirs
    #sentAt = 0;

    constructor(now = () => performance.now()) {
        super();
        this.#now = now;
        this.lines = []; // {from: 'agent' or 'person', id, text, at (Date), heard}
        this.can = { chat: false, draw: false, face: false }; // of the panel; nothing is known before it says so
        this.unread = 0;
    }

    /* There is a channel: send(message). What was not heard goes again. */
    attach(send) {
        this.#send = send;
        this.#sendWaiting();
    }

    detach() {
        this.#send = null;
    }

    get waiting() {
        return this.lines.filter((line) => line.from === 'agent' && !line.heard);
    }

    /* Once a second. What is not heard in time goes again, all of it, in order. */
    tick() {
        if (this.waiting.length && this.#now() - this.#sentAt > AGAIN_MS) this.#sendWaiting();
    }

    #sendWaiting() {
        this.#sentAt = this.#now();
        for (const { id, text } of this.waiting) this.#send?.({ t: 'chat', id, text });
    }

    /* False: there is nothing to say, or the panel shows no chat. */
    say(text) {
        const line = clean(text);
        if (!line || !this.can.chat) return false;
        this.lines.push({ from: 'agent', id: ++this.#said, text: line, at: new Date(), heard: false });
        this.#sentAt = this.#now();
        this.#send?.({ t: 'chat', id: this.#said, text: line });
        this.#changed();
        return true;
    }

    /* A message of the device that is `chat`, `heard` or `panel`. */
    take(message) {
        if (message.t === 'panel') this.can = { chat: message.chat, draw: message.draw, face: message.face };
        else if (message.t === 'heard') for (const line of this.waiting) line.heard = line.id <= message.id;
        else this.#takeLine(message);
        this.#changed();
    }

    #takeLine({ id, text }) {
        if (id === this.#heard + 1) {
            this.#heard = id;
            this.lines.push({ from: 'person', id, text: clean(text), at: new Date(), heard: true });
            this.unread++;
        }
        this.#send?.({ t: 'heard', id: this.#heard });
    }

    read() {
        if (!this.unread) return;
        this.unread = 0;
        this.#changed();
    }

    #changed() {
        this.dispatchEvent(new Event('change'));
    }
}
