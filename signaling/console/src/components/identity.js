/* What was verified of a device, in one line that can be opened; or why it was not. */
import { html } from 'lit';
import { icons } from './icons.js';
import { UNVERIFIED, shortKey } from '../words.js';

const day = (seconds) => new Date(seconds * 1000).toLocaleDateString(undefined, { dateStyle: 'medium' });

/* `answered`: whether the device has just proven that it holds the key. */
export function identityCard(identity, answered) {
    const { owner, signing, sealing } = identity;
    return html`<details class="identity" data-testid="identity" data-verified="yes" data-owner=${owner.id} data-key=${signing.id}>
        <summary>
            ${icons.shield}
            <span
                ><b>Verified: ${identity.name || identity.device}</b><span>Owner ${owner.name}</span
                ><span>Key <code>${shortKey(signing.id)}</code></span></span
            >
        </summary>
        <dl>
            <dt>Credential</dt>
            <dd>By ${owner.name} (${owner.id}), ${day(identity.issued)}</dd>
            <dt>Key of the owner</dt>
            <dd><code>${owner.key.id}</code></dd>
            <dt>Key the device signs with</dt>
            <dd><code>${signing.id}</code></dd>
            <dt>Key it is greeted with</dt>
            <dd><code>${sealing.id}</code></dd>
            <dt>Proof</dt>
            <dd>${answered ? 'It has just answered with this key.' : 'It has not answered yet.'}</dd>
        </dl>
    </details>`;
}

export function unverifiedCard({ reason, detail }) {
    const [, words] = UNVERIFIED[reason];
    return html`<div class="identity" data-testid="identity" data-verified="no" data-reason=${reason} data-detail=${detail}>
        <p class=${reason === 'unknown' ? 'muted' : ''}>${icons.warn}<span><b>Not verified</b><span>${words}</span></span></p>
        <p class="detail">${detail}</p>
    </div>`;
}

/* Beside the name while there is no room for the card. */
export const verifiedMark = ({ owner, signing }) =>
    html`<span class="verified" data-testid="verified" data-key=${signing.id} title="Verified. Owner ${owner.name}, key ${shortKey(signing.id)}">${icons.shield}</span>`;
