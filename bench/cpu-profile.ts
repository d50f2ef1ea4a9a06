/** What is used of a .cpuprofile file (Chrome DevTools protocol, type Profiler.Profile). */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** Node ids, one per sample. */
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** Time spent in a function itself, not in those that it called. */
export interface SelfTime {
  readonly name: string;
  /** File and line. */
  readonly place: string;
  readonly ms: number;
}

/** The functions of a profile, most expensive first, and the time in which the thread was not idle. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): { rows: SelfTime[]; busyMs: number } {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byFunction = new Map<string, SelfTime>();
  let busyMs = 0;
  for (const [index, id] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id)!;
    if (functionName === '(idle)') continue;
    const ms = (timeDeltas[index + 1] ?? 0) / 1000; // a sample stands for the time until the next one
    const place = url === '' ? '' : `${url.replace(/^.*(?=\/(dist|node_modules)\/)/, '')}:${lineNumber + 1}`;
    const name = functionName === '' ? '(anonymous)' : functionName;
    const key = `${name} ${place}`;
    byFunction.set(key, { name, place, ms: (byFunction.get(key)?.ms ?? 0) + ms });
    busyMs += ms;
  }
  return { rows: [...byFunction.values()].sort((left, right) => right.ms - left.ms), busyMs };
}
