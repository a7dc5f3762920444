// An HMI that hands over its own picture ([capture] backend=hmi): the example in a bare poll loop, a program without GLib, is the
// person and the screen at once. Nothing of it leaves before the grant, what it masks never does, and the page is told.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { Process, until } from '../rig/process.mjs';
import { program } from '../rig/paths.mjs';
import { story } from '../rig/story.mjs';

const near = (a, b) => a.every((value, i) => Math.abs(value - b[i]) < 12);
const BLUE = [0x2f, 0x6f, 0xb0], KEY = [0xe8, 0xea, 0xec], GREY = [0x42, 0x41, 0x42];

story('an HMI pushes its own picture, masks its PIN pad, and is the only one who may', async ({ rig }) => {
  const { device, agent } = await rig.cast({ provider: null, device: { config: { capture: { backend: 'hmi' } } } });
  const receiver = await rig.receiver();
  const hmi = rig.own(new Process('example-poll', program('example-poll'), [device.consent], { stdin: true, log: rig.path('hmi.log') }));
  await hmi.line(/^connected: Filler 1/);
  await agent.whenState((state) => state.consent);

  // A no: no capture ever ran, and the HMI was given nothing to write to.
  await agent.request({ fingerprint: await receiver.certificate() });
  await hmi.line(/^Allow\? y\/n/);
  const memory = () => execFileSync('sh', ['-c', `ls -l /proc/${hmi.pid}/fd`], { encoding: 'utf8' }).includes('oriel-surface');
  assert.equal(memory(), false);
  hmi.write('n');
  assert.equal((await agent.denial()).reason, 'denied');
  assert.deepEqual([device.captures(), memory()], [0, false]);

  // Another user of the machine gets no further than his first word, and so no socket to push by.
  if (process.getuid() === 0) {
    for (const path of [rig.directory, device.directory]) chmodSync(path, 0o755); // what keeps him out before the check
    chmodSync(device.consent, 0o666);
    const other = await rig.provider(device, { uid: 65534, hello: false, state: false });
    other.send({ t: 'hello', v: 1, name: 'Impostor' });
    assert.match((await other.next('refused')).why, /may not be the consent provider/);
    await other.process.exited;
  }

  const from = hmi.lines.length;
  await receiver.watchDevice(agent, async () => {
    await hmi.line(/^Allow\? y\/n/, { from });
    hmi.write('y'); // attack 13: sooner than a second is no answer
    await hmi.line(/^y: not yet/, { from });
    await hmi.line(/y acts from now on/, { from });
    hmi.write('y');
  });
  await receiver.picture({ width: 640, height: 360 });
  await hmi.line(/is here/, { from });
  assert.equal(device.captures(), 1);
  assert.equal(memory(), true);
  const at = async (x, y) => { const { rgb, width } = await receiver.pixels(); return [...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)]; };
  const becomes = (what, x, y, colour) => until(what, async () => near(await at(x, y), colour), { ms: 8000, every: 100 });
  await becomes('the blue of the surface', 190, 140, BLUE);
  await becomes('a key of the PIN pad', 438, 125, KEY);
  const frames = (await receiver.state()).frames;
  await until('pictures of what moves', async () => (await receiver.state()).frames > frames + 5);

  // Masked: grey in the picture, and told to the page.
  const heard = () => receiver.page.evaluate(() => window.rig.heard.filter(({ t }) => t === 'masks').at(-1)?.masks);
  hmi.write('m');
  await becomes('the mask', 438, 125, GREY);
  assert.deepEqual(await until('the mask in words', async () => (await heard())?.length && heard()), [[400, 100, 200, 160]]);
  hmi.write('m');
  await becomes('the key again', 438, 125, KEY);
  await until('no mask in words', async () => (await heard())?.length === 0);

  // A line each way, in order; and a ring, which it paints into its own picture.
  const say = (message) => receiver.page.evaluate((text) => window.rig.channel.send(text), JSON.stringify(message));
  await say({ t: 'chat', id: 1, text: 'Is the tray empty?' });
  await hmi.line(/^they write: Is the tray empty\?/);
  hmi.write('tquite empty');
  await until('the answer', () => receiver.page.evaluate(() => window.rig.heard.some(({ t, id, text }) => t === 'chat' && id === 1 && text === 'quite empty')));
  await say({ t: 'heard', id: 1 });
  await say({ t: 'mark', at: [9000, 52000] });
  await becomes('the ring\'s place', Math.round(9000 * 634 / 65535) + 3, Math.round(52000 * 354 / 65535) + 3, [0xe6, 0, 0x7e]);

  hmi.write('s');
  const end = await agent.ended();
  assert.deepEqual([end.by, end.reason], ['person', 'stopped']);
  await until('the shared memory to be given back', () => !memory());
  await agent.whenState((state) => state.status === 'ready');
  hmi.write('q');
  assert.deepEqual((await hmi.exited).code, 0);
});

// The machine maker's whole: the demo panel hands over its own picture, no X screen is captured, and hides what the agent must not see;
// the console says so.
story('the panel hides its PIN pad and its recipe, and the console says what is hidden', async ({ rig }) => {
  const broker = await rig.broker({ console: true });
  const screen = await rig.screen();
  const device = await rig.device({ broker, watch: true, config: { capture: { backend: 'hmi' } } });
  const panel = await rig.panel(device, screen, ['--push', '--page', 'recipe']);
  await device.online();
  const console = await rig.console(broker);
  await console.choose(device.id);
  await console.request();
  await panel.event('allow-live');
  await panel.click(screen, 'allow');
  assert.equal((await console.state(['live', 'denied', 'ended'])).state, 'live');
  await panel.event('session live');
  const grey = async (x, y) => { const { rgb, width } = await console.pixels({ exact: true }); return near([...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)], GREY); };
  const masks = () => console.page.$$eval('[data-testid="mask"]', (all) => all.map((mask) => ({ rect: mask.dataset.rect.split(',').map(Number), text: mask.textContent.trim(), shown: mask.checkVisibility() })));
  assert.deepEqual(await masks(), []);
  assert.equal(await grey(300, 400), false);

  await panel.click(screen, 'hide-recipe');
  await until('the recipe hidden', async () => (await masks()).length === 2 && await grey(300, 400));
  await panel.click(screen, 'load-recipe');
  const all = await until('the PIN pad hidden', async () => { const now = await masks(); return now.length === 3 && now; });
  for (const { text, shown } of all) assert.deepEqual([text, shown], ['hidden by the machine', true]);
  const [x, y, width, height] = all[2].rect, key = await panel.place('pin-5');
  assert.ok(key.x >= x && key.y >= y && key.x + key.width <= x + width && key.y + key.height <= y + height, 'the keys are under the mask');
  for (const digit of '041') await panel.click(screen, `pin-${digit}`);
  await until('the keys hidden', () => grey(Math.round(key.x + key.width / 2), Math.round(key.y + key.height / 2)));
  if (process.env.ORIEL_PICTURES) await console.shot(`${process.env.ORIEL_PICTURES}/console-hidden.png`);
  await panel.click(screen, 'pin-7');
  await panel.event('recipe loaded');
  await until('the pad is gone', async () => (await masks()).length === 2);
  await panel.click(screen, 'hide-recipe');
  await until('nothing is hidden', async () => (await masks()).length === 0 && !(await grey(300, 400)));
  await panel.click(screen, 'stop');
  await console.state('ended');
});
