// What a program and all that it starts ask of the kernel about sockets, by strace(1): who, what, and whether it was given.
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

const CALLS = ['socket', 'bind', 'listen', 'accept', 'accept4', 'connect', 'execve', 'execveat', 'clone', 'clone3', 'fork', 'vfork'];

export class Strace {
  // The file that is written. `wrap` are the words to put before the command; its pid stays its own (-D).
  constructor(file) {
    this.file = file;
    this.wrap = ['strace', '-D', '-f', '-qq', '-yy', '--pidns-translation', '-s', '128', '-e', `trace=${CALLS.join(',')}`, '-e', 'signal=none', '-o', file, '--'];
  }

  // All so far, in order: [{pid, program, name, args, result}]. `program` is the file that the process runs, or ran when it
  // became a thread's parent.
  calls() {
    const programs = new Map(), begun = new Map(), calls = [];
    for (const line of existsSync(this.file) ? readFileSync(this.file, 'utf8').split('\n') : []) {
      let [, pid, text] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
      if (!pid || /^(\+\+\+|---)/.test(text)) continue;
      if (text.endsWith('<unfinished ...>')) {
        begun.set(pid, text.slice(0, -'<unfinished ...>'.length));
        // Its child may run before the call is back.
        continue;
      }
      const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
      if (resumed) text = (begun.get(pid) ?? '') + resumed[1];
      const [, name, args, result] = /^(\w+)\((.*)\)\s+= (.*)$/.exec(text) ?? [];
      if (!name) continue;
      const good = /^\d/.test(result);
      if (/^exec/.test(name) && good) programs.set(pid, basename((/^\d+<([^>]*)>, ""/.exec(args) ?? /"((?:[^"\\]|\\.)*)"/.exec(args))?.[1] ?? '?')); // by a descriptor, or by name
      if (/^(clone|fork|vfork)/.test(name) && good) {
        const child = /\/\* (\d+) in strace/.exec(result)?.[1] ?? /^\d+/.exec(result)[0];
        if (!programs.has(child)) programs.set(child, programs.get(pid));
      }
      calls.push({ pid, name, args, result, good });
    }
    // By the end every process is known, also those that spoke before their parent's clone was back.
    return calls.map((call) => ({ ...call, program: programs.get(call.pid) ?? '?' }));
  }

  // Those that have to do with a network, and not with sockets between processes of this machine.
  network() {
    return this.calls().filter(({ name, args }) => (name === 'bind' || name === 'connect' ? /sa_family=AF_(INET|INET6|PACKET)/.test(args)
      : /^(listen|accept)/.test(name) ? !/^\d+<UNIX/.test(args) : false));
  }

  // Of those, whom one was for: "address:port".
  static to({ args }) {
    const port = /htons\((\d+)\)/.exec(args)?.[1], address = /inet_addr\("([^"]+)"\)/.exec(args)?.[1] ?? /inet_pton\(AF_INET6, "([^"]+)"/.exec(args)?.[1];
    return `${address}:${port}`;
  }
}
