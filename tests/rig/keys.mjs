// What an owner and its vendors hold, made by `oriel provision` as they would: keys, credentials, certificates, bundles.
// A folder that is there and whole is used again.
import { execFileSync } from 'node:child_process';
import { X509Certificate, createPrivateKey, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program } from './paths.mjs';

export const LABELS = { 'fill-cap': 'Fill & Cap GmbH' };

// Runs `oriel provision …`; gives back what it printed. An option of several values is a list.
export function provision(command, options = {}, { operands = [], input } = {}) {
  const words = Object.entries(options).filter(([, value]) => value !== undefined && value !== false)
    .flatMap(([name, value]) => [value].flat().flatMap((one) => (one === true ? [`--${name}`] : [`--${name}`, String(one)])));
  try {
    return execFileSync(program('oriel'), ['provision', command, ...operands, ...words], { encoding: 'utf8', input: input ?? '', stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    throw new Error(`oriel provision ${command}: ${error.stderr || error.message}`);
  }
}

export const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

export class Keys {
  // `name`: the owner's, shown to agents.
  constructor(directory, { id = 'plant', name = 'Plant' } = {}) {
    Object.assign(this, { directory, id, owner: join(directory, 'owner') });
    this.ca = join(this.owner, 'ca.pem');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (['owner.key', 'owner.json', 'ca.key', 'ca.pem'].every((file) => existsSync(join(this.owner, file)))) return;
    rmSync(this.owner, { recursive: true, force: true });
    provision('owner', { out: this.owner, id, name });
  }

  path(...names) {
    return join(this.directory, ...names);
  }

  // A path that is free.
  fresh(name) {
    return this.path(`${name}-${randomBytes(6).toString('hex')}`);
  }

  // The folder of a vendor, made when it is asked for.
  vendor(id, label = LABELS[id] ?? id) {
    const folder = this.path('vendors', id);
    if (['vendor.key', 'presence.key', 'vendor.json', 'revoked.json'].every((file) => existsSync(join(folder, file)))) return folder;
    rmSync(folder, { recursive: true, force: true });
    provision('vendor', { out: folder, id, label });
    return folder;
  }

  // A vendor's trust file: {label, scopes, seconds, over_ask} -> path.
  trust(id, { label, scopes, seconds, over_ask: overAsk }, out = this.fresh(`trust-${id}`)) {
    provision('trust', { vendor: this.vendor(id, label), scopes: scopes.join(','), seconds, 'over-ask': overAsk, out });
    return out;
  }

  // A private key of a vendor or the owner, for what only an attacker would do with it.
  key(folder, name) {
    return createPrivateKey(readFileSync(join(folder, name), 'utf8'));
  }

  // The sealed answer to an agent's request.
  // The owner's word beforehand: {tenant, device, vendor, scopes, seconds, uses, from, hours} -> JWS.
  authorise(what) {
    return provision('authorise', { owner: this.owner, ...what }).trim();
  }

  agent({ vendor, tenant, id, name, scopes, hours, password, request }) {
    return provision('agent', { vendor: this.vendor(vendor), owner: join(this.owner, 'owner.json'), tenant, id, name, scopes, hours, password, request: '-' }, { input: request });
  }

  // Raises the epoch, or lists a key id; gives back the signed list.
  revoke(vendor, { key } = {}) {
    return provision('revoke', { vendor: this.vendor(vendor), ...(key ? { key } : { epoch: true }), out: '-' });
  }

  // {certificate, key} for the broker: {device, tenant}, {admin: vendor} or {server: [names]}. `expired`: its last
  // second is the present one.
  certificate(what, { expired = false } = {}) {
    const out = this.fresh('certificate');
    provision('certificate', { owner: this.owner, ...what, out });
    const certificate = join(out, readdirSync(out).find((name) => name.endsWith('.pem')));
    if (expired) this.expire(certificate);
    return { certificate, key: certificate.replace(/pem$/, 'key'), ca: this.ca };
  }

  // What the owner's collector of audit logs has: {directory, certificate, key}. Devices that are provisioned afterwards send to it.
  collector(tenant, broker) {
    const directory = this.path('collector');
    if (!existsSync(directory)) provision('collector', { owner: this.owner, tenant, broker, out: directory });
    return { directory, certificate: join(directory, 'broker.pem'), key: join(directory, 'broker.key') };
  }

  // Issues a certificate again, to end at once.
  expire(certificate) {
    const { subject, subjectAltName } = new X509Certificate(readFileSync(certificate));
    const request = this.fresh('request'), extensions = this.fresh('extensions');
    const openssl = (...words) => execFileSync('openssl', words, { stdio: 'ignore' });
    writeFileSync(extensions, subjectAltName ? `extendedKeyUsage=serverAuth\nsubjectAltName=${subjectAltName.replaceAll('IP Address:', 'IP:')}\n` : 'extendedKeyUsage=clientAuth\n');
    openssl('req', '-new', '-key', certificate.replace(/pem$/, 'key'), '-subj', `/${subject.split('\n').join('/')}`, '-out', request);
    openssl('x509', '-req', '-in', request, '-CA', this.ca, '-CAkey', join(this.owner, 'ca.key'), '-days', '0', '-set_serial', `0x${randomBytes(8).toString('hex')}`, '-extfile', extensions, '-out', certificate);
  }
}
