// The whole of Oriel on one machine, for looking at: `./run demo`.
//
// A private broker and TURN server, a device (orield), the demo panel with consent in it, and the address of the agent's page. On an X11
// desktop the panel is a window there and the agent sees that desktop; on a Wayland desktop it is a nested X screen in
// a window; without a desktop it is a virtual screen. With --check the story is played by check.mjs.
// Everything is on loopback; with --lan the media of a session may also go by the machine's other addresses.
//
// Nothing is left: everything is in one private folder and in processes that end with this one, however it ends.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Broker } from '../tests/rig/broker.mjs';
import { Device } from '../tests/rig/device.mjs';
import { Enrolment } from '../tests/rig/enrolment.mjs';
import { Keys } from '../tests/rig/keys.mjs';
import { Panel } from '../tests/rig/panel.mjs';
import { build } from '../tests/rig/paths.mjs';
import { freePort, stopAll } from '../tests/rig/process.mjs';
import { Turn, freePortOfBoth } from '../tests/rig/turn.mjs';
import { NestedScreen, Screen } from '../tests/rig/xscreen.mjs';

const DEVICE = { id: 'filler-1', tenant: 'demo', name: 'Filler 1', model: 'BF-200', site: 'Hall 3', firmware: '4.2.1' };
const AGENT = { id: 'anna', name: 'Anna Weber', vendor: 'fill-cap' };
const PAGE_PORT = 8088, ENROLMENT_PORT = 8089, TURN_PORT = 8090; // if they are free, so that a tab left open finds the next demo again
const kept = join(build, 'demo');

const args = process.argv.slice(2);
const unknown = args.find((arg) => !['--check', '--lan', '--virtual'].includes(arg));
if (unknown) {
  console.error(`demo: '${unknown}' is not an option here; there are\n  --check    play the story by itself\n  --lan      media also by this machine's network addresses\n  --virtual  a virtual screen, also on a desktop`);
  process.exit(2);
}
const check = args.includes('--check'), lan = args.includes('--lan');
const { DISPLAY, WAYLAND_DISPLAY, XAUTHORITY, XDG_RUNTIME_DIR } = process.env;
const desktop = check || args.includes('--virtual') || !DISPLAY ? 'none' : WAYLAND_DISPLAY ? 'wayland' : 'x11';

const parent = XDG_RUNTIME_DIR && existsSync(XDG_RUNTIME_DIR) ? XDG_RUNTIME_DIR : tmpdir();
const directory = mkdtempSync(join(parent, 'oriel-demo-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

const started = []; // in this order; ended in the other
let ending;
function end(status, why) {
  ending ??= (async () => {
    if (why) {
      console.error(`\ndemo: ${why}`);
      // What the processes said may help.
      cpSync(directory, join(kept, 'logs'), { recursive: true, filter: (source) => !/\.sock$|profile|\.key$/.test(source) });
      console.error(`Their logs: ${join(kept, 'logs')}`);
    }
    for (const thing of started.reverse()) await thing.stop().catch((error) => console.error(`demo: ${error.message}`));
    await stopAll();
    process.exit(status);
  })();
  return ending;
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { if (!ending && !check) console.log('\nending …'); end(0); });

async function own(promise) {
  const thing = await promise;
  if (ending) await thing.stop(); // it came up while we were going down
  started.push(thing);
  // The demo ends with the first of its parts; when somebody closes its window, that is no failure.
  thing.process?.exited.then(({ code }) => {
    if ((thing instanceof Panel || thing instanceof NestedScreen) && code === 0) end(0);
    else end(1, `${thing.process.name} ended (${thing.process.how()}):\n${thing.process.tail()}`);
  });
  return thing;
}

// Where media may be reached directly. Link-local IPv6 addresses mean nothing without a zone.
function addresses() {
  const own = Object.values(networkInterfaces()).flat().filter(({ internal, address }) => !internal && !/^fe80:/i.test(address));
  return ['127.0.0.1', ...own.map(({ address }) => address)].join(';');
}

async function openScreen() {
  const folder = join(directory, 'screen');
  mkdirSync(folder, { mode: 0o700 });
  if (desktop === 'none') return own(Screen.start(folder));
  if (desktop === 'wayland') return own(NestedScreen.start(folder, { title: 'Oriel demo panel' }));
  return { display: DISPLAY, authority: XAUTHORITY ?? '', env: {}, click: null };
}

// The console's configuration names where a browser enrols: a service of the vendor's, which here believes everybody to
// be Anna.
async function enrolling(broker) {
  const enrolment = broker.enrolment = await own(Enrolment.at(broker, { ...AGENT, port: await freePort(check ? 0 : ENROLMENT_PORT) }));
  return { tenant: DEVICE.tenant, broker: '', enrolment: enrolment.url, enrol: 'auto' };
}

async function main() {
  mkdirSync(kept, { recursive: true });
  rmSync(join(kept, 'logs'), { recursive: true, force: true });
  // The owner's and the vendor's keys, the TURN secret and the agent's password stay, so that a browser enrolled once is known to the next demo.
  const keys = new Keys(join(kept, 'keys'), { id: 'bottling', name: 'Hall 3 Bottling' });
  await own(Turn.start(join(directory, 'turn'), { keys, vendor: AGENT.vendor, ports: { plain: await freePortOfBoth(check ? 0 : TURN_PORT), tls: await freePort() } }));
  const broker = await own(Broker.start(join(directory, 'broker'), {
    tenant: DEVICE.tenant, device: DEVICE.id, keys, agents: [AGENT.id], passwords: join(kept, 'passwords'),
    site: join(build, 'console'), config: enrolling,
    ports: { device: await freePort(), agent: await freePort(check ? 0 : PAGE_PORT) },
  }));
  const screen = await openScreen();
  const config = { device: DEVICE, consent: { timeout: 60 } };
  const device = await own(Device.start(join(directory, 'device'), {
    broker, screen, config: lan ? { ...config, media: { path: 'direct', addresses: addresses() } } : Device.relayed(broker, config),
  }));
  const panel = await own(Panel.start({ socket: device.consent, env: screen.env, args: desktop === 'x11' ? ['--windowed'] : [], log: join(directory, 'panel.log') }));
  await device.online();
  await panel.place('call'); // drawn, and support can be called
  return { broker, screen, device, panel, directory, kept };
}

const SAYS = {
  ask: 'The agent asks: the prompt is on the panel.', allowed: 'Allowed at the panel.', denied: 'Denied at the panel.', stopped: 'Stopped at the panel.',
  'session live': 'The agent sees the screen.', called: 'The panel calls for support: the agent\'s page shows it.',
};

// Without a desktop nobody can touch the panel: then its buttons can be tapped by name from here.
function tapFromHere(screen, panel) {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    const name = line.trim();
    if (!name) return;
    if (!panel.places.has(name)) console.log(`There is no "${name}" on the panel now; there are: ${[...panel.places.keys()].join(', ')}`);
    else await panel.click(screen, name).catch((error) => console.error(`demo: ${error.message}`));
  });
}

function tell({ broker, screen, panel }) {
  const ports = [broker.page, broker.enrolment.url].map((url) => `-L ${new URL(url).port}:127.0.0.1:${new URL(url).port}`).join(' ');
  console.log(`\nOriel demo\n\n  The agent's page   ${broker.page}   (Anna Weber of Fill & Cap GmbH)`);
  if (desktop === 'x11') console.log('  The panel          the window "Filler 1" on this desktop.\n                     If you allow a session there, the agent sees this whole desktop, not only the panel.');
  if (desktop === 'wayland') console.log('  The panel          in a window of its own on this desktop; the agent sees what is in that window.');
  if (desktop === 'none') {
    const environment = `DISPLAY=${screen.display} XAUTHORITY=${screen.authority}`;
    console.log(`  The panel          on a virtual screen, ${screen.width}x${screen.height}. To look at it:
                       ${environment} import -window root panel.png
                       ${environment} x11vnc -localhost -once      (apt-get install x11vnc; then a VNC viewer on port 5900)
                     To tap a button, type its name here: call, allow, deny, stop …`);
    tapFromHere(screen, panel);
  }
  if (lan) console.log(`  From elsewhere     ssh ${ports} THIS-MACHINE, then the same address`);
  else console.log('  The browser        Firefox does not use loopback candidates: use Chromium, or ./run demo --lan\n                     (which is also for browsers on other machines)');
  console.log('\nPick the device, give a reason, request a session; allow it at the panel. Ctrl-C ends everything.\n');
  panel.onEvent = ({ text }) => SAYS[text] && console.log(`  ${SAYS[text]}`);
  if (desktop === 'none') return;
  try {
    execFileSync('sh', ['-c', 'command -v xdg-open'], { stdio: 'ignore' });
    spawn('xdg-open', [broker.page], { stdio: 'ignore', detached: true }).unref();
  } catch { /* the address is printed */ }
}

try {
  const cast = await main();
  if (check) {
    const { play } = await import('./check.mjs');
    await play(cast, own);
    await end(0);
  } else {
    tell(cast);
  }
} catch (error) {
  await end(1, check ? error.message : error.stack);
}
