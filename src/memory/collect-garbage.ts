import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects the garbage of this thread. The arrays of sockets lie outside V8's heap. After a flood of sockets nothing is
 * allocated that would make V8 check whether they are still needed, so they would stay for hours.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
