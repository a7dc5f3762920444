/* Brings sdp, ice and update of one session into the order of their `seq`; an end does not wait for what may be lost. */
export const MAX_EARLY = 64;

export class Inbox {
    #next = 0;
    #early = new Map();

    /* Returns what can be handled now, in order. */
    add(message) {
        if (message.typ === 'end') return message.seq < this.#next ? [] : [message];
        if (message.seq < this.#next || (message.seq !== this.#next && this.#early.size >= MAX_EARLY)) return [];
        this.#early.set(message.seq, message);
        const ready = [];
        for (; this.#early.has(this.#next); this.#next++) {
            ready.push(this.#early.get(this.#next));
            this.#early.delete(this.#next);
        }
        return ready;
    }
}
