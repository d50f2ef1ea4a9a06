import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

interface ProfileNode {
  readonly selfSize: number;
  readonly children: readonly ProfileNode[];
}

const SAMPLING_INTERVAL = 512;

/** Bytes of the JavaScript heap that `work` allocates, whether or not they are freed again: an estimate from samples. */
export function allocatedBytes(work: () => void): number {
  const session = new Session();
  session.connect();
  try {
    post(session, 'HeapProfiler.startSampling', {
      samplingInterval: SAMPLING_INTERVAL,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    work();
    const { profile } = post(session, 'HeapProfiler.stopSampling') as { profile: { head: ProfileNode } };
    return sum(profile.head);
  } finally {
    session.disconnect();
  }
}

/** Bytes that are still in use after everything else was collected: objects and typed arrays. */
export function retainedBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect(); // the memory of arrays is given back by the next collection
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** A session to its own thread answers before `post` returns. */
function post(session: Session, method: string, params?: object): unknown {
  let answer: unknown;
  session.post(method, params, (error, result) => {
    if (error !== null) throw new Error(`${method} failed`, { cause: error });
    answer = result;
  });
  return answer;
}

function sum({ selfSize, children }: ProfileNode): number {
  return children.reduce((total, child) => total + sum(child), selfSize);
}
