import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects the garbage of this thread. The arrays of sockets lie outside of V8's heap, and after a flood of sockets is over
 * nothing is allocated that would make V8 look whether they are still needed: they would stay for hours.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
