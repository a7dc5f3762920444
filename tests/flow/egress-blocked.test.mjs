// oriel-egress in networks that let little through. Runs in a network namespace of its own, where BLACK_HOLE is an address
// that swallows whatever is sent to it, and where ports below 1024 may be used.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { Egress } from '../rig/egress.mjs';
import { ADDRESS, ownNetwork } from '../rig/network.mjs';
import { Proxy } from '../rig/proxy.mjs';
import { story } from '../rig/story.mjs';
import { TurnClient } from '../rig/turn-client.mjs';

const BLACK_HOLE = '10.77.0.2';
const skip = await ownNetwork();

const allocates = async (rig, egress, turn) => (await rig.own(await TurnClient.open(egress.port, turn.credentials())).allocate()).code === 0;

story('everything is swallowed but TLS to 443: there within two seconds', { skip }, async ({ rig }) => {
  const turn = await rig.turn({ address: ADDRESS, ports: { plain: 3478, tls: 443 } });
  const servers = [`turn:${BLACK_HOLE}`, `turn:${BLACK_HOLE}?transport=tcp`, `turns:${ADDRESS}:443`];
  const egress = rig.own(await Egress.start({ servers, ca: turn.ca, log: rig.path('egress.log') }));
  const path = await egress.next('path');
  assert.deepEqual([path.transport, path.detail], ['tls', `TLS to ${ADDRESS}:443`]);
  assert.ok(path.ms < 8000, `${path.ms} ms`); // by the fallback, not when the first ways are given up
  assert.ok(await allocates(rig, egress, turn));
});

story('everything is swallowed but the proxy: TLS through it within two seconds', { skip }, async ({ rig }) => {
  const turn = await rig.turn({ address: ADDRESS, ports: { plain: 3478, tls: 443 } }), proxy = rig.own(await Proxy.start());
  const servers = [`turn:${BLACK_HOLE}`, `turn:${BLACK_HOLE}?transport=tcp`, `turns:${ADDRESS}:443`];
  const egress = rig.own(await Egress.start({ servers, ca: turn.ca, proxy: proxy.address, log: rig.path('egress.log') }));
  const path = await egress.next('path');
  assert.deepEqual([path.transport, path.detail], ['tls', `TLS to ${ADDRESS}:443 (through proxy ${proxy.address})`]);
  assert.ok(path.ms < 8000, `${path.ms} ms`); // by the fallback, not when the first ways are given up
  assert.ok(await allocates(rig, egress, turn));
});

story('everything is swallowed: said within ten seconds, with each server named', { skip }, async ({ rig }) => {
  const servers = [`turn:${BLACK_HOLE}`, `turns:${BLACK_HOLE}:443`, 'turn:no.such.host.invalid'];
  const egress = rig.own(await Egress.start({ servers, log: rig.path('egress.log') }));
  const { detail } = await egress.next('failed');
  assert.match(detail, /^no TURN server can be reached: UDP to 10\.77\.0\.2:3478: .+; TLS to 10\.77\.0\.2:443: .+; UDP to no\.such\.host\.invalid:3478: its name can't be looked up: .+/);
});

for (const kind of ['udp', 'tcp', 'tls'])
  story(`the network goes and comes back under a session by ${kind}`, { skip }, async ({ rig }) => {
    const turn = await rig.turn({ address: ADDRESS });
    const ip = (verb) => execFileSync('ip', ['address', verb, `${ADDRESS}/24`, 'dev', 'media0'], { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
    const egress = rig.own(await Egress.start({ servers: [turn.uris()[['udp', 'tcp', 'tls'].indexOf(kind)]], ca: turn.ca, log: rig.path('egress.log') }));
    await egress.next('path');
    const client = rig.own(await TurnClient.open(egress.port, turn.credentials()));
    assert.equal((await client.allocate()).code, 0);
    const chatter = setInterval(() => client.put(0x4000, Buffer.alloc(100)), 50);
    ip('del');
    try {
      await egress.next('lost');
      await egress.next('lost'); // tried again in vain
    } finally {
      ip('add');
      clearInterval(chatter);
    }
    assert.equal((await egress.next('path')).generation, 2);
    assert.ok(await allocates(rig, egress, turn));
  });
