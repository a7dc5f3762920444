// The whole story as people live it: the console in Chromium, the demo panel on a screen, real clicks on both.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { psnr, readPpm } from '../rig/image.mjs';
import { alive, clock, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

const nothingStarted = (device) => assert.equal(device.captures(), 0);

// Everything but the story. With `known` the device shows another screen than the panel's, with rig-painter's picture.
async function stage(rig, { known = false, device: changes = {}, panel: args = [] } = {}) {
  const broker = await rig.broker({ console: true });
  const screen = await rig.screen();
  const shown = known ? await rig.screen() : screen;
  const painter = known ? await rig.painter(shown) : null;
  const device = await rig.device({ broker, screen: shown, watch: true, ...changes });
  const panel = await rig.panel(device, screen, args);
  await device.online();
  const console = await rig.console(broker);
  return { broker, screen, shown, painter, device, panel, console };
}

// Up to the prompt whose Allow is live.
async function ask({ console, panel, device }, seconds = 600) {
  await console.choose(device.id);
  await console.request('Capper jams – may I look?', seconds);
  await panel.event('shown');
  await console.state('shown');
  await panel.event('allow-live');
}

async function live(cast) {
  await ask(cast);
  await cast.panel.click(cast.screen, 'allow');
  const { state, reason, detail } = await cast.console.state(['live', 'denied', 'ended', 'unreachable']);
  assert.equal(state, 'live', `${reason} ${detail}`);
  await cast.panel.event('session live');
}

story('from request to picture to the person\'s stop', async ({ rig }) => {
  const cast = await stage(rig, { known: true });
  const file = join(rig.directory, 'known.ppm');
  await cast.painter.command(`picture 7 ${file}`);
  await live(cast);
  await sleep(1500);
  const quality = psnr(readPpm(file), await cast.console.pixels());
  assert.ok(quality > 30, `${quality.toFixed(1)} dB`);
  const figures = await until('figures under the picture', async () => { const now = await cast.console.figures(); return now.width && now; });
  assert.deepEqual([figures.width, figures.height], [1280, 720]);
  assert.ok(Number((await cast.console.data('time-left')).seconds) > 580);
  // The indicator with its Stop is on the panel.
  await cast.panel.place('indicator');
  const helpers = cast.device.picture().map(({ pid }) => pid);
  assert.equal(helpers.length, 2);
  const clicked = await cast.panel.click(cast.screen, 'stop');
  await until('capture and media to end', () => !helpers.some(alive), { ms: 3000, every: 0 });
  const took = clock() - clicked;
  globalThis.console.log(`known picture in the console: ${quality.toFixed(1)} dB; click on Stop to capture and media dead: ${took.toFixed(1)} ms`);
  assert.ok(took < 100, `${took.toFixed(1)} ms`);
  const ended = await cast.console.state('ended');
  assert.deepEqual([ended.by, ended.reason], ['person', 'stopped']);
  await until('the indicator to go', () => !cast.panel.places.has('indicator'));
});

story('denied at the panel', async ({ rig }) => {
  const cast = await stage(rig);
  await ask(cast);
  await cast.panel.click(cast.screen, 'deny');
  assert.equal((await cast.console.state('denied')).reason, 'denied');
  nothingStarted(cast.device);
  // And asked again, as a person would who explained on the phone.
  await cast.console.find('again').click();
  await cast.console.page.waitForSelector('[data-testid="reachable"][data-reachable="yes"]');
  await cast.console.request();
  await cast.panel.event('shown');
  nothingStarted(cast.device);
});

story('nobody answers at the panel', async ({ rig }) => {
  const cast = await stage(rig, { device: { config: { consent: { timeout: 5 } } } });
  await ask(cast);
  assert.equal((await cast.console.state('denied', 8000)).reason, 'timeout');
  await until('the prompt to go', () => !cast.panel.places.has('allow'));
  nothingStarted(cast.device);
});

story('the panel crashes while it asks', async ({ rig }) => {
  const cast = await stage(rig);
  await ask(cast);
  cast.panel.process.signal('SIGKILL');
  assert.equal((await cast.console.state('denied')).reason, 'provider-lost');
  nothingStarted(cast.device);
});

story('an instant tap on Allow does nothing', async ({ rig }) => {
  const cast = await stage(rig);
  await cast.console.choose(cast.device.id);
  await cast.console.request();
  await cast.panel.event('shown');
  await cast.panel.click(cast.screen, 'allow');
  await sleep(600);
  nothingStarted(cast.device);
  assert.equal((await cast.console.state('shown')).state, 'shown');
  await cast.panel.event('allow-live');
  await cast.panel.click(cast.screen, 'allow');
  await cast.console.state('live');
});

story('Return on the prompt denies: focus starts there', async ({ rig }) => {
  const cast = await stage(rig);
  await ask(cast);
  await cast.screen.key('Return');
  assert.equal((await cast.console.state('denied')).reason, 'denied');
  nothingStarted(cast.device);
});

story('hung up in the console', async ({ rig }) => {
  const cast = await stage(rig);
  await live(cast);
  await cast.console.find('hangup').click();
  const ended = await cast.console.state('ended');
  assert.deepEqual([ended.by, ended.reason], ['agent', 'hung-up']);
  await until('the indicator to go', () => !cast.panel.places.has('indicator'));
  await until('the helpers to be gone', () => cast.device.picture().length === 0, { ms: 1000 });
});

story('the request is taken back in the console', async ({ rig }) => {
  const cast = await stage(rig);
  await ask(cast);
  await cast.console.find('cancel').click();
  await until('the prompt to go', () => !cast.panel.places.has('allow'));
  await until('the device to be ready', async () => (await cast.device.status()).status === 'ready');
  nothingStarted(cast.device);
});

story('the tab is closed in a session', async ({ rig }) => {
  const cast = await stage(rig);
  await live(cast);
  await cast.console.page.close();
  await until('the session to end', () => cast.device.picture().length === 0, { ms: 15000 });
  const end = cast.device.audit().at(-1);
  assert.equal(end.event, 'end');
  assert.ok(['hung-up', 'peer-lost'].includes(end.reason), JSON.stringify(end));
});

story('the page is reloaded in a session, and can ask again', async ({ rig }) => {
  const cast = await stage(rig);
  await live(cast);
  await cast.console.page.reload();
  await until('the session to end', () => cast.device.picture().length === 0, { ms: 15000 });
  await cast.console.page.goto(cast.broker.page);
  await live(cast);
  assert.equal(cast.device.captures(), 2);
});

story('the console sees devices come, go, and call for help', async ({ rig }) => {
  const cast = await stage(rig);
  const card = (status) => cast.console.page.waitForSelector(`[data-testid="device-card"][data-device="filler-1"]${status}`);
  await card('[data-status="ready"][data-consent="true"][data-help="false"]');
  await cast.panel.click(cast.screen, 'call');
  await cast.panel.click(cast.screen, 'call-send');
  await card('[data-help="true"]');
  await cast.panel.click(cast.screen, 'take-back');
  await card('[data-help="false"]');
  cast.panel.process.signal('SIGKILL');
  await card('[data-consent="false"]');
  await cast.device.process.stop();
  await card('[data-status="offline"]');
});

story('the screen is resized while the console shows it', async ({ rig }) => {
  const cast = await stage(rig, { known: true });
  await live(cast);
  await cast.shown.resize(1000, 560);
  await cast.painter.sized(1000, 560);
  await until('the new size in the figures', async () => { const { width, height } = await cast.console.figures(); return width === 1000 && height === 560; });
  assert.equal((await cast.console.data('state')).state, 'live');
});

story('stopped from a shell: the console says so', async ({ rig }) => {
  const cast = await stage(rig);
  await live(cast);
  assert.equal((await cast.device.oriel('stop')).code, 0);
  const ended = await cast.console.state('ended');
  assert.deepEqual([ended.by, ended.reason], ['local', 'stopped']);
});
