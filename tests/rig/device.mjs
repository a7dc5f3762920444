// A device: what its owner hands over as a bundle, installed below a folder of its own, and orield on it, run from the
// build folder as anybody could by hand.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { provision } from './keys.mjs';
import { program } from './paths.mjs';
import { Process, alive, clock, descendants, until } from './process.mjs';

const execute = promisify(execFile);

export const VENDOR = { 'fill-cap': { label: 'Fill & Cap GmbH', scopes: ['view'], seconds: 3600 } };
const DEVICE = { name: 'Filler 1', model: 'BF-200', site: 'Hall 3', firmware: '4.2.1' };

// {group: {key: value}} as a key file; a value of null leaves the key out.
export function keyFile(groups) {
  return Object.entries(groups).map(([group, keys]) =>
    `[${group}]\n${Object.entries(keys).filter(([, value]) => value !== null).map(([key, value]) => `${key}=${value}\n`).join('')}`).join('\n');
}

export function readKeyFile(file) {
  const groups = {};
  let group;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('[')) group = groups[line.slice(1, -1)] = {};
    else if (/^[^#=]+=/.test(line)) group[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1);
  }
  return groups;
}

function merge(base, changes) {
  const merged = structuredClone(base);
  for (const [group, keys] of Object.entries(changes)) merged[group] = { ...merged[group], ...keys };
  return merged;
}

const HELPERS = ['oriel-signal', 'oriel-capture', 'oriel-media', 'oriel-egress', 'oriel-camera', 'oriel-voice'];

export class Device {
  // Options: broker (Broker, or {device, tenant, url, keys}), screen (Screen, or null for the pattern of `backend=test`),
  // config (changes of oriel.conf; `name` and `model` of [device] go into the credential), trust ({vendor: {label, scopes,
  // seconds, over_ask}}; what is no whole one is written as it is), watch (true: the log says each start of a
  // helper), disk (true: its audit log lies on a disk that takes orders, disk.c), wrap, env, start (false: only write the files).
  static async start(directory, { broker, screen = null, config = {}, trust = VENDOR, watch = false, disk = false, wrap, env = {}, start = true } = {}) {
    const device = new Device();
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const at = (name) => join(directory, name);
    const { name, model, site, firmware, id = broker.device, tenant = broker.tenant, ...others } = { ...DEVICE, ...config.device };
    Object.assign(device, { program: program('orield'), directory, broker, id, name, model, etc: at('etc/oriel'), file: at('etc/oriel/oriel.conf') });
    const whole = Object.entries(trust).filter(([, { scopes, seconds }]) => scopes?.length && seconds);
    const files = (whole.length ? whole : Object.entries(VENDOR)).map(([vendor, text]) => broker.keys.trust(vendor, text, at(`trust-${vendor}.json`)));
    provision('device', { owner: broker.keys.owner, id, tenant, name, model, site, firmware, broker: broker.url, trust: files, out: at('bundle.json') });
    provision('install', { root: directory }, { operands: [at('bundle.json')] });
    rmSync(at('bundle.json')); // as one should: the keys are in it
    for (const [vendor, text] of Object.entries(trust).filter(([vendor]) => !whole.some(([good]) => good === vendor)))
      writeFileSync(at(`etc/oriel/trust.d/${vendor}.json`), typeof text === 'string' ? text : JSON.stringify(text));
    device.config = merge(merge(readKeyFile(device.file), {
      consent: { timeout: 20, 'allow-after-ms': 300 }, // as short as may be; rules.test.mjs has the default
      capture: screen ? { backend: 'x11', display: screen.display, xauthority: screen.authority } : { backend: 'test' },
      media: { path: 'direct', addresses: '127.0.0.1' },
      audit: { directory: at('audit') },
    }), { ...config, device: others });
    Object.assign(device, { consent: device.config.consent.socket, control: device.config.control.socket, auditFile: join(device.config.audit.directory, 'audit.jsonl') });
    writeFileSync(device.file, keyFile(device.config), { mode: 0o600 });
    device.options = { wrap, env: { DISPLAY: undefined, XAUTHORITY: undefined, ...(watch ? { ORIEL_DEBUG: '1' } : {}),
      ...(disk ? { LD_PRELOAD: program('tests/rig/rig-disk.so'), RIG_DISK: device.config.audit.directory, RIG_DISK_ORDERS: at('disk.orders'), RIG_DISK_STEPS: at('disk.steps') } : {}), ...env } };
    if (disk) device.disk('');
    if (start) await device.run();
    return device;
  }

  // A configuration with which media goes to the TURN server of the vendor only, whose certificate is of the owner's CA.
  static relayed({ keys }, config = {}) {
    return { ...config, media: { path: 'relay', addresses: null, ...config.media }, relay: { ca: keys.ca, ...config.relay } };
  }

  // The credential that the owner gave it, as it stands.
  get credential() {
    return readFileSync(join(this.etc, 'device.jwt'), 'utf8');
  }

  async run({ wait = true } = {}) {
    this.before = this.started(); // by orields that have ended
    if (this.process?.ended) for (const socket of [this.consent, this.control]) rmSync(socket, { force: true }); // of one that was killed: the new ones are waited for
    this.process = new Process('orield', this.program, ['--config', this.file], { ...this.options, log: join(this.directory, 'orield.log') });
    if (!wait) return;
    await until(() => `orield's sockets; it said:\n${this.process.tail()}`, () => {
      if (this.process.ended) throw new Error(`orield ended (${this.process.how()}):\n${this.process.tail()}`);
      return existsSync(this.consent) && existsSync(this.control);
    });
  }

  // The names of the helpers that were ever started, in order (with `watch` only): the launcher says so before any of them runs.
  started() {
    const now = (this.process?.lines ?? []).map(({ text }) => /^oriel-launcher: started (\S+) as \d+$/.exec(text)?.[1]);
    return [...(this.before ?? []), ...now.filter(Boolean)];
  }

  // How often a screen was looked at: capture exists under a grant only. (Media gets ready while the person is asked.)
  captures() {
    return this.started().filter((name) => name === 'oriel-capture').length;
  }

  // All that runs below orield now: [{pid, name, …}], among them the launcher and bubblewrap. The kernel cuts names to 15 characters; ours
  // are shorter.
  processes() {
    return descendants(this.process.pid).filter(({ state }) => state !== 'Z');
  }

  helpers() {
    return this.processes().filter(({ name }) => HELPERS.includes(name));
  }

  // Those of a session: capture, media, egress and voice.
  picture() {
    return this.helpers().filter(({ name }) => name !== 'oriel-signal');
  }

  helper(name) {
    return this.helpers().find((helper) => helper.name === name);
  }

  get pid() {
    return this.process.pid;
  }

  // The records of its log. It is written beside the main loop, so what waits to be written is waited for.
  audit() {
    for (let i = 0; i < 100 && this.unrecorded(); i++);
    return existsSync(this.auditFile) ? readFileSync(this.auditFile, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)) : [];
  }

  // The events of the log in their order. An Allow that came too soon is on record and left out: on a busy machine the
  // rig's person can be told so, since core reads `shown` late, and taps again (provider.mjs).
  course() {
    return this.audit().map(({ event }) => event).filter((event) => event !== 'early');
  }

  // What its disk does from now on: '' nothing, 'delay MS', 'fail ERRNO', 'kill N'.
  disk(orders) {
    writeFileSync(join(this.directory, 'disk.orders'), orders);
    if (!existsSync(join(this.directory, 'disk.steps'))) writeFileSync(join(this.directory, 'disk.steps'), '');
  }

  // The steps that it took so far, by their names.
  steps() {
    return readFileSync(join(this.directory, 'disk.steps'), 'utf8').split('\n').filter(Boolean);
  }

  // How many records are not on the disk yet; 0 also of a device that does not run, or hangs.
  unrecorded() {
    if (!this.process || this.process.ended || !existsSync(this.control)) return 0;
    try {
      return JSON.parse(execFileSync(program('oriel'), ['--socket', this.control, 'status', '--json'], { timeout: 10000, stdio: ['ignore', 'pipe', 'ignore'] })).unrecorded;
    } catch {
      return 0;
    }
  }

  // What `oriel` on the device's shell says: {code, stdout, stderr}.
  async oriel(...args) {
    try {
      return { code: 0, ...(await execute(program('oriel'), ['--socket', this.control, ...args], { timeout: 30000 })) };
    } catch (error) {
      return { code: error.code, stdout: error.stdout, stderr: error.stderr };
    }
  }

  async status() {
    const { code, stdout, stderr } = await this.oriel('status', '--json');
    if (code !== 0) throw new Error(`oriel status: ${stderr}`);
    return JSON.parse(stdout);
  }

  online(ms = 30000) {
    return until(() => `the device to be online; it said:\n${this.process.tail()}`, async () => (await this.status()).online, { ms });
  }

  // Ends it and looks whether all went: {code, signal, late, left}. `left` names what outlived it.
  async stop(options) {
    const before = this.process.ended ? [] : this.processes();
    const how = await this.process.stop(options);
    const end = clock() + 10000;
    let left;
    do left = before.filter(({ pid }) => alive(pid)); while (left.length && clock() < end);
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    return { ...how, left: left.map(({ name }) => name) };
  }
}
