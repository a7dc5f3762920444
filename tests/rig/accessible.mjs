// What a screen reader is told by a program (accessible.py), and a real click on what it says is a button: for programs that
// don't tell where their buttons are. Its window must be in the corner of a screen without a window manager.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { Process, until } from './process.mjs';

export class Accessible {
  // With a bus of its own, for programs that are started with `env`. What it starts makes another bus, in a place of its own, too.
  static async start(rig) {
    const bus = rig.own(new Process('dbus', 'dbus-daemon', ['--session', '--print-address', '--nofork', '--nopidfile'], { env: { XDG_RUNTIME_DIR: rig.folder('runtime') }, log: rig.path('dbus.log') }));
    const accessible = new Accessible();
    accessible.env = { DBUS_SESSION_BUS_ADDRESS: (await bus.line(/^unix:/)).text };
    return accessible;
  }

  // All of a program's widgets, a line each: role, name, description, states, place.
  tree(name) {
    return execFileSync('/usr/bin/python3', [join(root, 'tests/rig/accessible.py'), name], { encoding: 'utf8', env: { ...process.env, ...this.env }, stdio: ['ignore', 'pipe', 'ignore'] });
  }

  // Presses that program's button, once it can be pressed.
  async press(screen, name, button) {
    const place = await until(`the button ${button}`, () => new RegExp(`push button \\| ${button} .*sensitive \\| (\\d+) (\\d+) ([1-9]\\d*) ([1-9]\\d*)$`, 'm').exec(this.tree(name))?.slice(1).map(Number), { ms: 12000, every: 100 });
    await screen.click(place[0] + place[2] / 2, place[1] + place[3] / 2);
  }
}
