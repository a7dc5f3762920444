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
  const truth = readPpm(file);
  let quality;
  await until(() => `the picture: ${quality.toFixed(1)} dB`, async () => (quality = psnr(truth, await cast.console.pixels({ exact: true }))) > 30, { every: 200 });
  const figures = await until('figures under the picture', async () => { const now = await cast.console.figures(); return now.width && now; });
  assert.deepEqual([figures.width, figures.height], [1280, 720]);
  assert.ok(Number((await cast.console.data('time-left')).seconds) > 580);
  // The indicator with its Stop is on the panel.
  await cast.panel.place('indicator');
  const helpers = cast.device.picture().map(({ pid }) => pid);
  assert.equal(helpers.length, 2);
  const clicked = await cast.panel.click(cast.screen, 'stop');
  await until('capture and media to end', () => !helpers.some(alive), { every: 0 });
  globalThis.console.log(`known picture in the console: ${quality.toFixed(1)} dB; click on Stop to capture and media dead: ${(clock() - clicked).toFixed(1)} ms`);
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
  await cast.console.choose(cast.device.id);
  await cast.console.request();
  await cast.panel.event('shown');
  assert.equal((await cast.console.state('denied')).reason, 'timeout');
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
  // The device's word on it can be taken home, and checked there.
  await until('the signed end', async () => (await cast.console.find('receipt').getAttribute('data-end')) === 'signed');
  const [download] = await Promise.all([cast.console.page.waitForEvent('download'), cast.console.find('receipt').click()]);
  const checked = await cast.device.oriel('audit', 'verify', '--receipt', await download.path(), '--owner', join(cast.broker.keys.owner, 'owner.json'));
  assert.equal(checked.code, 0, checked.stderr);
  assert.match(checked.stdout, /it ended by agent: hung-up/);
  await until('the indicator to go', () => !cast.panel.places.has('indicator'));
  await until('the helpers to be gone', () => cast.device.picture().length === 0);
});

story('the request is taken back in the console', async ({ rig }) => {
  const cast = await stage(rig);
  await ask(cast);
  await cast.console.find('cancel').click();
  await until('the prompt to go', () => !cast.panel.places.has('allow'));
  await until('the device to be ready', async () => (await cast.device.status()).status === 'ready');
  nothingStarted(cast.device);
});

story('the page is left for another one in a session: its word of that is its last, and shortens the wait', async ({ rig }) => {
  const cast = await stage(rig);
  await live(cast);
  await cast.console.page.goto('about:blank');
  await until('the session to end', () => cast.device.picture().length === 0, { ms: 20000 }); // without that word: 30 s
  const end = cast.device.audit().at(-1);
  assert.deepEqual([end.event, end.reason, end.detail], ['end', 'peer-lost', 'the agent\'s page was left, and not back within 10 s'], JSON.stringify(end));
});

story('the page is reloaded in a session: the same grant, nobody is asked, and no other tab gets it', async ({ rig }) => {
  const cast = await stage(rig);
  await live(cast);
  const { page } = cast.console, address = page.url(), from = clock();
  await page.reload();
  await cast.console.state('live');
  console.log(`reloaded: the picture is back after ${Math.round(clock() - from)} ms`);
  const of = (name) => cast.device.audit().filter(({ event }) => event === name).length;
  await until('the log to say so', () => of('live') === 2);
  assert.deepEqual([of('prompt'), of('grant'), of('rejoin'), of('lost'), cast.device.captures()], [1, 1, 1, 1, 1]);
  // A tab that was duplicated has the same notes, but the session has its page.
  const notes = await page.evaluate(() => sessionStorage.getItem('oriel-session'));
  const twin = await page.context().newPage();
  await twin.addInitScript((text) => sessionStorage.setItem('oriel-session', text), notes);
  await twin.goto(address);
  await twin.waitForSelector('[data-testid="state"][data-state="ended"][data-reason="elsewhere"]');
  await twin.close();
  assert.equal((await cast.console.data('state')).state, 'live');
  assert.equal(of('rejoin'), 1);
  // While the page is away the person sees it, and Stop works at once: who comes back then gets nothing.
  await page.goto('about:blank');
  await until('the log to say that the page was left', () => of('lost') === 2);
  await cast.panel.click(cast.screen, 'stop');
  await until('the helpers to be gone', () => cast.device.picture().length === 0);
  await page.goto(address);
  assert.equal((await cast.console.state('ended')).reason, 'left');
  assert.deepEqual([of('rejoin'), of('end')], [1, 1]);
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

// What people see of the scopes and of a call, on both sides; the person is a program here, whose clicks are known to work.
story('scopes and calls: asked one by one, unticked, taken away, asked again; the queue has what the machine knows', async ({ rig }) => {
  const scopes = ['view', 'camera', 'voice', 'face'];
  const broker = await rig.broker({ console: { scopes: 'view,camera,voice' } });
  const device = await rig.device({ broker, trust: { 'fill-cap': { label: 'Fill & Cap GmbH', scopes, seconds: 3600 } }, config: { session: { scopes: 'view;camera' } } });
  const provider = await rig.provider(device);
  await device.online();
  const console = await rig.console(broker);
  const { page } = console;
  const texts = (name) => page.$$eval(`[data-testid="${name}"]`, (all) => all.map(({ dataset, disabled }) => [dataset.scope, disabled].filter((v) => v !== undefined)));
  const sees = (name, fits) => page.waitForFunction(([id, test]) => [...document.querySelectorAll(`[data-testid="${id}"]`)].some((e) => e.matches(test)), [name, fits]);
  // The call: who waits longest is first, with what the machine knows; its words are the reason that is proposed.
  provider.send({ t: 'call', note: 'Jam at the capper', page: 'Alarms', alarms: ['AE-310 Capper jammed', 'BE-330 Outfeed full'], callback: 'line 2, extension 221' });
  await page.waitForSelector('[data-testid="queue"][data-count="1"]');
  assert.match(await console.find('help').innerText(), /Waits [^]*221[^]*Jam at the capper[^]*AE-310 Capper jammed and 1 more[^]*Alarms/);
  await console.choose(device.id);
  // Called back, and closed with a note. Then they call again.
  await console.find('call-done').click();
  await console.find('call-done-note').fill('The sensor was dirty');
  await console.shot(join(rig.directory, 'console-call-done.png'));
  await console.find('call-done-send').click();
  assert.deepEqual([(await provider.next('answered')).note, await page.waitForSelector('[data-testid="call-done-note"]', { state: 'detached' })], ['The sensor was dirty', null]);
  provider.send({ t: 'call', note: 'Jam at the capper', callback: 'line 2, extension 221' });
  await page.waitForSelector('[data-testid="call-done"]');
  assert.equal(await console.find('reason').inputValue(), 'Your call: Jam at the capper');
  assert.match(await console.find('warning').innerText(), /Call back first: line 2, extension 221/);
  // Only what the credential allows, and of that what the device offers.
  assert.deepEqual(await texts('scope'), [['view', true], ['camera', false], ['voice', true]]);
  await page.click('[data-testid="scope"][data-scope="camera"]');
  await console.find('request').click();
  const ask = await provider.asked();
  assert.deepEqual([ask.scopes, ask.reason], [['view', 'camera'], 'Your call: Jam at the capper']);
  await console.state('shown');
  provider.decide(ask, true, ['view']);
  await console.state('live');
  await sees('changed', '[data-left="camera"]');
  await console.find('understood').click();
  // More: asked with a reason of its own; no leaves all as it is.
  const more = async () => {
    await console.find('ask-more').click();
    await page.click('.ask-more [data-scope="camera"]');
    await console.find('more-reason').fill('Show me the nozzle');
    await console.find('request-more').click();
    return provider.asked();
  };
  let question = await more();
  assert.deepEqual([question.kind, question.scopes, question.reason], ['more', ['camera'], 'Show me the nozzle']);
  await sees('more', '[data-state="shown"]');
  assert.equal((await console.find('more-code').innerText()).replace(' ', ''), question.code);
  provider.decide(question, false);
  await sees('more', '[data-state="denied"][data-reason="denied"]');
  question = await more();
  provider.decide(question, true);
  await sees('changed', '[data-added="camera"]');
  assert.deepEqual(await texts('granted'), [['view'], ['camera']]);
  provider.send({ t: 'remove', session: provider.session, scope: 'camera' });
  await sees('changed', '[data-removed="camera"]');
  assert.deepEqual(await texts('granted'), [['view']]);
  provider.stopSession();
  await console.state('ended');
  // Somebody answered: the call is over, and three times no is told in words.
  await console.find('back').click();
  await page.waitForSelector('[data-testid="device-card"][data-help="false"]');
  await console.choose(device.id);
  for (let n = 0; n < 3; n++) {
    await console.request();
    await provider.deny();
    await console.state('denied');
    await console.find('again').click();
    await page.waitForSelector('[data-testid="reachable"][data-reachable="yes"]');
  }
  await console.request();
  assert.equal((await console.state('denied')).reason, 'backoff');
  assert.ok(Number((await console.data('retry-in')).seconds) > 890);
});
