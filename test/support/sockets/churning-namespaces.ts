import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';

const AT_ONCE = 3;

/** Namespaces that come and go until `stop`, or the end of the test: each lives as long as a process in it. */
export function churnNamespaces(t: TestContext, seconds = 0) {
  let [isDone, ended] = [false, 0];
  const loops = Array.from({ length: AT_ONCE }, async () => {
    while (!isDone) {
      await once(spawn('unshare', ['-n', 'sleep', String(seconds)], { stdio: 'ignore' }), 'exit');
      ended++;
      // libuv looks for further processes that have ended before it goes on: one started from here may have, again and again
      await nextTurn();
    }
  });
  const stop = async () => {
    isDone = true;
    await Promise.all(loops);
  };
  t.after(stop);
  return { stop, ended: () => ended };
}
