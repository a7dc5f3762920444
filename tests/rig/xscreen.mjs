// An X11 screen of our own: Xvfb with a cookie, on a display number that nobody has.
// It starts large and is set to the wanted size by RandR, so that a test can change it in mid-session like a person
// would. -noreset because a server that resets when its last client leaves would forget the added modes.
import { execFile } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Process, within } from './process.mjs';
import { program } from './paths.mjs';

const execute = promisify(execFile);

// An Xauthority file (Xau library's format) with one entry for any host and display.
function authority(cookie) {
  const counted = (bytes) => { const size = Buffer.alloc(2); size.writeUInt16BE(bytes.length); return Buffer.concat([size, bytes]); };
  const wild = Buffer.from([0xff, 0xff]);
  return Buffer.concat([wild, counted(Buffer.alloc(0)), counted(Buffer.alloc(0)), counted(Buffer.from('MIT-MAGIC-COOKIE-1')), counted(cookie)]);
}

// -displayfd alone would let the server pick one, but by its abstract socket, of which each network namespace has its own:
// from another one it would take the place of a desktop's socket in /tmp. The lock file of a given number is one for all.
const free = (number) => !existsSync(`/tmp/.X${number}-lock`) && !existsSync(`/tmp/.X11-unix/X${number}`);
const TAKEN = /already active for display|Cannot establish any listening sockets/;

export class Screen {
  static async start(directory, { width = 1280, height = 720, most = '2560x1600' } = {}) {
    const screen = new Screen();
    await screen.launch(directory, 'Xvfb', ['-screen', '0', `${most}x24`]);
    screen.modes = new Set([most]);
    await screen.resize(width, height);
    await screen.pointer();
    return screen;
  }

  async launch(directory, server, args) {
    this.authority = join(directory, 'Xauthority');
    writeFileSync(this.authority, authority(randomBytes(16)), { mode: 0o600 });
    for (let tries = 0; !this.display; tries++) {
      const number = randomInt(100, 10000);
      if (!free(number)) continue;
      this.process = new Process(server, server, [`:${number}`, '-displayfd', '3', ...args, '-noreset', '-nolisten', 'tcp', '-auth', this.authority], { log: join(directory, 'x.log'), extra: 1, wrap: this.wrap });
      const ready = await within(30000, `${server} to be ready`, Promise.race([
        new Promise((resolve) => this.process.child.stdio[3].once('data', () => resolve(true))),
        this.process.exited.then(() => false),
      ]));
      if (ready) this.display = `:${number}`;
      else if (tries > 5 || !TAKEN.test(this.process.tail())) throw new Error(`${server} ended (${this.process.how()}):\n${this.process.tail()}`);
    }
    this.env = { DISPLAY: this.display, XAUTHORITY: this.authority, XCURSOR_THEME: 'Adwaita', WAYLAND_DISPLAY: undefined };
  }

  async #run(command, args, options) {
    const environment = { ...process.env, ...this.env };
    delete environment.WAYLAND_DISPLAY;
    return execute(command, args, { env: environment, timeout: 60000, ...options });
  }

  // An arrow instead of the cross that a bare X server has.
  async pointer() {
    await this.#run('xsetroot', ['-cursor_name', 'left_ptr']);
  }

  async resize(width, height) {
    const mode = `${width}x${height}`;
    if (!this.modes.has(mode)) {
      await this.#run('xrandr', ['--newmode', mode, '60', ...Array(4).fill(String(width)), ...Array(4).fill(String(height))]);
      await this.#run('xrandr', ['--addmode', 'screen', mode]);
      this.modes.add(mode);
    }
    await this.#run('xrandr', ['--output', 'screen', '--mode', mode]);
    Object.assign(this, { width, height });
  }

  // Makes a part of the screen a monitor.
  async monitor(name, { x, y, width, height }) {
    await this.#run('xrandr', ['--setmonitor', name, `${width}/${width}x${height}/${height}+${x}+${y}`, 'none']);
  }

  // A screenshot as PNG or PPM, by the file name's ending.
  async shot(file) {
    await this.#run('import', ['-silent', '-window', 'root', '-depth', '8', file]);
    return file;
  }

  async click(x, y) {
    await this.#run('xdotool', ['mousemove', String(Math.round(x)), String(Math.round(y)), 'click', '1']);
  }

  async move(x, y) {
    await this.#run('xdotool', ['mousemove', String(x), String(y)]);
  }

  async key(...names) {
    await this.#run('xdotool', ['key', ...names]);
  }

  async type(text) {
    await this.#run('xdotool', ['type', '--delay', '2', text]);
  }

  async stop() {
    await this.process.stop();
    // The server removes these when it ends well; not when it had to be killed.
    const number = this.display?.slice(1);
    if (this.process.killed && number) for (const path of [`/tmp/.X${number}-lock`, `/tmp/.X11-unix/X${number}`]) if (existsSync(path)) rmSync(path);
  }
}

// An X11 screen in a window of a desktop whose own screen is no X11 one (Xephyr under Wayland).
export class NestedScreen extends Screen {
  static async start(directory, { width = 1280, height = 720, title } = {}) {
    const screen = new NestedScreen();
    await screen.launch(directory, 'Xephyr', ['-screen', `${width}x${height}`, '-title', title]);
    Object.assign(screen, { width, height });
    await screen.pointer();
    return screen;
  }
}

// The painter of known pictures (painter.c).
export class Painter {
  static async start(screen, directory) {
    const painter = new Painter();
    painter.process = new Process('painter', program('tests/rig/rig-painter'), [], { env: screen.env, stdin: true, log: join(directory, 'painter.log') });
    await painter.process.line(/^ready/);
    return painter;
  }

  // Gives back what follows the first word of the answer.
  async command(text) {
    const from = this.process.lines.length;
    this.process.write(text);
    const { text: answer } = await this.process.line(/^(picture|moves|clock|flip|strip|stamp|painted|again|rest|error)\b/, { from });
    if (answer.startsWith('error')) throw new Error(`painter: ${answer}`);
    return answer.slice(answer.indexOf(' ') + 1);
  }

  // Waits until it has painted a new size of the screen.
  sized(width, height) {
    return this.process.line(new RegExp(`^size ${width} ${height}$`));
  }

  stop() {
    return this.process.stop();
  }
}
