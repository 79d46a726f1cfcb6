// Counted checks and the line that the gate reads: `SUITE name: N passed, M failed`.
//
//   const suite = report('sockets');
//   await suite.check('a second reader gets every event', async () => { assert.equal(…); });
//   await suite.finish();            prints the sum; the process ends with 0, or 1 if something failed
//
// A check fails when it throws, or takes longer than its time (a minute, unless the third argument says milliseconds).
// With an argument, a suite runs only the checks that contain it: `node suite.mjs abort`.

import { limited } from './ombud.mjs';

export function report(name) {
  const only = process.argv[2];
  let passed = 0;
  let failed = 0;
  const closing = [];
  // What nobody waits for is a failure too, and never silent.
  process.on('unhandledRejection', (error) => {
    failed += 1;
    console.log(`FAILED  a promise that nobody waited for: ${told(error)}`);
  });
  return {
    async check(what, work, time = 60_000) {
      if (only && !what.includes(only)) return;
      const began = Date.now();
      try {
        await limited(Promise.resolve().then(work), time, 'it is not done');
        passed += 1;
        console.log(`ok      ${what} (${Date.now() - began} ms)`);
      } catch (error) {
        failed += 1;
        console.log(`FAILED  ${what} (${Date.now() - began} ms): ${told(error)}`);
      }
    },
    /** Work that is done at the end, also when checks fail; the last first. */
    atEnd(work) {
      closing.push(work);
    },
    async finish() {
      for (const work of closing.reverse()) {
        await limited(Promise.resolve().then(work), 60_000, 'the end is not reached').catch((error) => {
          failed += 1;
          console.log(`FAILED  at the end: ${told(error)}`);
        });
      }
      console.log(`SUITE ${name}: ${passed} passed, ${failed} failed`);
      process.exit(failed === 0 ? 0 : 1);
    },
  };
}

/** Waits until something holds, and answers it; looked at every few milliseconds. */
export async function until(what, look, time = 20_000) {
  const end = Date.now() + time;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${time} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function told(error) {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
