/* Builds the console: `node build.mjs --outdir DIR [--depfile FILE]`.
 *
 * The bundle is a classic script, and index.html names everything with a content hash in the query: mosquitto's http_dir
 * serves files without a Content-Type (so modules would be refused) and without caching headers.
 * --depfile is for ninja: which files the result depends on.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { values: args } = parseArgs({
    options: { outdir: { type: 'string', default: join(here, 'dist') }, depfile: { type: 'string' } },
});

function fail(why) {
    console.error(`console: ${why}`);
    process.exit(1);
}

const esbuild = await import('esbuild').catch(() => fail(`node_modules is missing in ${here}: run ./run build (it runs npm ci there)`));

const source = (name) => join(here, 'src', name);
const result = await esbuild
    .build({
        absWorkingDir: here,
        entryPoints: { app: source('main.js'), 'app-style': source('app.css') },
        bundle: true,
        minify: true,
        write: false,
        outdir: '/',
        format: 'iife',
        target: ['chrome120', 'firefox121'],
        charset: 'utf8',
        legalComments: 'eof',
        metafile: true,
        logLevel: 'warning',
    })
    .catch((error) => fail(error.message));

const output = (name) => result.outputFiles.find((file) => file.path.endsWith(name)).contents;
const files = { 'app.js': output('app.js'), 'app.css': output('app-style.css') };
const version = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 12);
const fill = {
    'app.js': version(files['app.js']),
    'app.css': version(files['app.css']),
    // Not a file of its own: without a Content-Type browsers don't take SVG for an icon.
    'favicon.svg': `data:image/svg+xml,${encodeURIComponent(readFileSync(source('favicon.svg'), 'utf8').trim())}`,
};
files['index.html'] = readFileSync(source('index.html'), 'utf8').replace(/@([\w.]+)@/g, (_, name) => fill[name] ?? fail(`index.html: @${name}@ is not known`));

mkdirSync(args.outdir, { recursive: true });
for (const [name, bytes] of Object.entries(files)) writeFileSync(join(args.outdir, name), bytes);

// The folder is what ninja knows, and its time is that of the last build.
utimesSync(args.outdir, new Date(), new Date());
if (args.depfile) {
    const inputs = [...Object.keys(result.metafile.inputs).map((path) => resolve(here, path)), source('index.html'), source('favicon.svg')];
    const escape = (path) => path.replaceAll(' ', '\\ ');
    writeFileSync(args.depfile, `${escape(relative(process.cwd(), resolve(args.outdir)))}: ${inputs.map(escape).join(' ')}\n`);
}
