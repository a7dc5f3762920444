// Plays the story of the demo by itself: the console in headless Chromium, real clicks on the panel. Prints what it saw;
// throws when a step fails.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from '../tests/rig/browser.mjs';
import { Console } from '../tests/rig/console.mjs';
import { psnr, readPpm } from '../tests/rig/image.mjs';
import { clock, sleep, until } from '../tests/rig/process.mjs';

const REASON = 'Capper jams since the morning shift – may I look?';

export async function play({ broker, screen, device, panel, directory, kept }, own) {
  const shots = Object.fromEntries(['console', 'panel', 'prompt'].map((name) => [name, join(kept, `check-${name}.png`)]));
  for (const file of Object.values(shots)) rmSync(file, { force: true });
  const say = (what, value) => console.log(`${what.padEnd(34)} ${value}`);
  const ms = (time) => `${Math.round(time)} ms`;

  const browser = await own(Browser.start(directory));
  const page = await Console.open(browser, broker.page);
  await page.choose(device.id);
  say('the console shows the device', device.name);

  await page.request(REASON);
  const prompt = await panel.event('shown');
  await page.state('shown');
  let marks = await page.marks();
  say('request to prompt', ms(prompt.wall - marks.asked));
  await panel.event('allow-live');
  await screen.shot(shots.prompt);
  const tap = Date.now();
  await panel.click(screen, 'allow');
  await panel.event('allowed');
  await page.state(['live', 'denied', 'ended', 'unreachable']).then((state) => { if (state.state !== 'live') throw new Error(`after Allow the console is ${JSON.stringify(state)}`); });
  marks = await page.marks();
  say('consent tap to first picture', ms(marks.firstFrame - tap));

  // A few seconds of the moving panel, for the figures.
  await sleep(4000);
  const figures = await page.figures();
  say('picture', `${figures.width}x${figures.height}`);
  say('frames a second', figures.fps ?? 'unknown');
  say('screen to page', figures.latencyMs === undefined ? 'unknown' : ms(figures.latencyMs));
  say('bit rate', `${figures.bitrateKbps} kbit/s`);
  if (figures.width !== screen.width || figures.height !== screen.height) throw new Error(`the picture is ${figures.width}x${figures.height}, the screen ${screen.width}x${screen.height}`);

  // The panel is held still for a moment, so that the two pictures are of one instant, and what moved settles. (It beats
  // once a second, and is given up after 3 s.)
  const truth = join(directory, 'panel.ppm');
  let seen;
  panel.process.signal('SIGSTOP');
  try {
    await sleep(1200);
    [seen] = await Promise.all([page.pixels({ exact: true }), screen.shot(truth)]);
  } finally {
    panel.process.signal('SIGCONT');
  }
  const quality = psnr(readPpm(truth), seen);
  say('the picture against the screen', `${quality.toFixed(1)} dB`);
  if (quality < 35) throw new Error(`the picture is not the screen: ${quality.toFixed(1)} dB`);
  await page.shot(shots.console);
  await screen.shot(shots.panel);

  const helpers = device.picture();
  const stopped = await panel.click(screen, 'stop');
  await until('capture and media to end', () => !device.picture().length, { ms: 5000, every: 1 });
  say('Stop to capture and media gone', `${ms(clock() - stopped)} (${helpers.map(({ name }) => name).join(', ')})`);
  const state = await page.state('ended');
  if (state.by !== 'person') throw new Error(`the console says that ${state.by} ended the session`);
  say('the console says', `ended by the ${state.by}: ${state.reason}`);
  for (const [name, file] of Object.entries(shots)) say(`screenshot of the ${name}`, file);
}
