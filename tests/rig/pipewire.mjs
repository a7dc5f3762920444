// A PipeWire server with a camera of one colour, and the links that elsewhere a session manager makes.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { Process, until } from './process.mjs';

export const NODE = 'testcam';

export class PipeWire {
  // `rig`: whose folder and ending it has; `colour`: [r, g, b].
  static async start(rig, colour) {
    const server = new PipeWire();
    const folder = rig.folder('pipewire');
    server.socket = join(folder, 'pipewire-0');
    server.env = { PIPEWIRE_RUNTIME_DIR: folder, XDG_RUNTIME_DIR: folder };
    rig.own(new Process('pipewire', 'pipewire', ['-c', join(root, 'tests/rig/pipewire.conf')], { env: server.env, log: rig.path('pipewire.log') }));
    await until('the PipeWire server', () => existsSync(server.socket));
    const argb = 0xff000000 + colour[0] * 65536 + colour[1] * 256 + colour[2];
    server.camera = rig.own(new Process('camera', 'gst-launch-1.0', ['-q', 'videotestsrc', 'is-live=true', 'pattern=solid-color', `foreground-color=${argb}`, '!',
      'video/x-raw,format=YUY2,width=640,height=360,framerate=30/1,colorimetry=bt601', '!', 'pipewiresink', 'mode=provide', `stream-properties=props,media.class=Video/Source,node.name=${NODE}`],
    { env: server.env, log: rig.path('camera.log') }));
    await until('the camera of PipeWire', () => server.ports('-o').some((port) => port.startsWith(`${NODE}:`)));
    return server;
  }

  #pwLink(...args) {
    return execFileSync('pw-link', args, { encoding: 'utf8', env: { ...process.env, ...this.env }, stdio: ['ignore', 'pipe', 'ignore'] });
  }

  // Of all nodes, of those that give (-o) or take (-i).
  ports(which) {
    return this.#pwLink(which).split('\n').map((line) => line.trim()).filter(Boolean);
  }

  // Links oriel-camera, once it is there, to the camera.
  async link() {
    const to = await until('oriel-camera at PipeWire', () => this.ports('-i').find((port) => port.startsWith('oriel-camera:')));
    this.#pwLink(this.ports('-o').find((port) => port.startsWith(`${NODE}:`)), to);
  }
}
