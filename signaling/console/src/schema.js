/* Checks a value against the subset of JSON Schema (draft 2020-12) that signaling/schema uses.
 *
 * The console bundles the very schema files that the device's tests read, so the two can't drift apart. Policy: an
 * unknown keyword is an error when the schema is loaded, because ignoring one would silently check less.
 * Limits: no $ref, no composition but if/then/else; integers are JavaScript's safe integers.
 */

export class SchemaError extends Error {}

const TYPES = {
    object: (v) => typeof v === 'object' && v !== null && !Array.isArray(v),
    array: Array.isArray,
    string: (v) => typeof v === 'string',
    integer: Number.isSafeInteger,
    boolean: (v) => typeof v === 'boolean',
};

/* What the patterns of our schemas mean, for people. */
const FORMS = {
    '^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$': 'must be 1 to 64 of a-z, 0-9 and -, with no - at its ends',
    '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$': 'must be 32 bytes in base64url: 43 characters',
    '^[0-9A-F]{2}(:[0-9A-F]{2}){31}$': 'must be 32 upper-case hex pairs joined by colons',
    '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$': 'must be a compact JWS: three parts joined by dots',
    '^[!-~]{1,128}$': 'must be 1 to 128 printable ASCII characters without blanks',
    '^[A-Za-z0-9_-]+\\.\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$': 'must be a compact JWE without an encrypted key',
};

const TURN_URI = 'must be a TURN URI: turn:host:port or turns:host:port, host in lower case, with ?transport=udp or tcp';

const isObject = TYPES.object;
// Lengths count code points, as JSON Schema says, not UTF-16 units.
const length = (text) => [...text].length;

/* keyword -> (its value, the whole schema) -> a function (value, path) that throws. */
const KEYWORDS = {
    $schema: () => null,
    $id: () => null,
    title: () => null,
    then: () => null, // by `if`
    else: () => null, // by `if`

    type: (name) => {
        const is = TYPES[name];
        if (!is) throw new Error(`schema: type ${name} is not known`);
        return (v, path) => is(v) || no(path, `is not of type ${name}`);
    },
    const: (wanted) => (v, path) => v === wanted || no(path, `is not ${JSON.stringify(wanted)}`),
    enum: (list) => (v, path) => list.includes(v) || no(path, `is not one of ${list.join(', ')}`),
    pattern: (source) => {
        const expression = new RegExp(source, 'u');
        const form = FORMS[source] ?? (source.startsWith('^turn') ? TURN_URI : `does not match ${source}`);
        return (v, path) => typeof v !== 'string' || expression.test(v) || no(path, form);
    },
    minLength: (n) => (v, path) => typeof v !== 'string' || length(v) >= n || no(path, `is shorter than ${n}`),
    maxLength: (n) => (v, path) => typeof v !== 'string' || length(v) <= n || no(path, `is longer than ${n}`),
    minimum: (n) => (v, path) => typeof v !== 'number' || v >= n || no(path, `is less than ${n}`),
    maximum: (n) => (v, path) => typeof v !== 'number' || v <= n || no(path, `is more than ${n}`),
    minItems: (n) => (v, path) => !Array.isArray(v) || v.length >= n || no(path, `has fewer than ${n} items`),
    maxItems: (n) => (v, path) => !Array.isArray(v) || v.length <= n || no(path, `has more than ${n} items`),
    uniqueItems: () => (v, path) => !Array.isArray(v) || new Set(v).size === v.length || no(path, 'has an item twice'),
    items: (schema) => {
        const check = compile(schema);
        return (v, path) => Array.isArray(v) && v.forEach((item, i) => check(item, `${path}[${i}]`));
    },
    properties: (table) => {
        const checks = Object.entries(table).map(([name, schema]) => [name, compile(schema)]);
        return (v, path) => {
            if (!isObject(v)) return;
            for (const [name, check] of checks) if (Object.hasOwn(v, name)) check(v[name], path ? `${path}.${name}` : name);
        };
    },
    required: (names) => (v, path) => {
        const missing = isObject(v) && names.find((name) => !Object.hasOwn(v, name));
        if (missing) no(path, `lacks "${missing}"`);
    },
    additionalProperties: (allowed, schema) => {
        if (allowed !== false && !isObject(allowed)) throw new Error('schema: additionalProperties can only be false or a schema');
        const known = new Set(Object.keys(schema.properties ?? {}));
        const check = allowed === false ? (v, path, name) => no(path, `has the unknown member "${name}"`) : compileMember(allowed);
        return (v, path) => isObject(v) && Object.keys(v).forEach((name) => known.has(name) || check(v, path, name));
    },
    propertyNames: (schema) => {
        const check = compile(schema);
        return (v, path) => isObject(v) && Object.keys(v).forEach((name) => check(name, path ? `${path}.${name}` : name));
    },
    maxProperties: (n) => (v, path) => !isObject(v) || Object.keys(v).length <= n || no(path, `has more than ${n} members`),
    if: (condition, schema) => {
        const test = compile(condition);
        const yes = compile(schema.then ?? {});
        const otherwise = compile(schema.else ?? {});
        return (v, path) => (holds(test, v) ? yes : otherwise)(v, path);
    },
};

function compileMember(schema) {
    const check = compile(schema);
    return (v, path, name) => check(v[name], path ? `${path}.${name}` : name);
}

function no(path, why) {
    throw new SchemaError(`${path ? `"${path}"` : 'it'} ${why}`);
}

function holds(check, value) {
    try {
        check(value, '');
        return true;
    } catch (error) {
        if (error instanceof SchemaError) return false;
        throw error;
    }
}

/* Returns check(value, path = ''), which throws SchemaError saying which member is wrong and how. */
export function compile(schema) {
    const checks = [];
    for (const [keyword, value] of Object.entries(schema)) {
        const make = KEYWORDS[keyword];
        if (!make) throw new Error(`schema: keyword ${keyword} is not known`);
        const check = make(value, schema);
        if (check) checks.push(check);
    }
    return (value, path = '') => checks.forEach((check) => check(value, path));
}
