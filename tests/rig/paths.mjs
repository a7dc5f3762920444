// Where things are.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const build = process.env.ORIEL_BUILD ?? join(root, 'build');

// The path of a program that meson built; says what to do when it isn't there.
export function program(name) {
  const path = join(build, name);
  if (!existsSync(path)) throw new Error(`${path} is not built: ./run build`);
  return path;
}
