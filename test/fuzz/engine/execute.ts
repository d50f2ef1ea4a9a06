import { getHeapStatistics } from 'node:v8';
import type { FuzzTarget } from '../target.ts';

/** What an input did that it must not do. */
export interface Trouble {
  readonly kind: 'error' | 'memory' | 'slow';
  /** For a person. */
  readonly text: string;
  /** The same for inputs that find the same mistake. */
  readonly signature: string;
}

/** Time of the processor, for a machine may be busy, after which an input counts as slow; what never ends is cut off by `run-target.ts`. */
const SLOW_MS = 1000;
/** The compiler and the garbage collector count too, but not every time. */
const SLOW_TIMES = 3;
const MOST_BYTES = 32_000_000;
/** The heap holds what other inputs left, too. */
const MOST_HEAP_BYTES = 128_000_000;

/** Gives a target one input. */
export function execute(
  target: FuzzTarget,
  input: Buffer,
  folder: string,
): Trouble | undefined | Promise<Trouble | undefined> {
  const before = getHeapStatistics();
  const startMs = cpuMs();
  const judge = () => judgeCost(target, input, folder, { before, ms: cpuMs() - startMs });
  try {
    const running = target.run(Buffer.from(input), folder); // a copy: targets may write into it
    return running instanceof Promise ? running.then(judge, describe) : judge();
  } catch (error) {
    return describe(error);
  }
}

interface Cost {
  readonly before: ReturnType<typeof getHeapStatistics>;
  readonly ms: number;
}

function judgeCost(target: FuzzTarget, input: Buffer, folder: string, { before, ms }: Cost): Trouble | undefined {
  const after = getHeapStatistics();
  const bytes = after.external_memory - before.external_memory;
  const heapBytes = after.used_heap_size - before.used_heap_size;
  if (bytes > (target.mostBytes ?? MOST_BYTES) + input.length || heapBytes > MOST_HEAP_BYTES) {
    return trouble(
      'memory',
      `${input.length} bytes of input take ${Math.max(bytes, heapBytes)} bytes of memory`,
      'memory',
    );
  }
  return ms > SLOW_MS ? judgeTime(target, input, folder, ms) : undefined;
}

/** Asynchronous targets are not tried again: what they wait for is no computation of theirs. */
function judgeTime(target: FuzzTarget, input: Buffer, folder: string, firstMs: number): Trouble | undefined {
  let fastestMs = firstMs;
  for (let time = 1; time < SLOW_TIMES; time++) {
    const startMs = cpuMs();
    if (target.run(Buffer.from(input), folder) instanceof Promise) return undefined;
    fastestMs = Math.min(fastestMs, cpuMs() - startMs);
  }
  if (fastestMs <= SLOW_MS) return undefined;
  return trouble('slow', `${input.length} bytes of input take ${Math.round(fastestMs)} ms`, 'slow');
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function describe(error: unknown): Trouble {
  if (!(error instanceof Error)) return trouble('error', `thrown: ${String(error)}`, 'no Error');
  const place = /\n\s+at [^\n]*/.exec(error.stack ?? '')?.[0].trim() ?? '';
  return trouble('error', error.stack ?? error.message, `${error.name} ${place.replace(/:\d+\)?$/, '')}`);
}

function trouble(kind: Trouble['kind'], text: string, signature: string): Trouble {
  return { kind, text, signature };
}
