// The exact layer: what the console shows of a screen at rest is the screen, bit by bit.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { different, fromRgba, psnr, readPpm } from '../rig/image.mjs';
import { sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';

// A live session of a screen with rig-painter's picture.
async function stage(rig) {
  const broker = await rig.broker({ console: true });
  const screen = await rig.screen();
  const painter = await rig.painter(screen);
  const device = await rig.device({ broker, screen });
  const provider = await rig.provider(device);
  await device.online();
  const console = await rig.console(broker);
  await console.choose(device.id);
  await console.request();
  await provider.allow();
  const { state, reason, detail } = await console.state(['live', 'denied', 'ended', 'unreachable']);
  assert.equal(state, 'live', `${reason} ${detail}`);
  return { device, painter, console };
}

const bytes = (console) => console.page.evaluate(() => document.querySelector('oriel-viewer').layer.bytes);
// The page says that it is exact, and it is: of a change that has not been seen yet nothing is known.
async function exact(console, file) {
  const truth = readPpm(file);
  let wrong;
  await until(() => `the picture to be exact; ${wrong?.length} pixels and more are not`, async () => (await console.data('exact')).exact === 'exact' && !(wrong = different(truth, await console.pixels({ exact: true }))).length, { ms: 20000 });
}

// In the page: of each change that is shown, the bar code (painter.c) in the first rows, and the one in the rows from 160 on.
function watchCodes() {
  const viewer = document.querySelector('oriel-viewer'), video = document.querySelector('[data-testid="picture"]');
  const strip = document.createElement('canvas'), whole = document.createElement('canvas');
  [strip.width, strip.height] = [48, 1];
  let now;
  const late = (code) => (((now * 10 - code) % 2 ** 40) + 2 ** 40) % 2 ** 40 / 10;
  const read = (y) => {
    const context = strip.getContext('2d', { willReadFrequently: true }), cell = Math.floor(whole.width / 48);
    context.imageSmoothingEnabled = false;
    // One pixel from the middle of each cell.
    for (let i = 0; i < 48; i++) context.drawImage(whole, i * cell + (cell >> 1), y + 16, 1, 1, i, 0, 1, 1);
    const { data } = context.getImageData(0, 0, 48, 1);
    const bytes = [0, 1, 2, 3, 4, 5].map((n) => [0, 1, 2, 3, 4, 5, 6, 7].reduce((value, k) => value * 2 + (data[(n * 8 + k) * 4] > 127 ? 1 : 0), 0));
    const check = bytes.pop();
    const sum = bytes.toReversed().reduce((total, byte) => (total * 31 + byte) >>> 0, 0) & 255;
    // And whether it is exact: black and white, nothing between.
    const pure = data.every((value) => value === 0 || value === 255);
    // Of two pictures side by side the check is right once in 256: but that is no time of the last minute.
    const code = bytes.reduce((value, byte) => value * 256 + byte, 0);
    return { code: sum === check && late(code) < 60000 ? code : null, pure };
  };
  window.codes = [];
  viewer.addEventListener('presented', ({ detail }) => {
    now = performance.timeOrigin + performance.now();
    [whole.width, whole.height] = [video.videoWidth, 192];
    viewer.drawInto(whole.getContext('2d'));
    const top = read(0), below = read(160);
    window.codes.push({ top, below, exact: detail.exact, late: top.code === null ? null : late(top.code) });
  });
}

story('exact: a screen at rest is bit by bit the screen, and after a page flip again', async ({ rig }) => {
  const { painter, console } = await stage(rig);
  const file = join(rig.directory, 'known.ppm');
  await console.page.evaluate(watchCodes);
  const took = [], sent = [];
  for (const seed of [7, 8, 9, 10, 7]) {
    const before = await bytes(console);
    const time = Number((await painter.command(`flip ${seed}`)).split(' ').at(-1));
    await painter.command(`rest ${file}`);
    await exact(console, file);
    took.push(await console.page.evaluate((code) => window.codes.find(({ top, exact }) => top.code === code && exact === 'exact')?.late, time));
    sent.push(await bytes(console) - before);
  }
  // The first page comes back as references, but for the rows with the time.
  assert.ok(sent.at(-1) < sent[1] / 3, sent.join(', '));
  globalThis.console.log(`page flips of ${sent.join(', ')} bytes, from the screen to the last exact pixel: ${took.map((ms) => ms?.toFixed(0)).join(', ')} ms`);
});

// What is shown never goes back to what was shown before: nothing flickers. Without a clock on the screen the code is 0.
function neverBack(codes, of = ({ top }) => top.code) {
  const times = codes.map(of).filter(Boolean);
  assert.ok(times.length > 10, `${times.length} of ${codes.length} changes show the time`);
  assert.deepEqual(times.filter((code, i) => i > 0 && code < times[i - 1]), []);
}

// How often the thread of media was woken for which packets from the network would wait, if there were no way around it (shortcut.h).
function woken({ pid }) {
  const status = (id) => { try { return readFileSync(`/proc/${pid}/task/${id}/status`, 'utf8'); } catch { return ''; } }; // it has ended
  const threads = readdirSync(`/proc/${pid}/task`).map(status).filter((text) => /^Name:\tqueue\d+:src$/m.test(text));
  assert.ok(threads.length > 0);
  return threads.reduce((sum, text) => sum + Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(text)[1]), 0);
}

async function watch(rig, kind, meanwhile = () => sleep(4000)) {
  const { device, painter, console } = await stage(rig), media = device.helper('oriel-media');
  await painter.command(`clock ${kind}`);
  await sleep(1000);
  await console.page.evaluate(watchCodes);
  const before = woken(media);
  await meanwhile(painter);
  const codes = await console.page.evaluate(() => window.codes);
  assert.ok(woken(media) - before < 5);
  neverBack(codes);
  const late = codes.filter((code) => code.late !== null).map((code) => code.late).sort((a, b) => a - b);
  const figures = `${codes.length} changes of ${new Set(codes.map(({ top }) => top.code)).size} pictures, ${codes.filter(({ top }) => top.pure).length} exact; from the screen to the page p50 ${late[late.length >> 1]?.toFixed(1)} ms`;
  globalThis.console.log(`${kind}: ${figures}`);
  return { codes, figures };
}

story('exact: a tile is never shown with another frame than its own', async ({ rig }) => {
  // The upper bar code is a small change and so exact, the lower one is in a film. When that stood still (it does by itself on a
  // busy machine), it is for the device another page, which fills: then the picture is of two times, and says that it settles.
  const { codes, figures } = await watch(rig, 'both', async ({ process }) => {
    await sleep(1500);
    process.signal('SIGSTOP');
    await sleep(1500);
    process.signal('SIGCONT');
    await sleep(2000);
  });
  assert.ok(codes.filter(({ top, below, exact }) => exact === 'motion' && top.pure && !below.pure).length > 20, figures);
  const torn = codes.filter(({ top, below }) => top.code === null || (below.code !== null && below.code !== top.code));
  globalThis.console.log(`of two times: ${torn.length}`);
  assert.deepEqual(torn.filter(({ exact }) => exact !== 'settling'), []);
  neverBack(codes, ({ below }) => below.code);
});

story('exact: a small change thirty times a second is exact each time', async ({ rig }) => {
  const { codes, figures } = await watch(rig, 'small');
  const all = new Set(codes.map(({ top }) => top.code)), exactly = new Set(codes.filter(({ top }) => top.pure).map(({ top }) => top.code));
  assert.ok(all.size > 20 && exactly.size > all.size * 0.8, figures);
  assert.ok(!all.has(null), figures);
});

story('exact: text that scrolls, and is exact when it rests; a film is the video alone until it does', async ({ rig }) => {
  const { painter, console } = await stage(rig);
  const file = join(rig.directory, 'known.ppm');
  await painter.command('clock scroll');
  await sleep(2000);
  await painter.command(`rest ${file}`);
  await exact(console, file);

  await console.page.evaluate(watchCodes);
  const alone = () => console.page.evaluate(() => document.querySelector('[data-testid="exact-layer"]').hidden);
  for (let i = 0; i < 2; i++) {
    await painter.command('clock video');
    await until('the video to be shown alone', alone);
    await sleep(500);
    await painter.command(`rest ${file}`);
    await exact(console, file);
    assert.equal(await alone(), false);
  }
  neverBack(await console.page.evaluate(() => window.codes));
});

// A picture file of the page as pixels.
async function decoded(page, png) {
  const { width, height, rgba } = await page.evaluate(async (base64) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type: 'image/png' }));
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const url = await new Promise((resolve) => { const reader = new FileReader(); reader.onload = () => resolve(reader.result); reader.readAsDataURL(new Blob([data])); });
    return { width: canvas.width, height: canvas.height, rgba: url.slice(url.indexOf(',') + 1) };
  }, png.toString('base64'));
  return fromRgba(width, height, Buffer.from(rgba, 'base64'));
}

story('exact: pixel for pixel on a dense display and in the saved file; and when its channel fails, the video has all of it', async ({ rig }) => {
  const { painter, console } = await stage(rig), { page } = console;
  const dense = await page.context().newCDPSession(page);
  await dense.send('Emulation.setDeviceMetricsOverride', { width: 1440, height: 900, deviceScaleFactor: 2, mobile: false });
  await console.find('one-to-one').click();
  const file = join(rig.directory, 'known.ppm');
  await painter.command('flip 21');
  await painter.command(`rest ${file}`);
  await exact(console, file);
  const truth = readPpm(file);
  const box = await until('the picture to have two device pixels a pixel', async () => { const box = await console.find('exact-layer').boundingBox(); return box?.width === 640 && box; });
  // Not page.screenshot(): it brings the picture back to one pixel of it per pixel of the style sheet.
  const { data } = await dense.send('Page.captureScreenshot', { format: 'png', clip: { ...box, scale: 1 } });
  const shown = await decoded(page, Buffer.from(data, 'base64'));
  assert.deepEqual(different(truth, shown), []);
  const saved = page.waitForEvent('download');
  await console.find('save-picture').click();
  assert.deepEqual(different(truth, await decoded(page, readFileSync(await (await saved).path()))), []);

  // The page left it out of the video as long as it had it otherwise.
  await page.evaluate(() => document.querySelector('oriel-viewer').layer.refuse());
  const alone = async (known) => { let quality; await until(() => `the video alone: ${quality} dB`, async () => (quality = psnr(known, await console.pixels())) > 34, { every: 200 }); };
  await alone(truth);
  assert.equal((await console.data('exact')).exact, 'none');
  assert.equal(await console.find('exact').textContent(), 'Video');
  await painter.command(`picture 22 ${file}`);
  await alone(readPpm(file));
});
