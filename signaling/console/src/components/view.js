/* The base of our elements: Lit without a shadow root, so that one style sheet serves all of them and any program can
 * find an element by its data-testid. */
import { LitElement } from 'lit';

export class View extends LitElement {
    createRenderRoot() {
        return this;
    }
}
