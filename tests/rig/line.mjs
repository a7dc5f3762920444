// A hardware line that a test turns: /dev/gpiochip9:17, by rig-gpio.so before the program that reads it.
import { appendFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { program } from './paths.mjs';

export class Line {
  static NAME = '/dev/gpiochip9:17';

  // `fifo`: where; named .sock so that it is not kept with the logs.
  constructor(fifo) {
    execFileSync('mkfifo', [fifo]);
    this.fifo = fifo;
    this.env = { LD_PRELOAD: program('tests/rig/rig-gpio.so'), RIG_GPIO: fifo };
  }

  // The kernel's struct gpio_v2_line_event: u64 time, u32 id (1 rising), u32 offset, u32 numbers, padding.
  set active(on) {
    const event = Buffer.alloc(48);
    event.writeUInt32LE(on ? 1 : 2, 8);
    event.writeUInt32LE(17, 12);
    appendFileSync(this.fifo, event);
  }

  // What no line says: it can't be read from then on.
  break() {
    appendFileSync(this.fifo, 'garbage');
  }
}
