// `./run bench trust`: what signing and sealing add to a request, and what each message weighs. It is no test.
//
// "adds" is what the request alone costs before the person is asked: signed and sealed by the agent (jose, as in the
// browser), opened and verified by the device (signaling/seal). The rest of request to prompt is the broker, the sockets,
// the policy and the record on the disk.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { seal, sign } from '../rig/jose.mjs';
import { build, root } from '../rig/paths.mjs';
import { clock } from '../rig/process.mjs';
import { Rig } from '../rig/story.mjs';

const ROUNDS = Number(process.env.ORIEL_BENCH_ROUNDS ?? 200);
const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];
const ms = (value) => value.toFixed(2).padStart(8);

const device_ = JSON.parse(execFileSync(join(build, 'tests', 'bench', 'bench-seal'), ['2000'], { encoding: 'utf8' }));
console.log('\nOn the device, ms (signaling/seal, one thread)            p50      p99');
for (const [name, what] of Object.entries({ sign: 'sign (ES256)', seal: 'seal (fresh key, ECDH-ES, A256GCM)', open: 'open', verify: 'verify', key: 'a fresh P-256 key', check: 'a point is on the curve' }))
  console.log(`  ${what.padEnd(50)}${device_[name].map((us) => ms(us / 1000)).join(' ')}`);

const rig = new Rig();
let problems = [];
try {
  const { provider, agent } = await rig.cast({ device: { watch: false } });
  const times = { whole: [], agent: [], hello: [] }, sizes = {};
  const note = (typ, bytes) => { (sizes[typ] ??= []).push(bytes); };
  for (let i = -5; i < ROUNDS; i++) {
    // At most 4 hellos a second go on for ever (core/limit.h): that is the pace here.
    const hello = clock();
    const challenge = await agent.hello();
    const answered = clock();
    const message = agent.requestMessage();
    const from = clock();
    await seal(await sign(Buffer.from(JSON.stringify(message)), agent.own, 'oriel-request+jws'), agent.exchange);
    const sealed = clock();
    agent.asked = await agent.send(message);
    const ask = await provider.asked();
    const asked = clock();
    if (i >= 0) {
      times.hello.push(answered - hello);
      times.agent.push(sealed - from);
      times.whole.push(asked - sealed);
    }
    note('hello', agent.sent.at(-2).length);
    note('challenge', challenge.bytes);
    note('request', agent.sent.at(-1).length);
    provider.decide(ask, false);
    note('denial', (await agent.denial()).bytes);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 260 - (clock() - hello))));
  }
  const adds = (q, i) => quantile(times.agent, q) + (device_.open[i] + device_.verify[i]) / 1000;
  console.log(`\nRequest to prompt, ms, ${ROUNDS} times                              p50      p99`);
  const row = (what, p50, p99) => console.log(`  ${what.padEnd(50)}${ms(p50)} ${ms(p99)}`);
  row('request to prompt, whole', quantile(times.whole, 0.5), quantile(times.whole, 0.99));
  row('signing and sealing add', adds(0.5, 0), adds(0.99, 1));
  row('  of it the agent: sign and seal', quantile(times.agent, 0.5), quantile(times.agent, 0.99));
  row('  of it the device: open and verify', (device_.open[0] + device_.verify[0]) / 1000, (device_.open[1] + device_.verify[1]) / 1000);
  row('hello to challenge (when the page is opened)', quantile(times.hello, 0.5), quantile(times.hello, 0.99));

  // One session, for the messages in it. A real answer, so that its size is that of a browser's.
  const receiver = await rig.receiver();
  const before = agent.sent.length;
  const heard = [];
  const { next } = agent;
  agent.next = async function heardNext(...rest) { const message = await next.apply(this, rest); heard.push(message); return message; };
  await receiver.watchDevice(agent, () => provider.allow());
  await receiver.picture();
  provider.stopSession();
  await agent.ended();
  for (const { typ, type, bytes } of heard) if (bytes) note(typ === 'sdp' ? `sdp ${type}` : typ, bytes);
  const sent = agent.sent.slice(before + 2).map(({ length }) => length);
  note('sdp answer', Math.max(...sent));
  if (sent.length > 1) note('ice', Math.min(...sent));
  console.log('\nBytes of a message on the wire');
  for (const [typ, of] of Object.entries(sizes)) console.log(`  ${typ.padEnd(20)}${String(quantile(of, 0.5)).padStart(6)}`);
} finally {
  problems = await rig.close();
  rmSync(rig.directory, { recursive: true, force: true });
}
const lines = execFileSync('sh', ['-c', 'cat signaling/*.c signaling/*.h | wc -l'], { cwd: root, encoding: 'utf8' }).trim();
const text = execFileSync('size', ['-t', join(build, 'signaling', 'libsignaling.a')], { encoding: 'utf8' }).trim().split('\n').at(-1).trim().split(/\s+/)[0];
console.log(`\nsignaling/ in C: ${lines} lines, ${text} bytes of text\n`);
for (const problem of problems) console.error(problem);
process.exit(problems.length ? 1 : 0);
