/* The console's decoder against the examples that all sides share, beside an independent JSON Schema validator. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import { Protocol, ProtocolError, hash, nonce, topics } from '../src/protocol.js';
import { compile } from '../src/schema.js';
import { documents, schemas, SCHEMA_DIR, bytes, id32 } from './helpers.js';
import { publicJwk, privateJwk } from './world.js';

const protocol = new Protocol(schemas, documents);
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false });
const validators = Object.fromEntries(Object.entries(schemas).map(([typ, schema]) => [typ, ajv.compile(schema)]));

const examples = (dir) =>
    readdirSync(join(SCHEMA_DIR, dir))
        .filter((name) => name.endsWith('.json'))
        .map((name) => [name, readFileSync(join(SCHEMA_DIR, dir, name))]);

const cancel = (request) => bytes(`{"v":1,"typ":"cancel","request":"${request}"}`);

for (const [name, content] of examples('examples'))
    test(`example ${name} is accepted`, () => {
        const message = protocol.decode(content);
        assert.equal(message.typ, name.split('.')[0]);
        assert.deepEqual(message, JSON.parse(content));
        assert.ok(validators[message.typ](message), ajv.errorsText(validators[message.typ].errors));
    });

/* These break a rule that JSON.parse hides before a schema could see it. */
const BELOW_SCHEMA = ['duplicate-key', 'nul-in-text', 'utf8-overlong', 'utf8-surrogate'];

for (const [name, content] of examples('examples/invalid'))
    test(`example invalid/${name} is refused`, () => {
        assert.throws(() => protocol.decode(content), ProtocolError);
        if (BELOW_SCHEMA.some((start) => name.startsWith(start))) return;
        let message;
        try {
            message = JSON.parse(content);
        } catch {
            return;
        }
        assert.equal(Boolean(validators[message?.typ]?.(message)), false, 'ajv accepts it');
    });

const checks = Object.fromEntries(Object.entries(documents).map(([name, schema]) => [name, [compile(schema), ajv.compile(schema)]]));

for (const [name, content] of examples('examples/documents'))
    test(`document ${name} is accepted`, () => {
        const document = JSON.parse(content);
        const [check, validate] = checks[name.split('.')[0]];
        check(document);
        assert.ok(validate(document), ajv.errorsText(validate.errors));
    });

for (const [name, content] of examples('examples/documents/invalid'))
    test(`document invalid/${name} is refused`, () => {
        const document = JSON.parse(content);
        const [check, validate] = checks[name.split('-')[0]];
        assert.throws(() => check(document), (error) => (assert.match(error.message, /^"turn/), assert.ok(error.message.length < 160, error.message), true));
        assert.equal(validate(document), false, 'ajv accepts it');
    });

test('the schemas the console bundles are all there are, but for what only owners and devices read', () => {
    const source = readFileSync(new URL('../src/schemas.js', import.meta.url), 'utf8');
    const listed = (name) => new RegExp(`export const ${name} = \\{([^}]*)\\}`).exec(source)[1].split(',').map((s) => s.trim());
    assert.deepEqual(listed('schemas').sort(), Object.keys(schemas).sort());
    assert.deepEqual(listed('documents').map((s) => /^'?([\w-]+)/.exec(s)[1]).sort(), Object.keys(documents).filter((name) => !['trust', 'authorisation', 'owner'].includes(name)).sort());
});

test('documents: what the independent validator accepts and refuses', async () => {
    const key = publicJwk(await privateJwk());
    const good = {
        enrolment: { v: 1, typ: 'enrolment', key, seal: key },
        revoked: { iss: 'fill-cap', iat: 1, epoch: 0, keys: [id32(1)] },
        presence: { v: 1, typ: 'presence', for: { 'fill-cap': 'a..b.c.d' } },
        'agent-credential': { iss: 'a', sub: 'b', name: 'c', scopes: ['view'], epoch: 0, iat: 1, exp: 2, cnf: { jwk: key } },
    };
    const bad = {
        enrolment: [{ ...good.enrolment, seal: { ...key, d: id32(1) } }, { ...good.enrolment, key: { ...key, kid: 'x' } }, { ...good.enrolment, x: 1 }],
        revoked: [{ ...good.revoked, keys: [id32(1), id32(1)] }, { ...good.revoked, epoch: -1 }, { ...good.revoked, keys: ['x'] }],
        presence: [{ ...good.presence, for: { 'Fill-Cap': 'a..b.c.d' } }, { ...good.presence, for: { a: 'a.k.b.c.d' } }, { ...good.presence, for: { a: 1 } }, { ...good.presence, for: [] }],
        'agent-credential': [{ ...good['agent-credential'], cnf: { jwk: key, kid: 'x' } }, { ...good['agent-credential'], scopes: ['root'] }, { ...good['agent-credential'], exp: '2' }],
    };
    for (const [name, value] of Object.entries(good)) {
        const validate = ajv.compile(documents[name]);
        assert.deepEqual(protocol.document(name, bytes(JSON.stringify(value))), value);
        assert.ok(validate(value), name);
        for (const wrong of bad[name]) {
            assert.throws(() => protocol.document(name, bytes(JSON.stringify(wrong))), ProtocolError, JSON.stringify(wrong));
            assert.equal(validate(wrong), false, JSON.stringify(wrong));
        }
    }
});

test('a refusal says what is wrong', () => {
    const refused = (text) => {
        try {
            protocol.decode(bytes(text));
        } catch (error) {
            return error.message;
        }
        return 'accepted';
    };
    assert.match(refused('{"v":1,"typ":"cancel"}'), /lacks "request"/);
    assert.match(refused('{"v":1,"v":1}'), /"v" stands twice/);
    assert.match(refused('{"v":1,"typ":"nonsense"}'), /"nonsense"/);
    assert.match(refused('{"v":1,"typ":"cancel","request":"abc"}'), /"request" must be 32 bytes in base64url/);
    assert.match(refused('[[[[[[[[[1]]]]]]]]]'), /more than 8 levels/);
});

test('depth: eight levels are read, nine are not', () => {
    assert.throws(() => protocol.decode(bytes('[[[[[[[[1]]]]]]]]')), /no message of type/);
    assert.throws(() => protocol.decode(bytes('{"a":'.repeat(12_000))), /more than 8 levels/);
});

test('size: 64 KiB are read, one byte more is not', () => {
    const padded = (size) => {
        const message = cancel(id32(1));
        const all = new Uint8Array(size).fill(32);
        all.set(message);
        return all;
    };
    assert.equal(protocol.decode(padded(64 * 1024)).typ, 'cancel');
    assert.throws(() => protocol.decode(padded(64 * 1024 + 1)), ProtocolError);
});

test('base64url must be canonical: bits beyond the 32 bytes are zero', () => {
    const good = id32(255);
    assert.equal(protocol.decode(cancel(good)).request, good);
    for (const last of 'BCDFGHJKLNOPRSTVWXZabdefhijlmnpqrtuvxyz1235679-_')
        assert.throws(() => protocol.decode(cancel(good.slice(0, -1) + last)), ProtocolError, last);
    for (const form of [`${good}=`, good.slice(1), ` ${good}`, `${good}\\n`]) assert.throws(() => protocol.decode(cancel(form)), ProtocolError);
});

test('names that JavaScript knows are no members', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
        assert.throws(() => protocol.decode(bytes(`{"v":1,"typ":"cancel","request":"${id32(1)}","${name}":{}}`)), /unknown member/);
    for (const typ of ['__proto__', 'constructor', 'toString']) assert.throws(() => protocol.decode(bytes(`{"v":1,"typ":"${typ}"}`)), /no message of type/);
    // Own members are required, not inherited ones.
    assert.throws(() => protocol.decode(bytes(`{"__proto__":{"v":1,"typ":"cancel","request":"${id32(1)}"}}`)), ProtocolError);
});

test('JSON that is nearly JSON is refused', () => {
    const broken = ['', ' ', '{', '{}{}', '{"v":1,}', '{v:1}', "{'v':1}", '{"v":01}', '{"v":+1}', '{"v":1.}', '{"v":.5}', '{"v":NaN}', '{"v":"\\x"}'];
    broken.push('{"v":"\\ud800"}', '{"v":"\\u12"}', '{"v":"a\nb"}', '\ufeff{"v":1}', '{"v" 1}', '[1,]', '[1 2]', '"\\u0000"', 'tru', '{"v":1e3}', '{"v":-}');
    for (const text of broken) assert.throws(() => protocol.decode(bytes(text)), ProtocolError, text);
    assert.throws(() => protocol.decode(new Uint8Array([0x7b, 0xff, 0x7d])), /UTF-8/);
});

test('escapes and surrogate pairs are read as JSON.parse reads them', () => {
    const text = `{"v":1,"typ":"denial","request":"${id32(3)}","reason":"busy","detail":"\\u00e4\\ud83d\\ude00\\"\\\\\\/\\n😀"}`;
    assert.deepEqual(protocol.decode(bytes(text)), JSON.parse(text));
});

test('lengths count characters, not UTF-16 units', () => {
    const detailed = (detail) => protocol.encode({ typ: 'denial', request: id32(1), reason: 'busy', detail });
    assert.ok(detailed('😀'.repeat(200)));
    assert.throws(() => detailed('😀'.repeat(201)), /longer than 200/);
});

test('what is sent is checked', () => {
    const session = id32(2);
    assert.throws(() => protocol.encode({ typ: 'ice', session, seq: -1, path: 1, candidate: '', mline: 0 }), ProtocolError);
    assert.throws(() => protocol.encode({ typ: 'sdp', session, seq: 0, path: 1, type: 'answer', sdp: 'x'.repeat(11_000) }), ProtocolError);
    const message = { typ: 'ice', session, seq: 0, path: 1, candidate: '', mline: 0 };
    assert.deepEqual(protocol.decode(protocol.encode(message)), { v: 1, ...message });
});

test('a schema keyword that is not known is an error, not a hole', () => {
    assert.throws(() => compile({ type: 'string', format: 'date' }), /format is not known/);
    assert.throws(() => compile({ additionalProperties: true }), /additionalProperties/);
    assert.throws(() => compile({ type: 'number' }), /type number is not known/);
});

test('hash and nonce have the form of the schemas', async () => {
    // SHA-256 of nothing: FIPS 180-4, as in the examples.
    assert.equal(await hash(new Uint8Array()), '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
    for (let i = 0; i < 50; i++) protocol.decode(cancel(nonce()));
    assert.notEqual(nonce(), nonce());
});

test('topics: ours, and nothing else', () => {
    const parse = (topic) => topics.parse({ tenant: 'demo', agent: 'anna', vendor: 'fill-cap' }, topic);
    assert.deepEqual(parse('oriel/v1/demo/d/filler-1/state'), { device: 'filler-1', state: true });
    assert.deepEqual(parse('oriel/v1/demo/a/anna/d/filler-1'), { device: 'filler-1', state: false });
    assert.deepEqual(parse('oriel/v1/demo/v/fill-cap/revoked'), { vendor: 'fill-cap' });
    const others = ['oriel/v1/demo/v/rival/revoked', 'oriel/v1/other/v/fill-cap/revoked', 'oriel/v1/other/d/filler-1/state', 'oriel/v1/demo/a/bert/d/filler-1', 'oriel/v1/demo/a/anna/d/Filler', 'oriel/v1/demo/d/filler-1/dn/anna'];
    others.push('oriel/v1/demo/a/anna/d/filler-1/x', 'oriel/v1/demo/d/filler-1/state/x', 'oriel/v2/demo/d/filler-1/state', '', 'oriel/v1/demo/a/anna/x/filler-1');
    for (const topic of others) assert.equal(parse(topic), null, topic);
    assert.equal(topics.toDevice('demo', 'filler-1', 'anna'), 'oriel/v1/demo/d/filler-1/dn/anna');
});
