// The agent's console in Chromium, driven by the names that signaling/console/README.md promises.
import { fromRgba } from './image.mjs';

export class Console {
  static async open(browser, url) {
    const console = new Console();
    console.page = await browser.page(url);
    await console.page.waitForSelector('[data-testid="connection"][data-phase="connected"]');
    return console;
  }

  find(name) {
    return this.page.locator(`[data-testid="${name}"]`);
  }

  async data(name) {
    return this.find(name).evaluate((element) => ({ ...element.dataset }));
  }

  // Opens the page of a device that is ready, and waits until it answers.
  async choose(device) {
    await this.page.click(`[data-testid="device-card"][data-device="${device}"][data-status="ready"]`);
    await this.page.waitForSelector('[data-testid="reachable"][data-reachable="yes"]');
  }

  async request(reason = 'Capper jams – may I look?', seconds = 600) {
    await this.find('reason').fill(reason);
    await this.find('duration').selectOption(String(seconds));
    await this.find('request').click();
  }

  // Waits until the page is in one of these states; gives back its data.
  async state(names, ms = 30000) {
    const wanted = [names].flat();
    try {
      await this.page.waitForFunction((list) => list.includes(document.querySelector('[data-testid="state"]')?.dataset.state), wanted, { timeout: ms, polling: 20 });
    } catch (error) {
      throw new Error(`waited ${ms} ms in vain for the console to be ${wanted.join(' or ')}; it is ${JSON.stringify(await this.data('state').catch(() => 'without a state'))} (${error.message.split('\n')[0]})`);
    }
    return this.data('state');
  }

  // The last figures under the picture, as numbers; undefined where the page has none.
  async figures() {
    const data = await this.data('figures');
    return Object.fromEntries(Object.entries(data).filter(([key]) => key !== 'testid').map(([key, value]) => [key, value === '' ? undefined : Number(value)]));
  }

  // The times of the last request in ms of the wall clock.
  marks() {
    return this.page.evaluate(() => Object.fromEntries(Object.entries(window.oriel.marks).map(([name, at]) => [name, performance.timeOrigin + at])));
  }

  // The pixels that the picture has now; with `exact` those that are shown: video and exact layer.
  async pixels({ exact = false } = {}) {
    const { width, height, rgba } = await this.page.evaluate(async (both) => {
      const video = document.querySelector('[data-testid="picture"]');
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
      const context = canvas.getContext('2d', { willReadFrequently: true });
      if (both) document.querySelector('oriel-viewer').drawInto(context);
      else context.drawImage(video, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const url = await new Promise((resolve) => { const reader = new FileReader(); reader.onload = () => resolve(reader.result); reader.readAsDataURL(new Blob([data])); });
      return { width: canvas.width, height: canvas.height, rgba: url.slice(url.indexOf(',') + 1) };
    }, exact);
    return fromRgba(width, height, Buffer.from(rgba, 'base64'));
  }

  async shot(file) {
    await this.page.screenshot({ path: file });
    return file;
  }
}
