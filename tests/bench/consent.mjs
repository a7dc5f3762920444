// `./run bench consent`: how long from a tap to what it is for, as a table. It is no test: nothing fails on a time.
//
// Sessions in a row with a peer that is no browser (rig/peer.c), media directly on loopback, the picture a pattern of 30 frames a second. Stop is tapped
// in the middle of it: the last packet of any kind that the peer gets after that is the last that the device sent, but for some
// microseconds of loopback; 0 when none came. Half of the stops go to core, as the panel's message does; half to the launcher's stop socket alone, which works while core
// hangs; liboriel sends both. Allow to picture is until the first packet of it; what a browser adds is in the page's own figures.
import { rmSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { program } from '../rig/paths.mjs';
import { Peer } from '../rig/peer.mjs';
import { alive, clock, sleep, until } from '../rig/process.mjs';
import { Rig } from '../rig/story.mjs';

const COUNT = Number(process.env.ORIEL_STOPS ?? 50);
const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];
const row = (name, values) => console.log(`${name.padEnd(62)}${quantile(values, 0.5).toFixed(1).padStart(8)}${Math.max(...values).toFixed(1).padStart(8)}${String(values.length).padStart(6)}`);

const rig = new Rig();
let problems;
try {
  const cast = await rig.cast();
  const { agent, provider, device } = cast;
  const socket = join(dirname(device.control), 'stop.sock');
  const times = { allow: [], core: [], launcher: [], coreDead: [], launcherDead: [] };
  for (let i = 0; i < COUNT; i++) {
    const peer = rig.own(await Peer.start());
    let allowed;
    await peer.watchDevice(agent, async () => {
      const ask = await provider.asked();
      await sleep(100); // what core may have been late by
      allowed = clock();
      provider.decide(ask, true);
    });
    await provider.next('session live');
    await until('a picture', async () => (await peer.heard()).first > 0);
    await sleep(300 + Math.random() * 100);
    const pids = device.picture().map(({ pid }) => pid);
    const tap = clock();
    if (i % 2) provider.stopSession();
    else execFile(program('oriel-stop'), ['--socket', socket], (error, _, stderr) => error && console.error(stderr));
    await until('capture and media to end', () => !pids.some(alive), { every: 0 });
    const dead = clock() - tap;
    await agent.ended();
    await sleep(200); // whatever is still on its way
    const { first, last } = await peer.heard();
    times.allow.push(first - allowed);
    times[i % 2 ? 'core' : 'launcher'].push(Math.max(0, last - tap));
    times[i % 2 ? 'coreDead' : 'launcherDead'].push(dead);
    await peer.stop();
    await agent.whenState(({ status }) => status === 'ready');
    await provider.next('session ended');
  }
  console.log(`\n${'ms'.padEnd(62)}${'p50'.padStart(8)}${'max'.padStart(8)}${'of'.padStart(6)}`);
  row('Stop on the panel to the last packet, by core', times.core);
  row('… to capture and media dead', times.coreDead);
  row('Stop by oriel-stop (its start included) to the last packet', times.launcher);
  row('… to capture and media dead', times.launcherDead);
  row('Allow to the first packet of the picture', times.allow);
} finally {
  problems = await rig.close();
  rmSync(rig.directory, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
process.exit(problems.length ? 1 : 0);
