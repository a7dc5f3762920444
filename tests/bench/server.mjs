// Serves the receiver's page, noVNC and the console's element on loopback, and takes the pictures that the page sends back.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromRgba } from '../rig/image.mjs';
import { root } from '../rig/paths.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const PAGE = '<!doctype html><meta charset="utf-8"><title>receiver</title><style>body{margin:0;overflow:hidden}oriel-viewer .stage{position:relative;width:100vw;height:100vh;overflow:hidden}.stage video,.stage canvas{position:absolute}</style><body><script type="module" src="/page.mjs"></script>';

export class Server {
  static async start() {
    const server = new Server();
    server.pictures = new Map();
    server.http = createServer((request, response) => server.#answer(request, response).catch((error) => response.writeHead(500).end(error.message)));
    await new Promise((resolve) => { server.http.listen(0, '127.0.0.1', resolve); });
    server.url = `http://127.0.0.1:${server.http.address().port}`;
    return server;
  }

  async #answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.url);
    if (request.method === 'POST') {
      const parts = [];
      for await (const part of request) parts.push(part);
      this.pictures.set(pathname, fromRgba(Number(searchParams.get('width')), Number(searchParams.get('height')), Buffer.concat(parts)));
      response.end();
      return;
    }
    if (pathname === '/') { response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE); return; }
    if (pathname === '/viewer.mjs') { response.writeHead(200, { 'content-type': 'text/javascript' }).end(await this.#viewer()); return; }
    const file = pathname.startsWith('/novnc/') ? join(here, 'node_modules/@novnc', normalize(pathname)) : ['/page.mjs', '/barcode.mjs', '/pixels.mjs'].includes(pathname) ? join(here, pathname) : null;
    const bytes = file && await readFile(file).catch(() => null);
    response.writeHead(bytes ? 200 : 404, { 'content-type': 'text/javascript' }).end(bytes ?? '');
  }

  // With what the console itself is bundled with.
  async #viewer() {
    const { build } = await import(join(root, 'signaling/console/node_modules/esbuild/lib/main.js'));
    const { outputFiles: [bundle] } = await build({ entryPoints: [join(here, 'viewer.mjs')], bundle: true, minify: true, write: false, format: 'esm', logLevel: 'warning' });
    return bundle.contents;
  }

  // The picture that was sent to that path; it is given out once.
  picture(path) {
    const picture = this.pictures.get(path);
    this.pictures.delete(path);
    if (!picture) throw new Error(`the page sent no picture to ${path}`);
    return picture;
  }

  async stop() {
    this.http.closeAllConnections?.();
    await new Promise((resolve) => { this.http.close(resolve); });
    return {};
  }
}
