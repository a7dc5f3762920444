// Is the clock right? Delays that are known must be measured as what they are: a code of known age in the page itself; a painter that
// takes 100 ms longer; a network that does.
import { Stage } from './stage.mjs';
import { clockContent } from './contents.mjs';

const ADDED = 100, TIMES = { seconds: 3, settle: 1.5 };

// The median latency of a small change with what is added by the painter and by the network.
async function latency(sender, where, early, delay) {
  const stage = await Stage.open(sender, { ...where, options: { delay } });
  try {
    const own = await stage.receiver.page.evaluate(() => window.bench.check());
    const { p50, unreadable, shown, why } = await stage.measure({ run: clockContent(`small ${early}`) }, TIMES);
    if (why) throw new Error(why);
    return { own, p50, unreadable, shown };
  } finally { await stage.close(); }
}

// Prints what it found; true when all of it is right.
export async function checkClock({ senders, sizes: [size] }, where) {
  let good = true;
  const say = (right, words) => { good &&= right; console.log(`${right ? 'right' : 'WRONG'}  ${words}`); };
  for (const name of senders) {
    const { default: sender } = await import(`./senders/${name}.mjs`);
    try {
      const plain = await latency(sender, { ...where, ...size }, 0, 0);
      say(plain.own < 5, `${name}: the page reads codes of known age with an error of at most ${plain.own.toFixed(1)} ms`);
      say(plain.p50 > 0, `${name}: ${plain.p50.toFixed(1)} ms from screen to page`);
      say(plain.unreadable <= plain.shown * 0.02, `${name}: ${plain.unreadable} of ${plain.shown} bar codes can't be read`);
      const compare = (what, { p50 }) => {
        const found = p50 - plain.p50;
        say(Math.abs(found - ADDED) <= 20, `${name}: ${what} of ${ADDED} ms is measured as ${found.toFixed(1)} ms`);
      };
      compare('a delay in the painter', await latency(sender, { ...where, ...size }, ADDED, 0));
      if (sender.delays) compare('a delay in the network', await latency(sender, { ...where, ...size }, 0, ADDED));
    } catch (error) { say(false, `${name}: ${error.message.split('\n')[0]}`); }
  }
  return good;
}
