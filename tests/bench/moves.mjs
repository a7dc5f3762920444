// `./run bench moves`: how long until the picture is back after what moves or breaks, as a table; for root. It is no test: nothing
// fails on a time.
//
// Device, cloud and agent are machines of their own (rig/topology.mjs), the console is in Chromium, media goes by a TURN server. Each row is
// one session in which the same happens several times, each time when the picture was there again for a while. The time is from the
// moment in which the network (or the server) is there again to the page's next picture; where nothing is away, as when a NAT
// forgets a connection, from that moment. An observer in the page notes when it says so.
import { rmSync } from 'node:fs';
import { Console } from '../rig/console.mjs';
import { sleep, until } from '../rig/process.mjs';
import { Rig } from '../rig/story.mjs';
import { agentNetwork, noLink } from '../rig/topology.mjs';
import { median } from './stats.mjs';

const TIMES = Number(process.env.ORIEL_MOVES ?? 5);
const only = process.env.ORIEL_BENCH_ROW;
const wall = () => performance.timeOrigin + performance.now();

// In the page: what its state is, and since when by the wall clock.
function observe() {
  window.seen = { state: '', since: 0 };
  new MutationObserver(() => {
    const state = document.querySelector('[data-testid="state"]')?.dataset.state ?? '';
    if (state !== window.seen.state) window.seen = { state, since: Date.now() };
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'] });
}

// Live since after `from`; waits for it.
async function back(page, from) {
  let now;
  await until(() => `the picture; the page is ${JSON.stringify(now)}`, async () => {
    now = await page.page.evaluate('seen').catch(() => ({})); // it is being loaded
    if (['ended', 'denied', 'unreachable'].includes(now.state)) throw new Error(`the session is over: ${JSON.stringify(await page.data('state'))}`);
    return now.state === 'live' && now.since > from;
  }, { ms: 30000, every: 50 });
  return now.since - from;
}

const lost = (page) => page.find('lost').waitFor({ timeout: 15000 });

// Leaves, is away until the page has noticed and for a while of another length each time, and comes.
const away = (leave, come) => async (cast, i) => {
  await leave(cast);
  await lost(cast.page);
  await sleep(300 + 700 * i);
  await come(cast);
  return back(cast.page, wall());
};

// A server that was killed. It is there when its first line says so.
const restarted = async (cast) => {
  await cast.turn.process.stop({ signal: 'SIGKILL' });
  await lost(cast.page);
  await cast.turn.run();
  return back(cast.page, wall());
};

// A NAT, or a firewall, forgets the connection that is: nothing of it passes any more, and nobody is told.
const forgotten = async (cast) => {
  const { topology, page } = cast;
  const { proto, local } = topology.device.sockets().find(({ process, state }) => process === 'oriel-egress' && state === 'ESTAB');
  const port = local.split(':').at(-1), from = wall();
  topology.firewall(`${cast.rule ? `${cast.rule}\n` : ''}${proto} sport ${port} drop`);
  return back(page, from);
};

const reloaded = async ({ page }) => {
  const from = wall();
  await page.page.reload();
  return back(page, from);
};

const BY = { udp: '', tcp: 'meta l4proto udp drop', tls: 'meta l4proto udp drop\ntcp dport 3478 drop' };
const ROWS = [
  { name: 'device', title: 'the device comes to another network', run: away(({ topology }) => topology.unplug('device'), ({ topology }) => topology.plug('device')) },
  { name: 'agent', title: 'the agent comes to another network', run: away(({ topology }) => topology.unplug('agent'), ({ topology }) => topology.plug('agent')) },
  { name: 'cable', title: 'the device\'s cable is cut and whole again', links: { device: { up: { delay: 10 }, down: { delay: 10 } } }, run: away(({ topology }) => topology.links.device.cut(), ({ topology }) => topology.links.device.restore()) },
  ...Object.keys(BY).map((by) => ({ name: `server-${by}`, by, title: `the TURN server is killed and started, by ${by.toUpperCase()}`, run: restarted })),
  ...Object.keys(BY).map((by) => ({ name: `nat-${by}`, by, title: `a NAT forgets the connection, by ${by.toUpperCase()}`, run: forgotten })),
  { name: 'reload', title: 'the agent loads the page anew', run: reloaded },
];

async function stage(rig, { links, by = 'udp' }) {
  const topology = await rig.topology(links ? { links } : {}), rule = BY[by];
  if (rule) topology.firewall(rule);
  const screen = await rig.screen(), painter = await rig.painter(screen);
  await painter.command(`picture 2 ${rig.path('truth.ppm')}`);
  const cast = await rig.cast({ topology, broker: { console: true }, agent: { id: 'boris' }, device: { screen } });
  const browser = await rig.browser();
  await browser.context.addInitScript(observe);
  const page = await Console.open(browser, cast.broker.page), from = wall();
  await page.choose(cast.device.id);
  await page.request();
  await cast.provider.allow();
  await back(page, from);
  return { topology, rule, page, ...cast };
}

async function measure(row) {
  const rig = new Rig(), times = [];
  try {
    const cast = await stage(rig, row);
    for (let i = 0; i < TIMES; i++) {
      await sleep(2500);
      times.push(await row.run(cast, i));
    }
    return { times };
  } catch (error) {
    return { times, why: error.message };
  } finally {
    for (const problem of await rig.close()) console.error(problem);
    rmSync(rig.directory, { recursive: true, force: true });
  }
}

const none = await agentNetwork() || noLink();
if (none) { console.error(`bench: ${none}`); process.exit(2); }
console.log(`${'ms until the picture is back'.padEnd(56)}${['median', 'least', 'most'].map((word) => word.padStart(8)).join('')}`);
for (const row of ROWS.filter(({ name }) => !only || name.includes(only))) {
  const { times, why } = await measure(row);
  const figures = times.length ? [median(times), Math.min(...times), Math.max(...times)].map((time) => String(Math.round(time)).padStart(8)).join('') : '';
  console.log(`${row.title.padEnd(56)}${figures}${why ? `  ${times.length} of ${TIMES}: ${why}` : ''}`);
}
process.exit(0);
