// An agent's browser that is none: peer.c, with the answer to an offer that it needs, and the device's candidate.
import { join } from 'node:path';
import { build } from './paths.mjs';
import { Process } from './process.mjs';

const UFRAG = 'peer', PASSWORD = 'peerpeerpeerpeerpeerpeer';

const value = (sdp, name) => new RegExp(`^a=${name}:(.*)$`, 'm').exec(sdp)[1].trim();

export class Peer {
  static async start() {
    const peer = new Peer();
    peer.process = new Process('rig-peer', join(build, 'tests/rig/rig-peer'), [], { stdin: true });
    peer.port = Number((await peer.process.line(/^port /)).text.split(' ')[1]);
    peer.fingerprint = (await peer.process.line(/^fingerprint /)).text.split(' ')[1];
    return peer;
  }

  // What a browser would answer that only watches, with the formats of the offer that it can't do without.
  #answerTo(offer) {
    const [session, ...media] = offer.split(/^(?=m=)/m);
    const common = [`a=ice-ufrag:${UFRAG}`, `a=ice-pwd:${PASSWORD}`, `a=fingerprint:sha-256 ${this.fingerprint}`, 'a=setup:active'];
    const answer = (line) => {
      const [, kind, protocol, format] = /^m=(\w+) \d+ (\S+) (\S+)/.exec(line), mid = value(line, 'mid');
      const head = [`m=${kind} 9 ${protocol} ${format}`, 'c=IN IP4 0.0.0.0', `a=mid:${mid}`, ...common];
      if (kind === 'application') return [...head, 'a=sctp-port:5000'];
      return [...head, mid === 'face' ? 'a=inactive' : 'a=recvonly', 'a=rtcp-mux',
        ...[...line.matchAll(new RegExp(`^a=(?:rtpmap:${format}|rtcp-fb:${format}|extmap:).*$`, 'gm'))].map(([text]) => text.trim())];
    };
    return ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', `a=group:${value(session, 'group')}`, ...media.flatMap(answer), ''].join('\r\n');
  }

  answer(agent, { sdp }) {
    this.ssrc = /^a=ssrc:(\d+)/m.exec(sdp)[1];
    return agent.sequenced('sdp', { type: 'answer', sdp: this.#answerTo(sdp) });
  }

  // Asks by `agent`, lets `allow` say yes, and connects.
  async watchDevice(agent, allow, changes = {}) {
    await agent.request({ fingerprint: this.fingerprint, ...changes });
    await allow();
    await agent.grant();
    await this.connect(agent);
  }

  // To what the device tells of a session that was granted to `agent`, who had asked with our fingerprint. A session that nobody connects
  // to is over after 20 s: too soon for a test that has much to look at on a busy machine.
  async connect(agent) {
    const offer = await agent.offer(), { sdp } = offer;
    await this.answer(agent, offer);
    await agent.sequenced('ice', { candidate: `candidate:1 1 udp 2122260223 127.0.0.1 ${this.port} typ host`, mline: 0 });
    const { candidate } = await agent.next(({ typ, candidate: of }) => typ === 'ice' && of);
    const [, , , , address, port] = candidate.split(' ');
    this.process.write(`connect ${address} ${port} ${UFRAG} ${PASSWORD} ${value(sdp, 'ice-ufrag')} ${value(sdp, 'ice-pwd')}`);
    await this.process.line(/^connected|^no /);
    await this.process.line(/^connected/, { ms: 100 });
  }

  // From now on it is heard, as a page must be that wants to stay.
  ping() { this.process.write('ping'); }

  // From now on it lets the exact layer believe that all has come, and SCTP 'closed': that there is no room; 'stuck': that one message never comes; 'silent': nothing.
  take(how) { this.process.write(`take ${how}`); }

  // How many were sent before the connection was over.
  async fuzz(what, count, seed) {
    const from = this.process.lines.length;
    this.process.write(`fuzz ${what} ${count} ${seed} ${this.ssrc}`);
    return Number((await this.process.line(/^sent /, { from, ms: 60000 })).text.split(' ')[1]);
  }

  // When the first and the last packet of a picture, and the last of anything came, in ms of clock().
  async heard() {
    const from = this.process.lines.length;
    this.process.write('heard');
    const [, first, picture, last] = (await this.process.line(/^heard /, { from })).text.split(' ').map((us) => Number(us) / 1000);
    return { first, picture, last };
  }

  stop() {
    return this.process.stop();
  }
}
