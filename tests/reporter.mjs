// A node:test reporter for run.mjs: one JSON line a test, on fd 3, so that stdout stays the test's own.
// Groups (describe) are not counted, their tests are.
import { writeSync } from 'node:fs';

function whyOf(error) {
  const cause = error?.cause ?? error;
  if (!cause) return 'failed without saying why';
  if (typeof cause === 'string') return cause;
  // The stack has the message and the place; without the runner's own frames it is short enough to read.
  const stack = String(cause.stack ?? cause.message ?? cause).split('\n').filter((line) => !/node:internal/.test(line));
  return stack.join('\n');
}

export default async function* reporter(source) {
  for await (const { type, data } of source) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue;
    const off = data.skip ?? data.todo;
    const skipped = off !== undefined && off !== false;
    const state = type === 'test:fail' && data.todo === undefined ? 'fail' : skipped ? 'skip' : 'pass';
    const why = state === 'fail' ? whyOf(data.details?.error) : skipped ? String(off === true ? 'no reason given' : off) : undefined;
    writeSync(3, `${JSON.stringify({ name: data.name, state, why, ms: data.details?.duration_ms })}\n`);
  }
}
