/* What several tests need: the schemas from the file system, and a real broker of their own. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { webcrypto } from 'node:crypto';
import mqtt from 'mqtt';

globalThis.crypto ??= webcrypto; // node 18 has it, but not where browsers have it

export const SCHEMA_DIR = fileURLToPath(new URL('../../schema/', import.meta.url));

const jsonOf = (dir) =>
    Object.fromEntries(
        readdirSync(dir)
            .filter((name) => name.endsWith('.json'))
            .map((name) => [name.slice(0, -5), JSON.parse(readFileSync(join(dir, name), 'utf8'))]),
    );

export const schemas = jsonOf(SCHEMA_DIR);
export const documents = jsonOf(join(SCHEMA_DIR, 'documents'));

export const bytes = (text) => new TextEncoder().encode(text);

/* A base64url text of 32 bytes that are all `n`. */
export const id32 = (n) => Buffer.alloc(32, n).toString('base64url');

export async function until(condition, what, ms = 15000) {
    const end = Date.now() + ms;
    for (;;) {
        const value = condition();
        if (value) return value;
        if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
}

function freePort() {
    return new Promise((resolve, reject) => {
        const server = createServer();
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}

const ACL = `pattern write oriel/v1/demo/d/+/dn/%u
pattern read oriel/v1/demo/a/%u/#
pattern read oriel/v1/demo/d/+/state
pattern read oriel/v1/demo/v/+/revoked
user device
topic readwrite oriel/v1/demo/#
`;

/* mosquitto with one WebSocket listener on loopback and the agents' access rules. */
export class Mosquitto {
    /* `password`: of anna, and then of everybody. */
    static async create({ password } = {}) {
        const broker = new Mosquitto();
        broker.port = await freePort();
        broker.url = `ws://127.0.0.1:${broker.port}/mqtt`;
        broker.dir = mkdtempSync(join(tmpdir(), 'oriel-console-'));
        const file = (name) => join(broker.dir, name);
        writeFileSync(file('acl'), ACL, { mode: 0o600 });
        if (password) execFileSync('mosquitto_passwd', ['-b', '-c', file('passwords'), 'anna', password]);
        writeFileSync(
            file('conf'),
            `user ${process.env.USER || 'root'}
${password ? `allow_anonymous false\npassword_file ${file('passwords')}` : 'allow_anonymous true'}
acl_file ${file('acl')}
max_queued_messages 0
listener 0 ${file('sock')}
listener ${broker.port} 127.0.0.1
socket_domain ipv4
protocol websockets
`,
        );
        await broker.start();
        return broker;
    }

    async start() {
        this.process = spawn('mosquitto', ['-c', join(this.dir, 'conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
        let log = '';
        this.process.stderr.on('data', (text) => (log += text));
        let gone = false;
        this.process.once('error', (error) => ((gone = true), (log += error.message)));
        this.process.once('exit', () => (gone = true));
        await until(() => gone || / running$/m.test(log), 'mosquitto');
        if (gone) throw new Error(`mosquitto did not start: ${log}`);
    }

    stop() {
        if (this.process.exitCode !== null || this.process.signalCode !== null) return undefined;
        const ended = new Promise((resolve) => this.process.once('exit', resolve));
        this.process.kill();
        return ended;
    }

    async remove() {
        await this.stop();
        rmSync(this.dir, { recursive: true });
    }

    /* A connected client that may write as any device. */
    device() {
        return mqtt.connectAsync(this.url, { username: 'device', protocolVersion: 5, timerVariant: 'native' });
    }
}
