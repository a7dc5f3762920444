/* What this browser keeps, in IndexedDB: it is the only place where a CryptoKey can be kept without being read out.
 *
 * Two tables: `self` (our keys and what the vendor answered) and `devices` (the last verified credential of each device,
 * public). Nothing else is kept anywhere. Limits: one origin is one agent.
 */

const NAME = 'oriel';
const TABLES = ['self', 'devices'];

const done = (request) =>
    new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });

export async function openStore() {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => TABLES.forEach((table) => opening.result.createObjectStore(table));
    const db = await done(opening);
    const table = (name, mode) => db.transaction(name, mode, { durability: 'strict' }).objectStore(name);
    return {
        get: (name, key) => done(table(name, 'readonly').get(key)),
        put: (name, key, value) => done(table(name, 'readwrite').put(value, key)),
        /* What is there already, else `value`, which is then kept: of two tabs that make keys at once one is right. */
        async settle(name, key, value) {
            const rows = table(name, 'readwrite');
            const there = await done(rows.get(key));
            if (there === undefined) await done(rows.put(value, key));
            return there ?? value;
        },
        /* [[key, value], ...] */
        async all(name) {
            const rows = table(name, 'readonly');
            const [keys, values] = await Promise.all([done(rows.getAllKeys()), done(rows.getAll())]);
            return keys.map((key, i) => [key, values[i]]);
        },
        clear: () => Promise.all(TABLES.map((name) => done(table(name, 'readwrite').clear()))),
    };
}
