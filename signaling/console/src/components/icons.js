/* The few pictures we need, drawn for this page on a 16 x 16 grid. They are decoration: the words are always beside. */
import { html, svg } from 'lit';

const draw = (content) =>
    html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">${content}</svg>`;

export const icons = {
    // An oriel: a bay window seen from outside, three panes on a corbel.
    logo: html`<svg class="logo" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
        <path d="M2 6l6-2.5h8L22 6v10l-6 1.5H8L2 16z" />
        <path d="M8 3.5v14M16 3.5v14M2 10.5l6-.5h8l6 .5M7 17.5l3 4h4l3-4" />
    </svg>`,
    // What can be asked for, by the names of words.js's SCOPES.
    view: draw(svg`<path d="M1.2 8c3-5 10.6-5 13.6 0-3 5-10.6 5-13.6 0z"/><circle cx="8" cy="8" r="2"/>`),
    camera: draw(svg`<path d="M1.8 5h2.7L6 3h4l1.5 2h2.7v8H1.8z"/><circle cx="8" cy="8.8" r="2.3"/>`),
    voice: draw(svg`<path d="M6 4a2 2 0 0 1 4 0v3.5a2 2 0 0 1-4 0z"/><path d="M3.5 7.5a4.5 4.5 0 0 0 9 0M8 12v2.2M5.5 14.2h5"/>`),
    face: draw(svg`<circle cx="8" cy="5" r="2.8"/><path d="M2.5 14c0-6.5 11-6.5 11 0z"/>`),
    control: draw(svg`<path d="M4.5 1.8v11l3-2.6 1.8 4.2 1.9-.8-1.8-4.2 3.7-.2z"/>`),
    logs: draw(svg`<path d="M3.5 1.8h9v12.4h-9zM6 5.2h4M6 8h4M6 10.8h4"/>`),
    back: draw(svg`<path d="M10 3L5 8l5 5"/>`),
    search: draw(svg`<circle cx="7" cy="7" r="4.5"/><path d="M10.5 10.5L14 14"/>`),
    bell: draw(svg`<path d="M3 11.5h10L11.8 10V7a3.8 3.8 0 0 0-7.6 0v3z"/><path d="M6.5 13.5a1.6 1.6 0 0 0 3 0"/>`),
    warn: draw(svg`<path d="M8 2L1.5 13.5h13z"/><path d="M8 6.5v3.2M8 11.6v.3"/>`),
    no: draw(svg`<circle cx="8" cy="8" r="6"/><path d="M3.8 3.8l8.4 8.4"/>`),
    stop: draw(svg`<circle cx="8" cy="8" r="6"/><path d="M6 6h4v4H6z"/>`),
    link: draw(svg`<path d="M2 9.5a8.5 8.5 0 0 1 12 0M4.5 12a5 5 0 0 1 7 0"/><path d="M3 3l10 11"/>`),
    hangup: draw(svg`<path fill="currentColor" d="M1.3 10.2c3.5-4.4 9.9-4.4 13.4 0l-2.3 2-2.6-1.4V8.7a7.5 7.5 0 0 0-3.6 0v2.1l-2.6 1.4z"/>`),
    fit: draw(svg`<path d="M2 6V3h3M11 3h3v3M14 10v3h-3M5 13H2v-3"/><path d="M5 6h6v4H5z"/>`),
    one: draw(svg`<path d="M2.5 3.5h11v9h-11z"/><path d="M5 6.5l1-.7v4.6M8 7v.1M8 9.4v.1M10 6.5l1-.7v4.6"/>`),
    full: draw(svg`<path d="M6 2H2v4M10 2h4v4M14 10v4h-4M2 10v4h4"/>`),
    shrink: draw(svg`<path d="M2 6h4V2M10 2v4h4M14 10h-4v4M6 14v-4H2"/>`),
    save: draw(svg`<path d="M8 2v8M4.5 6.5L8 10l3.5-3.5M2.5 13.5h11"/>`),
    shield: draw(svg`<path d="M8 1.8l5 1.7v4c0 3.2-2 5.5-5 6.7-3-1.2-5-3.5-5-6.7v-4z"/><path d="M5.6 7.9l1.7 1.7 3.2-3.4"/>`),
    chat: draw(svg`<path d="M2 3h12v8H7.5L4.5 13.8V11H2z"/>`),
    close: draw(svg`<path d="M4 4l8 8M12 4l-8 8"/>`),
    point: draw(svg`<circle cx="8" cy="8" r="2" fill="currentColor"/><circle cx="8" cy="8" r="5.5"/>`),
    pen: draw(svg`<path d="M3 13l.8-3.2L11 2.6l2.4 2.4-7.2 7.2zM9.5 4.1l2.4 2.4"/>`),
    out: draw(svg`<path d="M6 2.5H3v11h3M7 8h7M11 5l3 3-3 3"/>`),
};
