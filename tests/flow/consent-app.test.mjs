// The two consent apps for panels whose HMI can't be changed, against a real device: oriel-consent with real clicks and keys on an X
// screen without a window manager, oriel-consent-tty on a pty; in all languages, and in one that is written from the right.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Accessible } from '../rig/accessible.mjs';
import { Panel } from '../rig/panel.mjs';
import { build, root } from '../rig/paths.mjs';
import { Peer } from '../rig/peer.mjs';
import { Process, sleep, until } from '../rig/process.mjs';
import { story } from '../rig/story.mjs';
import { terminal } from '../rig/terminal.mjs';

const SCOPES = ['view', 'camera', 'voice'];
const WIDE = { provider: null, agent: { scopes: SCOPES.join() }, device: { trust: { 'fill-cap': { label: 'Fill & Cap GmbH', scopes: SCOPES, seconds: 3600 } }, config: { session: { scopes: SCOPES.join(';') }, consent: { timeout: 20, 'allow-after-ms': 1000 } } } };

// What the code says, as gettext takes it out.
const template = () => execFileSync('xgettext', ['--from-code=UTF-8', '--keyword=_', '--keyword=N_', '--keyword=ngettext:1,2', '--no-location', '-f', 'po/POTFILES', '-o', '-'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

test('po: each language has every text of the code, and no other', () => {
  const texts = (po) => [...po.replaceAll('"\n"', '').matchAll(/^msgid "(.+)"$/gm)].map(([, text]) => text).sort();
  const wanted = texts(template());
  for (const language of readFileSync(join(root, 'po/LINGUAS'), 'utf8').trim().split(' ')) {
    const file = join(root, `po/${language}.po`);
    execFileSync('msgfmt', ['--check-format', '-o', '/dev/null', file]);
    assert.deepEqual(texts(readFileSync(file, 'utf8')), wanted, language);
    assert.doesNotMatch(readFileSync(file, 'utf8').slice(400), /^msgstr(\[\d\])? ""$/m, `${language}: a text without words`);
  }
});

// A language in Hebrew letters, as long as English, written from the right.
function pseudoLocale(directory) {
  const hebrew = (text) => text === 'ltr' ? 'rtl' : text.replace(/%[su]|[A-Za-z]/g, (c) => c[0] === '%' ? c : String.fromCharCode(0x5d0 + c.toLowerCase().charCodeAt(0) % 26));
  const entries = template().split('\n\n').slice(1).map((entry) => {
    const text = entry.replaceAll('"\n"', ''), one = /^msgid "(.*)"$/m.exec(text)[1], many = /^msgid_plural "(.*)"$/m.exec(text)?.[1];
    return many ? `msgid "${one}"\nmsgid_plural "${many}"\nmsgstr[0] "${hebrew(one)}"\nmsgstr[1] "${hebrew(many)}"\n` : `msgid "${one}"\nmsgstr "${hebrew(one)}"\n`;
  });
  mkdirSync(join(directory, 'he/LC_MESSAGES'), { recursive: true });
  writeFileSync(join(directory, 'he.po'), `msgid ""\nmsgstr ""\n"Language: he\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n${entries.join('\n')}`);
  execFileSync('msgfmt', ['-o', join(directory, 'he/LC_MESSAGES/oriel.mo'), join(directory, 'he.po')]);
  return directory;
}

const app = (rig, device, screen, options = {}) => Panel.start({ app: 'oriel-consent', socket: device.consent, log: rig.path('consent.log'), ...options, env: { ...screen.env, ...options.env } }).then((it) => rig.own(it));

story('the consent app: taps, keys, what is unticked and taken away, silence, a crash, another window over it', async ({ rig }) => {
  const { device, agent } = await rig.cast(WIDE);
  const screen = await rig.screen();
  let consent = await app(rig, device, screen);
  await agent.whenState((state) => state.consent);

  // Attack 13, and an Allow of what was left ticked.
  await agent.request({ scopes: SCOPES });
  await consent.event('shown');
  await consent.click(screen, 'allow');
  await consent.click(screen, 'scope-voice');
  await consent.event('allow-live');
  for (const [name, { width, height }] of consent.places) assert.ok(height >= 48 && width >= 48, `${name} is ${width}x${height}: too small for a finger`);
  await consent.click(screen, 'allow');
  const grant = await agent.grant();
  assert.deepEqual(grant.scopes, ['view', 'camera']);

  // The indicator is there, above a full-screen program that came later; a scope goes by a tap, all by Stop.
  await consent.event('session starting');
  const panel = await rig.own(await Panel.start({ socket: '/nowhere', env: screen.env, log: rig.path('panel.log'), until: 'closed' }));
  await until('the indicator above it', async () => { await consent.click(screen, 'remove-camera'); return consent.events.some(({ text }) => text === 'removed'); });
  await until('one scope less on record', () => device.audit().some(({ event, removed }) => event === 'scopes' && removed === 'camera'));
  await panel.stop();
  // A question in mid-session leaves Stop in reach, and to press it answers the question, too.
  await agent.hello();
  agent.asked = await agent.send({ ...agent.requestMessage({ scopes: ['voice'] }), session: agent.session }, { to: agent.exchange });
  await consent.event('shown');
  await consent.click(screen, 'stop');
  const end = await agent.ended();
  assert.deepEqual([end.by, end.reason], ['person', 'stopped']);
  await consent.event('session ended person stopped');
  await agent.whenState((state) => state.status === 'ready');

  // No: by a tap, by Escape, by Enter where the focus is, by silence. Whoever calls for support is not backed off from.
  const denied = async (reason, how) => {
    await agent.request({ scopes: SCOPES });
    await consent.event('shown');
    await how();
    assert.equal((await agent.denial()).reason, reason);
  };
  await denied('denied', () => consent.click(screen, 'deny'));
  await denied('denied', () => screen.key('Escape'));
  await until('the call button', () => consent.places.has('call'));
  await consent.click(screen, 'call');
  await consent.click(screen, 'preset-2');
  await consent.click(screen, 'call-send');
  const { help } = await agent.whenState((state) => state.help);
  assert.equal(help.note, 'An alarm that I don\'t know');
  await consent.click(screen, 'take-back');
  await agent.whenState((state) => !state.help);
  await denied('denied', () => screen.key('Return'));
  await agent.request({ scopes: SCOPES });
  await consent.event('shown');
  await screen.key('Tab', 'Tab', 'space'); // past Allow, which does not act yet, and the screen, to the camera
  await consent.event('allow-live');
  await consent.click(screen, 'allow');
  assert.deepEqual((await agent.grant()).scopes, ['view', 'voice']);
  await consent.click(screen, 'stop');
  await agent.ended();
  await agent.whenState((state) => state.status === 'ready');

  // A crash of the prompt means no.
  await agent.request({ scopes: ['view'] });
  await consent.event('shown');
  consent.process.signal('SIGKILL');
  assert.equal((await agent.denial()).reason, 'provider-lost');
  assert.equal(device.captures(), 2);

  // From the right, in another language, and silence.
  consent = await app(rig, device, screen, { env: { ORIEL_LOCALEDIR: pseudoLocale(rig.folder('locale')), LANG: 'he_IL.UTF-8', LANGUAGE: undefined, LC_ALL: undefined } });
  await agent.whenState((state) => state.consent);
  const corner = await consent.place('call');
  assert.ok(corner.x < 400, 'the corner is on the other side');
  await agent.request({ scopes: SCOPES });
  await consent.event('shown');
  const [deny, allow] = [await consent.place('deny'), await consent.place('allow')];
  assert.ok(deny.x > allow.x, 'Deny is first, from the right');
  for (const [name, { x, y, width, height }] of consent.places) assert.ok(x >= 0 && y >= 0 && x + width <= 1280 && y + height <= 720, `${name} is not on the screen`);
  await consent.click(screen, 'deny');
  assert.equal((await agent.denial()).reason, 'denied');
});

story('the consent app in five languages: nothing is cut off, and a screen reader gets all of it', async ({ rig }) => {
  const accessible = await Accessible.start(rig), { env } = accessible;
  const { device, agent } = await rig.cast({ ...WIDE, device: { ...WIDE.device, config: { ...WIDE.device.config, consent: { timeout: 12 }, voice: { backend: 'pulse', server: '/nowhere' } } } });
  const screen = await rig.screen({ width: 800, height: 480 });
  const peer = rig.own(await Peer.start()); // for the session
  const words = { en: 'Deny', de: 'Ablehnen', fr: 'Refuser', es: 'Rechazar', zh: '拒绝' };
  for (const [language, deny] of Object.entries(words)) {
    const consent = await app(rig, device, screen, { args: ['--language', language], env });
    await agent.whenState((state) => state.consent);
    await agent.request({ scopes: SCOPES, fingerprint: peer.fingerprint });
    await consent.event('shown');
    await consent.place('deny');
    for (const [name, { x, y, width, height }] of consent.places) assert.ok(x >= 0 && y >= 0 && x + width <= 800 && y + height <= 480, `${language}: ${name} is not on the screen`);
    // Role, name and state of what can be pressed; the digits one by one.
    const tree = await until('the words on the bus', () => {
      const text = accessible.tree('oriel-consent');
      return text.includes(deny) && text;
    }, { ms: 11000, every: 300 });
    assert.match(tree, new RegExp(`push button \\| ${deny} .*focused`), `${language}:\n${tree}`);
    assert.equal([...tree.matchAll(/check box \| \S.* \| \S.* \| .*checked/g)].length, 3, tree);
    assert.match(tree, /label \| \d \d \d \d \d \d/);
    if (language === 'zh') assert.equal((await agent.denial()).reason, 'timeout'); // silence is a no
    else if (language === 'es') { // a session says what is on: here no sound card, by configuration
      await consent.event('allow-live');
      await consent.click(screen, 'allow');
      await agent.grant();
      await peer.connect(agent);
      peer.ping();
      await consent.event('voice without a microphone');
      await until('the words of the indicator', () => ['Sin sonido: aquí no funciona ninguna tarjeta', 'Silenciar', 'Parar'].every((text) => accessible.tree('oriel-consent').includes(text)), { ms: 15000, every: 300 });
      for (const name of ['stop', 'mute', 'remove-voice']) {
        const { x, y, width, height } = await consent.place(name);
        assert.ok(x >= 0 && y >= 0 && x + width <= 800 && y + height <= 480 && height >= 48, `${name} is not on the screen, or small`);
      }
      await consent.click(screen, 'stop');
      await agent.ended();
      await agent.whenState((state) => state.status === 'ready');
    } else {
      await consent.click(screen, 'deny');
      await agent.denial();
    }
    if (language === 'de') { // three denials would end the asking
      await consent.click(screen, 'call');
      await consent.click(screen, 'call-send');
      await agent.whenState((state) => state.help);
    }
    await consent.stop();
    await agent.whenState((state) => !state.consent);
  }
});

story('the terminal app: Deny first, unticked and taken away, stop, text, and no answer on a page that is cut', async ({ rig }) => {
  const { device, agent } = await rig.cast(WIDE);
  let tty = terminal(rig, device);
  await agent.whenState((state) => state.consent);
  await tty.shows('Nobody sees this machine.');
  await agent.request({ scopes: SCOPES });
  await tty.shows('Anna Weber');
  assert.match(tty.focus(), /Deny/);
  tty.keys('\r');
  assert.equal((await agent.denial()).reason, 'denied');
  await agent.request({ scopes: SCOPES });
  await tty.shows('[x] Hear and talk');
  tty.keys('\t\r'); // Allow does not act yet
  await agent.next('progress');
  await sleep(1100);
  tty.keys('\x1b[A\x1b[A\x1b[A '); // up, past Deny, to the camera
  await tty.shows('[ ] Use the camera');
  tty.keys('\t\t\t\r');
  assert.deepEqual((await agent.grant()).scopes, ['view', 'voice']);
  await tty.shows('Take away: Hear and talk');
  await tty.shows('No sound: no sound card works here');
  assert.match(tty.focus(), /Stop/);
  assert.match(tty.page(), /\[ Mute \]/);
  tty.keys('\t\r');
  await until('one scope less on record', () => device.audit().some(({ event, removed }) => event === 'scopes' && removed === 'voice'));
  tty.keys('\x1b[Z');
  await until('the focus on Stop', () => /Stop/.test(tty.focus()));
  tty.keys('\r');
  assert.deepEqual(await agent.ended().then(({ by, reason }) => [by, reason]), ['person', 'stopped']);
  await tty.shows('Support has ended: you stopped it');
  await agent.whenState((state) => state.status === 'ready');
  tty.keys('\x03');
  await tty.exited;
  await agent.whenState((state) => !state.consent);

  // Escape denies, and too small a terminal lets nobody agree.
  tty = terminal(rig, device, { rows: 8, language: 'de' });
  await agent.whenState((state) => state.consent);
  await agent.request({ scopes: SCOPES });
  await tty.shows('Dieses Terminal ist zu klein');
  tty.keys('\t\r');
  await sleep(1200);
  tty.keys('\r');
  tty.keys('\x1b');
  assert.equal((await agent.denial()).reason, 'denied');
  assert.ok(!device.audit().slice(-2).some(({ event }) => event === 'prompt'), 'nobody was shown it');
  tty.keys('\x03');
  await tty.exited;
});

story('Python, by ctypes: the ten lines of src/hmi/README.md', { skip: !existsSync('/usr/bin/python3') && 'there is no python3' }, async ({ rig }) => {
  const [, lines] = /```python\n(.*?)```/s.exec(readFileSync(join(root, 'src/hmi/README.md'), 'utf8'));
  assert.ok(lines.trim().split('\n').length <= 10);
  const file = rig.path('consent.py');
  writeFileSync(file, lines);
  const { device, agent } = await rig.cast({ provider: null });
  const python = rig.own(new Process('python', '/usr/bin/python3', [file, device.consent], { stdin: true, env: { LIBORIEL: join(build, 'src/hmi/liboriel.so.0') }, log: rig.path('python.log') }));
  await agent.whenState((state) => state.consent);
  await agent.request();
  await python.line(/^Anna Weber asks: Capper jams/);
  await sleep(500);
  python.write('y');
  await agent.grant();
});
