// Debian's Firefox, headless, as people have it: playwright-core drives it by WebDriver BiDi. The settings that this
// brings are about updates, first runs and timers; those of WebRTC and its privacy are Firefox's own.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firefox } from 'playwright-core';
import { Browser } from './browser.mjs';
import { tidy } from './process.mjs';

export class Firefox extends Browser {
  static async start(directory, { width = 1440, height = 900, executable = '/usr/bin/firefox-esr' } = {}) {
    const browser = new Firefox();
    browser.log = [];
    // Like every other process of ours it goes when we do (process.mjs); Chromium does so by itself.
    const wrapper = join(directory, 'firefox');
    writeFileSync(wrapper, `#!/bin/sh\nexec setpriv --pdeathsig KILL -- ${executable} "$@"\n`);
    chmodSync(wrapper, 0o755);
    browser.context = await firefox.launchPersistentContext(join(directory, 'profile'), {
      channel: 'moz-firefox', executablePath: wrapper, headless: true,
      env: { ...process.env, ...tidy, HOME: directory, XDG_CONFIG_HOME: directory, XDG_CACHE_HOME: directory },
      viewport: { width, height }, timeout: 30000, handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false,
    });
    browser.context.setDefaultTimeout(30000);
    return browser;
  }
}
