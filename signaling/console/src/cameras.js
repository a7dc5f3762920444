/* The device's cameras, as it tells them under the scope `camera`: which there are, and which one is on.
 *
 * The agent chooses; the device does it, or not, and says what is. The first one goes on by itself, once in a session: for
 * that the scope was asked. Outlives the path. No DOM. Event `change`.
 */
export class Cameras extends EventTarget {
    #send = null;
    #began = false;

    constructor() {
        super();
        this.list = []; // {id, name}
        this.use = 0; // the id that was chosen, 0: none
        this.state = 'off'; // 'off', 'starting', 'on', 'gone' (pulled out, or it failed: it goes on when it is back)
    }

    attach(send) {
        this.#send = send;
    }

    detach() {
        this.#send = null;
    }

    /* A message `cameras` of the device. */
    take({ list, use, state }) {
        Object.assign(this, { list, use, state });
        if (!list.length && state === 'off') this.#began = false; // not granted (any more)
        else if (!this.#began && list.length) {
            this.#began = true;
            if (state === 'off') this.choose(list[0].id);
        }
        this.dispatchEvent(new Event('change'));
    }

    choose(id) {
        this.#send?.({ t: 'camera', use: id });
    }
}
