// The HTTP endpoint where an agent's browser enrols (PROTOCOL.md, Enrolment), on loopback. It stands for the service of a
// vendor's identity provider: who is logged in there is always the same agent here, and the signing is done by
// `oriel provision agent`. Answers the console's own origin only.
import { createServer } from 'node:http';

const REQUEST_MAX = 16384;

function body(request) {
  return new Promise((resolve, reject) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (data) => {
      text += data;
      if (text.length > REQUEST_MAX) reject(new Error('the request is too large'));
    });
    request.on('end', () => resolve(text));
    request.on('error', reject);
  });
}

export class Enrolment {
  // `sign`: (request) -> the sealed answer, or an error for the agent. `origins`: those of the console.
  static async start({ port = 0, origins, sign }) {
    const enrolment = new Enrolment();
    Object.assign(enrolment, { origins, sign, asked: 0 });
    enrolment.server = createServer((request, response) => enrolment.#answer(request, response).catch((error) => {
      response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' }).end(error.message);
    }));
    await new Promise((resolve, reject) => enrolment.server.on('error', reject).listen(port, '127.0.0.1', resolve));
    enrolment.url = `http://127.0.0.1:${enrolment.server.address().port}/enrol`;
    return enrolment;
  }

  async #answer(request, response) {
    const { origin } = request.headers;
    if (!this.origins.includes(origin)) {
      response.writeHead(403, { 'content-type': 'text/plain' }).end('this page may not enrol here');
      return;
    }
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-credentials', 'true'); // the log-in's cookies, where there is one
    response.setHeader('vary', 'origin');
    response.setHeader('cache-control', 'no-store');
    if (request.url !== '/enrol') {
      response.writeHead(404).end();
    } else if (request.method === 'OPTIONS') {
      response.writeHead(204, { 'access-control-allow-methods': 'POST', 'access-control-allow-headers': 'content-type', 'access-control-max-age': '600' }).end();
    } else if (request.method !== 'POST' || request.headers['content-type'] !== 'application/jose') {
      response.writeHead(415, { 'content-type': 'text/plain' }).end('POST an enrolment request as application/jose');
    } else {
      const text = await body(request);
      this.asked++;
      response.writeHead(200, { 'content-type': 'application/jose' }).end(await this.sign(text));
    }
  }

  // One that lets this agent of `vendor` in at the broker.
  static at(broker, { id = 'anna', name = 'Anna Weber', vendor = 'fill-cap', scopes, hours, port, vendors = broker.keys } = {}) {
    const { port: page } = new URL(broker.page);
    return Enrolment.start({
      port, origins: [`http://127.0.0.1:${page}`, `http://localhost:${page}`],
      sign(request) {
        try {
          return vendors.agent({ vendor, tenant: broker.tenant, id, name, scopes, hours, password: broker.password(id), request });
        } catch (error) {
          // The check code is for the administrator; what is wrong is for the agent.
          throw new Error(`This browser cannot be enrolled: ${error.message.split('\n').filter((line) => line && !/check code|key id/.test(line)).at(-1).replace(/^oriel: (error: )?/, '')}`);
        }
      },
    });
  }

  async stop() {
    this.server.closeAllConnections?.();
    await new Promise((resolve) => this.server.close(resolve));
    return {};
  }
}
