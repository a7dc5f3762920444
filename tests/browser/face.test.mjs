// The agent's camera on the panel: Chromium's own test camera (a green picture), decoded in media, in the demo panel's
// corner through liboriel. Shown only when granted and when the agent wants it; gone with the scope, at once.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readPpm } from '../rig/image.mjs';
import { clock, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

// How green the middle of this place of the screen is: the share of pixels.
async function green(rig, screen, place) {
  const { width, rgb } = readPpm(await screen.shot(join(rig.directory, 'screen.ppm')));
  let count = 0, all = 0;
  for (let y = place.y + (place.height >> 2); y < place.y + (place.height >> 1); y++)
    for (let x = place.x + (place.width >> 2); x < place.x + 3 * (place.width >> 2); x++, all++) {
      const i = 3 * (y * width + x);
      if (rgb[i + 1] > rgb[i] + 60 && rgb[i + 1] > rgb[i + 2] + 60) count++;
    }
  return count / all;
}

story('the agent\'s face: only when granted and wanted; on the panel in a moment; gone with the scope', async ({ rig }) => {
  const scopes = ['view', 'face'];
  const broker = await rig.broker({ console: { scopes: 'view,face' } });
  const screen = await rig.screen();
  const device = await rig.device({ broker, screen, trust: { 'fill-cap': { label: 'Fill & Cap GmbH', scopes, seconds: 3600 } }, config: { session: { scopes: scopes.join(';') } } });
  const panel = await rig.panel(device, screen);
  await device.online();
  const console = await rig.console(broker, { args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
  const { page } = console;
  const tracks = () => page.evaluate(() => document.querySelector('oriel-face').face.stream?.getTracks().map(({ readyState }) => readyState) ?? []);
  await console.choose(device.id);
  await page.click('[data-testid="scope"][data-scope="face"]');
  await console.request();
  await panel.event('allow-live');
  await panel.click(screen, 'allow');
  await console.state('live');
  // Granted, but the agent has not begun: no camera runs, nothing is on the panel.
  await page.waitForSelector('[data-testid="face-on"]:enabled');
  assert.deepEqual(await tracks(), []);
  assert.ok(!panel.places.has('face'));
  const from = clock();
  await console.find('face-on').click();
  await panel.event('face');
  globalThis.console.log(`click to face on the panel: ${Math.round(clock() - from)} ms`);
  let share;
  await until(() => `a green picture on the panel; ${share} of it was`, async () => (share = await green(rig, screen, await panel.place('face'))) > 0.6);
  assert.match(await console.find('face').innerText(), /The person at the machine sees you/);
  await console.shot(join(rig.directory, 'console-face.png'));
  await screen.shot(join(rig.directory, 'panel-face.png'));
  // The agent stops, and begins again.
  await console.find('face-off').click();
  await panel.event('face gone');
  await console.find('face-on').click();
  await panel.event('face');
  // The person takes it away: gone at once, and the browser's camera is let go of.
  const took = await panel.click(screen, 'remove-face');
  await panel.event('face gone');
  globalThis.console.log(`click on the scope to the face gone: ${Math.round(clock() - took)} ms`);
  await page.waitForSelector('[data-testid="face"], [data-testid="face-on"]', { state: 'detached' });
  assert.deepEqual(await tracks(), []);
  await console.state('live');
  await panel.click(screen, 'stop');
  await console.state('ended');
});
