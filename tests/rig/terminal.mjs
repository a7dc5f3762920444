// oriel-consent-tty on a pty of `rows` lines; says what is on it, and types.
import { program } from './paths.mjs';
import { Process, until } from './process.mjs';

export function terminal(rig, device, { rows = 30, columns = 90, language = 'en' } = {}) {
  const command = `stty rows ${rows} cols ${columns}; exec ${program('oriel-consent-tty')} --socket ${device.consent} --language ${language}`;
  const tty = rig.own(new Process('oriel-consent-tty', 'script', ['-qfec', command, rig.path('typescript')], { stdin: true, log: rig.path('tty.log') }));
  let text = '';
  tty.child.stdout.on('data', (data) => (text += data));
  tty.page = () => text.split('\x1b[H').at(-1).replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '');
  tty.focus = () => /\x1b\[7m(.*?)\x1b\[0m/.exec(text.split('\x1b[H').at(-1))?.[1];
  tty.keys = (keys) => tty.child.stdin.write(keys);
  tty.shows = (what) => until(() => `"${what}" on the terminal; it shows\n${tty.page()}`, () => tty.page().includes(what), { ms: 12000, every: 20 });
  return tty;
}
