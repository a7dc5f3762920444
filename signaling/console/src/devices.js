/* What is known of every device, from the verified states that they publish. No DOM.
 *
 * A state is a hint, not the truth (hello and challenge are): it may be old when it was retained, and a late will of a
 * former boot must not hide a device that has started again since. Name and model are those of the credential, which its
 * owner signed. Of a device whose state does not verify nothing is kept but the id of its topic.
 */

export class Devices {
    #byId = new Map();

    constructor(now = () => performance.now()) {
        this.now = now;
    }

    /* `state`: a verified state message; `identity`: of src/presence.js. Returns the device's entry, or null when the message means nothing. */
    update(id, { state, identity }, retained) {
        const known = this.#byId.get(id);
        if (!state.online && known?.online && known.boot !== state.boot) return null;
        // A will has no context: keep what was last known, to show more than an id.
        const context = state.online ? state : { ...known, ...state, help: undefined };
        const device = {
            site: '',
            firmware: '',
            ...context,
            id,
            identity,
            name: identity.name || id,
            model: identity.model,
            unverified: null,
            status: state.online ? state.status : 'offline',
            seenAt: this.now(),
            retained,
        };
        this.#byId.set(id, device);
        return device;
    }

    /* Its state does not verify: {reason, detail}. */
    refuse(id, unverified) {
        const device = { id, name: id, model: '', site: '', firmware: '', online: false, status: 'unverified', unverified, seenAt: this.now() };
        this.#byId.set(id, device);
    }

    /* A challenge says how long the device runs now; a retained state could only say how long it ran then. */
    refresh(id, { boot, uptime }) {
        const known = this.#byId.get(id);
        if (!known?.online || known.boot !== boot) return;
        this.#byId.set(id, { ...known, uptime, seenAt: this.now(), retained: false });
    }

    remove(id) {
        this.#byId.delete(id);
    }

    clear() {
        this.#byId.clear();
    }

    get(id) {
        return this.#byId.get(id) ?? null;
    }

    get size() {
        return this.#byId.size;
    }

    /* Seconds since the device's boot, now; null when unknown. */
    uptime(device) {
        if (device.uptime === undefined || !device.online) return null;
        return device.uptime + (this.now() - device.seenAt) / 1000;
    }

    /* Seconds that the person waits for help; null without a call. */
    waiting(device) {
        const uptime = this.uptime(device);
        return device.help && uptime !== null ? Math.max(0, uptime - device.help.since) : null;
    }

    /* Those that call first (longest waiting first), then by name, the offline ones last. `query`: all its words must
     * occur somewhere in what is shown of a device. */
    list(query = '') {
        const words = query.toLowerCase().split(/\s+/).filter(Boolean);
        const text = (d) => [d.id, d.name, d.model, d.site, d.firmware, d.help?.note ?? ''].join('\n').toLowerCase();
        const rank = (d) => (d.help ? 0 : d.online ? 1 : d.unverified ? 3 : 2);
        return [...this.#byId.values()]
            .filter((d) => words.every((word) => text(d).includes(word)))
            .sort(
                (a, b) =>
                    rank(a) - rank(b) ||
                    (this.waiting(b) ?? 0) - (this.waiting(a) ?? 0) ||
                    a.name.localeCompare(b.name, undefined, { numeric: true }) ||
                    (a.id < b.id ? -1 : 1),
            );
    }
}
