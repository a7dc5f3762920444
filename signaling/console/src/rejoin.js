/* What a page keeps of its session so that, loaded anew, it can join it again without asking anybody (PROTOCOL.md, Joining
 * again): in sessionStorage, which is this tab's alone and gone with it.
 *
 * Policy: nothing in there opens anything. The device takes the session's page only by a message that is signed with this
 * browser's key, and only while the session has no connection. A tab that was duplicated has the same notes; the lock
 * (Web Locks) says whether the first one still lives.
 */
const NAME = 'oriel-session';

/* Also of what a script of another version left there. */
export function readNotes(text, now = Date.now()) {
    try {
        const notes = JSON.parse(text);
        const good = notes.device && notes.session && notes.request?.scopes && notes.grant?.scopes && notes.receipt && notes.until > now;
        return good ? notes : null;
    } catch {
        return null;
    }
}

export class Notes {
    #storage;
    #locks;
    #release = null;

    constructor(storage = globalThis.sessionStorage, locks = globalThis.navigator?.locks) {
        this.#storage = storage;
        this.#locks = locks;
    }

    /* Of a session with that device, or null. */
    of(device) {
        const notes = readNotes(this.#storage.getItem(NAME) ?? 'null');
        return notes?.device === device ? notes : null;
    }

    keep(notes) {
        this.#storage.setItem(NAME, JSON.stringify(notes));
        if (!this.#release) this.lock(notes.session, 0);
    }

    forget() {
        this.#storage.removeItem(NAME);
        this.#release?.();
        this.#release = null;
    }

    /* Whether no other tab has this session; it is ours until forget(). A page that was just left may hold it a moment longer. */
    async lock(session, ms = 3000) {
        if (!this.#locks || this.#release) return true;
        const abort = new AbortController();
        const timer = setTimeout(() => abort.abort(), ms + 200);
        return new Promise((resolve) => {
            const held = () => {
                clearTimeout(timer);
                resolve(true);
                return new Promise((release) => (this.#release = release));
            };
            this.#locks.request(`${NAME}-${session}`, { signal: abort.signal }, held).catch(() => resolve(false));
        });
    }
}
