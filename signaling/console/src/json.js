/* A strict JSON reader for messages from the network.
 *
 * JSON.parse takes the last of two equal names, rounds integers beyond 2^53 and follows any depth; two readers of one
 * message must never see two different things, so all of that is refused here. Policy: UTF-8 only, at most 8 levels,
 * numbers are integers within +-2^53, no NUL and no lone surrogate in a text, nothing after the value.
 * Limits: meant for messages of a few KiB; the caller bounds the size.
 */

export class JsonError extends Error {}

const MAX_DEPTH = 8;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;
// Everything up to the next quote, backslash or control character, which may not stand in a text as it is.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

class Reader {
    constructor(text) {
        this.text = text;
        this.at = 0;
    }

    fail(why) {
        throw new JsonError(`${why} at character ${this.at}`);
    }

    /* Matches a sticky expression here and moves behind it. */
    take(expression) {
        expression.lastIndex = this.at;
        const match = expression.exec(this.text);
        if (match) this.at += match[0].length;
        return match && match[0];
    }

    /* Moves over `character` if it is next. */
    skip(character) {
        this.take(SPACE);
        if (this.text[this.at] !== character) return false;
        this.at++;
        return true;
    }

    value(depth) {
        this.take(SPACE);
        switch (this.text[this.at]) {
            case '{':
                return this.object(depth);
            case '[':
                return this.array(depth);
            case '"':
                return this.string();
            case 't':
                return this.word('true', true);
            case 'f':
                return this.word('false', false);
            case 'n':
                return this.word('null', null);
            default:
                return this.number();
        }
    }

    word(word, value) {
        if (!this.text.startsWith(word, this.at)) this.fail('not JSON');
        this.at += word.length;
        return value;
    }

    number() {
        const digits = this.take(NUMBER);
        if (digits === null) this.fail('not JSON');
        const value = Number(digits);
        if (!/^-?[0-9]+$/.test(digits) || !Number.isSafeInteger(value)) this.fail(`${digits} is not an integer in range`);
        return value;
    }

    string() {
        this.at++;
        let out = '';
        for (;;) {
            out += this.take(PLAIN);
            const character = this.text[this.at++];
            if (character === '"') break;
            if (character !== '\\') this.fail('unfinished text, or a control character in it');
            out += this.escape();
        }
        if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(out)) this.fail('lone surrogate');
        return out;
    }

    escape() {
        const kind = this.text[this.at++];
        if (kind !== 'u') return ESCAPES[kind] ?? this.fail('unknown escape');
        const hex = this.text.slice(this.at, this.at + 4);
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.fail('unknown escape');
        if (hex === '0000') this.fail('NUL in a text');
        this.at += 4;
        return String.fromCharCode(parseInt(hex, 16));
    }

    array(depth) {
        if (depth > MAX_DEPTH) this.fail(`more than ${MAX_DEPTH} levels`);
        const out = [];
        this.at++;
        if (this.skip(']')) return out;
        do out.push(this.value(depth + 1));
        while (this.skip(','));
        if (!this.skip(']')) this.fail('unfinished array');
        return out;
    }

    object(depth) {
        if (depth > MAX_DEPTH) this.fail(`more than ${MAX_DEPTH} levels`);
        const out = new Map();
        this.at++;
        if (!this.skip('}')) {
            do {
                this.take(SPACE);
                if (this.text[this.at] !== '"') this.fail('a name is missing');
                const name = this.string();
                if (out.has(name)) this.fail(`"${name}" stands twice`);
                if (!this.skip(':')) this.fail('a colon is missing');
                out.set(name, this.value(depth + 1));
            } while (this.skip(','));
            if (!this.skip('}')) this.fail('unfinished object');
        }
        return Object.fromEntries(out);
    }
}

/* Returns the value in `bytes` (Uint8Array); throws JsonError. */
export function parse(bytes) {
    let text;
    try {
        // A byte order mark is not skipped, so that it is refused like any other character that isn't JSON.
        text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
        throw new JsonError('not UTF-8');
    }
    const reader = new Reader(text);
    const value = reader.value(1);
    reader.take(SPACE);
    if (reader.at !== text.length) reader.fail('something follows the value');
    return value;
}
