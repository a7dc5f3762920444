/* All devices, live: first the queue of those that call for help, who waits longest first. */
import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { View } from './view.js';
import { icons } from './icons.js';
import { UNVERIFIED, span } from '../words.js';

export const STATUS = { ready: 'Ready', asking: 'Being asked', live: 'In session', offline: 'Offline', unverified: 'Not verified' };

/* A retained state doesn't tell its age: the person waits at least this long. */
const waited = (device, seconds) => `${device.retained ? 'at least ' : ''}${span(seconds)}`;

/* Minutes are enough in a list, and a row that changes each second is no calm one. */
const uptime = (seconds) => (seconds === null ? '–' : seconds < 60 ? 'under 1 min' : span(seconds));

class DeviceList extends View {
    static properties = { devices: {}, settled: {}, stale: {}, revision: {}, query: {} };

    constructor() {
        super();
        this.query = '';
    }

    render() {
        const list = this.devices.list(this.query);
        const calls = list.filter((d) => d.help);
        const calling = this.devices.list().filter((d) => d.help).length;
        const rows = (devices) => repeat(devices, (d) => d.id, (d) => this.row(d));
        return html`<main class="page">
            <div class="bar">
                <h1>Devices</h1>
                <span class="muted" data-testid="count">
                    ${this.devices.size || nothing}${calling ? html` · <b class="calls">${calling} calling</b>` : nothing}
                </span>
                <label class="search">
                    ${icons.search}
                    <input
                        type="search"
                        data-testid="search"
                        placeholder="Name, model, site"
                        aria-label="Search devices"
                        .value=${this.query}
                        @input=${(event) => (this.query = event.target.value)}
                    />
                </label>
            </div>
            <div class=${this.stale ? 'stale' : ''} data-testid="device-list" data-count=${list.length}>
                ${calls.length
                    ? html`<h2 class="queue">${icons.bell}Calls for support</h2>
                          <div class="table card" data-testid="queue" data-count=${calls.length}>${rows(calls)}</div>`
                    : nothing}
                ${calls.length && calls.length < list.length ? html`<h2 class="queue">Other devices</h2>` : nothing}
                ${calls.length < list.length || !list.length
                    ? html`<div class="table card">
                          ${list.length
                              ? html`<div class="row head" aria-hidden="true">
                                        <span>Status</span><span>Device</span><span>Model</span><span>Site</span><span>Firmware</span><span>Running for</span>
                                    </div>
                                    ${rows(list.filter((d) => !d.help))}`
                              : this.empty()}
                      </div>`
                    : nothing}
            </div>
        </main>`;
    }

    row(device) {
        const waiting = this.devices.waiting(device);
        return html`<a
            class="row ${device.help ? 'help' : ''} ${device.unverified ? 'unverified' : ''}"
            href="#/d/${device.id}"
            data-testid="device-card"
            data-device=${device.id}
            data-status=${device.status}
            data-help=${device.help ? 'true' : 'false'}
            data-consent=${device.online ? String(device.consent) : ''}
            data-reason=${device.unverified?.reason ?? nothing}
        >
            <span class="status ${device.unverified?.reason === 'unknown' ? 'offline' : device.status}"><i class="dot"></i>${STATUS[device.status]}</span>
            <span class="name"><b>${device.name}</b>${device.name === device.id ? nothing : html`<small>${device.id}</small>`}</span>
            <span class="fact">${device.model || '–'}</span>
            <span class="fact">${device.site || '–'}</span>
            <span class="fact number">${device.firmware || '–'}</span>
            <span class="fact number">${uptime(this.devices.uptime(device))}</span>
            ${device.help ? this.call(device.help, waited(device, waiting), waiting) : nothing}
            ${device.unverified
                ? html`<span class="note" data-testid="unverified">${icons.warn}${UNVERIFIED[device.unverified.reason][0]}</span>`
                : nothing}
            ${device.online && !device.consent
                ? html`<span class="note" data-testid="no-consent">${icons.warn}Nobody at the panel can be asked</span>`
                : nothing}
        </a>`;
    }

    /* What the person said, and what the machine knew when they called. */
    call({ note, page, alarms, callback }, text, waiting) {
        return html`<span class="note call" data-testid="help" data-waiting=${Math.round(waiting ?? 0)}>
            <b class="waits">Waits ${text}</b>${callback ? html`<span class="chip" data-testid="callback">Call back: <b>${callback}</b></span>` : nothing}${note
                ? html`<q>${note}</q>`
                : nothing}
            ${alarms ? html`<span class="context">${alarms[0]}${alarms.length > 1 ? ` and ${alarms.length - 1} more` : nothing}</span>` : nothing}
            ${page ? html`<span class="context">Page: ${page}</span>` : nothing}
        </span>`;
    }

    empty() {
        if (this.query)
            return html`<div class="empty" data-testid="empty">
                <p>No device matches “${this.query}”.</p>
                <button @click=${() => (this.query = '')}>Show all</button>
            </div>`;
        if (!this.settled) return html`<div class="empty" data-testid="loading"><p class="muted">Asking the broker for devices …</p></div>`;
        return html`<div class="empty" data-testid="empty">
            ${icons.logo}
            <p><b>No devices yet</b></p>
            <p class="muted">A device appears here by itself as soon as it reaches the broker.</p>
        </div>`;
    }
}

customElements.define('oriel-device-list', DeviceList);
