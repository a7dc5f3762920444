/* What can be asked for, as boxes to tick; and what was granted, as marks. Words are words.js's, icons icons.js's. */
import { html, nothing } from 'lit';
import { icons } from './icons.js';
import { SCOPES } from '../words.js';

/* In the order of the schema, which is that of their weight for the person. */
export const ordered = (scopes) => Object.keys(SCOPES).filter((scope) => scopes.includes(scope));

/* `scopes`: those that there are; `chosen`: a list; `fixed`: ticked for good; `missing`: what this device has not (a list, or null:
 * unknown); `toggle(scope)`. */
export const choice = ({ scopes, chosen, fixed = [], missing, toggle }) =>
    html`<fieldset class="scopes">
        <legend>What you ask for</legend>
        ${ordered(scopes).map((scope) => {
            const [what, means] = SCOPES[scope];
            const absent = missing?.includes(scope);
            return html`<label class=${absent ? 'absent' : ''}>
                <input
                    type="checkbox"
                    data-testid="scope"
                    data-scope=${scope}
                    .checked=${!absent && (fixed.includes(scope) || chosen.includes(scope))}
                    ?disabled=${absent || fixed.includes(scope)}
                    @change=${() => toggle(scope)}
                />
                ${icons[scope]}<span><b>${what}</b><small>${absent ? 'not on this device, or not for your company' : means}</small></span>
            </label>`;
        })}
    </fieldset>`;

export const marks = (scopes) =>
    html`<ul class="marks" aria-label="Granted">
        ${ordered(scopes).map((scope) => html`<li data-testid="granted" data-scope=${scope}>${icons[scope]}${SCOPES[scope][0]}</li>`)}
    </ul>`;

/* "Use the camera, Hear and talk" */
export const named = (scopes) => ordered(scopes).map((scope) => SCOPES[scope][0]).join(', ') || nothing;
