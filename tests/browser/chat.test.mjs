// Chat, pointing and drawing as people live them: the console in Chromium, the demo panel on its screen, real clicks,
// keys and touches on both. What a page of an attacker sends instead is at the end.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readPpm } from '../rig/image.mjs';
import { Panel } from '../rig/panel.mjs';
import { sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { terminal } from '../rig/terminal.mjs';

const INK = [0xe6, 0x00, 0x7e];

// `monitor`: the one that is looked at, {name, x, y, width, height}; else the whole screen. `app`: in the panel's place.
async function live(rig, { name, app, ...monitor } = {}) {
  const broker = await rig.broker({ console: true });
  const screen = await rig.screen();
  if (name) await screen.monitor(name, monitor);
  const device = await rig.device({ broker, screen, ...(name ? { config: { capture: { monitor: name } } } : { watch: true }) });
  const panel = app ? rig.own(await Panel.start({ app, socket: device.consent, env: screen.env, log: rig.path('consent.log') })) : await rig.panel(device, screen);
  await device.online();
  const console = await rig.console(broker);
  await console.choose(device.id);
  await console.request();
  await panel.event('allow-live');
  await panel.click(screen, 'allow');
  await console.state('live');
  await panel.event('session live');
  return { broker, screen, device, panel, console };
}

const lines = (console) => console.page.locator('[data-testid="chat-line"]').evaluateAll((all) => all.map((one) => `${one.dataset.from}${one.dataset.heard === 'true' ? '' : '?'}: ${one.querySelector('p').textContent}`));

// How many of the panel's pixels have the ink's colour, and the box around them.
async function ink(rig, screen) {
  const { width, height, rgb } = readPpm(await screen.shot(join(rig.directory, 'screen.ppm')));
  const box = { count: 0, left: width, top: height, right: 0, bottom: 0 };
  for (let i = 0; i < width * height; i++) {
    if (!INK.every((value, c) => rgb[3 * i + c] === value)) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    Object.assign(box, { count: box.count + 1, left: Math.min(box.left, x), top: Math.min(box.top, y), right: Math.max(box.right, x), bottom: Math.max(box.bottom, y) });
  }
  return box;
}

const near = (actual, expected, what) => assert.ok(Math.abs(actual - expected) < 16, `${what}: ${actual}, not about ${expected}`);

story('chat both ways, a tap, a typed line; pointing and drawing over the panel, which takes no touch', async ({ rig }) => {
  const { screen, panel, console, device } = await live(rig);
  const { page } = console;
  // ---- chat
  await console.find('chat-open').click();
  await console.find('chat-text').fill('Is the guard \u202eclosed?');
  await page.keyboard.press('Enter');
  await panel.event('chat');
  await until('the line to be on the panel', async () => (await lines(console)).join() === 'agent: Is the guard closed?');
  await panel.click(screen, 'chat-answer-1');
  await until('the answer in the console', async () => (await lines(console)).at(-1) === 'person: Yes');
  await panel.click(screen, 'chat-text');
  await screen.type('I see <b>it</b> now');
  await panel.click(screen, 'chat-send');
  await until('the typed line in the console', async () => (await lines(console)).at(-1) === 'person: I see <b>it</b> now');
  assert.deepEqual(await page.$$eval('[data-testid="chat-line"]', (all) => all.map((line) => line.querySelector('small')).map((small) => small.offsetTop >= small.previousElementSibling.offsetTop + small.previousElementSibling.offsetHeight && small.offsetHeight < 24)), [true, true, true], 'who and when are one line, below the words');
  await console.shot(join(rig.directory, 'console-chat.png'));
  await screen.shot(join(rig.directory, 'panel-chat.png'));
  await console.find('chat-close').click();
  await panel.click(screen, 'chat-close');
  await until('the card to go', () => !panel.places.has('chat'));
  await sleep(300);
  assert.equal((await ink(rig, screen)).count, 0);
  // ---- pointing: a ring around a place, and where the mouse is
  const picture = await console.find('picture').boundingBox();
  const at = (x, y) => [picture.x + x * picture.width, picture.y + y * picture.height];
  await console.find('point').click();
  await page.mouse.move(...at(0.25, 0.5));
  await page.mouse.down();
  await page.mouse.up();
  const ring = await until('the ring on the panel', async () => { const box = await ink(rig, screen); return box.count > 300 && box; });
  near((ring.left + ring.right) / 2, 320, 'middle of the ring, x');
  near((ring.top + ring.bottom) / 2, 360, 'middle of the ring, y');
  await console.find('clear').click();
  await until('the ring to go', async () => (await ink(rig, screen)).count === 0);
  // ---- drawing: a line from button to button
  await console.find('draw').click();
  await page.mouse.move(...at(0.3, 0.3));
  await page.mouse.down();
  for (let i = 0; i <= 20; i++) await page.mouse.move(...at(0.3 + i * 0.02, 0.3 + i * 0.01));
  await page.mouse.up();
  const line = await until('the line on the panel', async () => { const box = await ink(rig, screen); return box.right > 870 && box; });
  near(line.left, 384, 'left end');
  near(line.right, 896, 'right end');
  near(line.bottom, 360, 'lower end');
  await console.shot(join(rig.directory, 'console-draw.png'));
  await screen.shot(join(rig.directory, 'panel-draw.png'));
  // It is part of the picture, and no touch ends in it: the button below one that is drawn over still acts.
  await until('the line in the console\'s picture', async () => {
    const { width, rgb } = await console.pixels({ exact: true });
    const i = 3 * (252 * width + 512);
    return rgb[i] > 180 && rgb[i + 1] < 110;
  });
  const stop = await panel.place('stop');
  const over = { x: (stop.x + stop.width / 2) / 1280, y: (stop.y + stop.height / 2) / 720 };
  await page.mouse.move(...at(over.x - 0.02, over.y));
  await page.mouse.down();
  await page.mouse.move(...at(over.x + 0.02, over.y), { steps: 4 });
  await page.mouse.up();
  await until('ink over Stop', async () => (await ink(rig, screen)).top < stop.y + stop.height);
  await panel.click(screen, 'stop');
  const ended = await console.state('ended');
  assert.deepEqual([ended.by, ended.reason], ['person', 'stopped']);
  await until('the ink to go with the session', async () => (await ink(rig, screen)).count === 0);
  const end = await until('the end in the log', () => device.audit().find(({ event }) => event === 'end'));
  assert.equal(end.chat, 3);
  assert.ok(!JSON.stringify(device.audit()).includes('guard'), 'what was said is in no log');
});

story('the consent app above an HMI: chat by keys, a ring on the monitor that is looked at, gone by itself; a terminal says where', async ({ rig }) => {
  const { screen, panel, console, device } = await live(rig, { app: 'oriel-consent', name: 'RIGHT', x: 640, y: 120, width: 640, height: 480 }), { page } = console;
  const point = async (x, y) => {
    const picture = await console.find('picture').boundingBox();
    await page.mouse.click(picture.x + picture.width * x, picture.y + picture.height * y);
  };
  await console.find('point').click();
  await point(0.25, 0.5);
  const ring = await until('the ring on the panel', async () => { const box = await ink(rig, screen); return box.count > 300 && box; });
  near((ring.left + ring.right) / 2, 800, 'middle of the ring, x');
  near((ring.top + ring.bottom) / 2, 360, 'middle of the ring, y');
  const from = Date.now();
  // ---- meanwhile chat: its window opens by the first line, and takes no keys from the HMI before it is tapped
  await console.find('chat-open').click();
  for (const line of ['Is the guard \u202eclosed?', 'And \u0007the lamp?']) {
    await console.find('chat-text').fill(line);
    await page.keyboard.press('Enter');
    await panel.event('chat');
  }
  await panel.click(screen, 'chat-text');
  await screen.type('Both <b>yes</b>');
  await screen.key('Return');
  await until('the answer in the console', async () => (await lines(console)).join() === 'agent: Is the guard closed?,agent: And the lamp?,person: Both <b>yes</b>');
  await screen.shot(join(rig.directory, 'consent-chat.png'));
  await until('the ring to go by itself', async () => (await ink(rig, screen)).count === 0);
  globalThis.console.log(`the ring was there for ${((Date.now() - from) / 1000).toFixed(1)} s`);
  await panel.click(screen, 'stop');
  await console.state('ended');
  await panel.stop();
  // ---- a terminal: it has words for the place, and asks for nothing that it can't show
  const tty = terminal(rig, device);
  await tty.shows('Nobody sees this machine.');
  await console.find('again').click();
  await console.request();
  await tty.shows('Anna Weber');
  tty.keys('\t');
  await until('Allow to act', () => { if (/Allow/.test(tty.focus())) tty.keys('\r'); return tty.page().includes('sees this screen'); }, { every: 300 });
  await console.state('live');
  await console.find('point').click();
  await point(0.9, 0.1);
  await tty.shows('They point at the top right of the screen');
  tty.keys('\r');
  await console.state('ended');
});
