import { type Profiler, Session } from 'node:inspector';

/** Which parts of the program run. */
export interface Coverage {
  /** Whether anything ran since the last look that had not run before. It goes on to be news until it is taken. */
  hasNews(): boolean;
  /** The same, but what ran is no news from now on. */
  takeNews(): boolean;
  /** What the last `hasNews` saw is no news from now on. */
  settle(): void;
  /** Blocks that ran, of those in the functions that did. */
  count(): { readonly reached: number; readonly known: number };
  /** Functions that ran: `src/platform/linux/netlink/inet-diag.ts#decodeDump`. */
  calledFunctions(): ReadonlySet<string>;
}

/** A bundle and which of its modules count: those whose path starts so. */
export interface CountedScript {
  readonly url: string;
  readonly source: string;
  readonly counted: string;
}

type Ranges = readonly Profiler.CoverageRange[];

/** What ran of one function. One inside another has an entry of its own, though it lies in the other's range. */
interface KnownFunction {
  readonly name: string;
  /** 1 where the character has run. */
  readonly hasRun: Uint8Array;
  /** Where blocks start, counted from the start of the function. */
  readonly starts: Set<number>;
  /** Ways through it that were looked at. */
  readonly ways: Set<string>;
}

/** The script must be loaded after this call. */
export function startCoverage({ url, source, counted }: CountedScript): Coverage {
  const takeCounts = startCounting();
  const moduleAt = findModules(source, counted);
  const known = new Map<number, KnownFunction>();
  let lastSeen: readonly Profiler.FunctionCoverage[] = [];
  return {
    hasNews() {
      lastSeen = look();
      return lastSeen.some(isNews);
    },
    takeNews: () => look().filter(isNews).map(take).length > 0,
    settle: () => lastSeen.forEach(take),
    count,
    calledFunctions: () => new Set([...known.values()].map(({ name }) => name)),
  };

  /** Functions that ran since the last look, in a way that was not looked at before. The one at 0 is the script itself. */
  function look(): Profiler.FunctionCoverage[] {
    const functions = takeCounts().find((script) => script.url === url)?.functions ?? [];
    return functions.filter(({ ranges, isBlockCoverage }) => {
      const { startOffset, count } = ranges[0]!;
      const isCounted = startOffset > 0 && moduleAt(startOffset) !== undefined;
      return isCounted && isBlockCoverage && count > 0 && known.get(startOffset)?.ways.has(wayOf(ranges)) !== true;
    });
  }

  function isNews({ ranges }: Profiler.FunctionCoverage): boolean {
    const earlier = known.get(ranges[0]!.startOffset);
    return earlier === undefined || flagsOf(ranges).some((flag, index) => flag > earlier.hasRun[index]!);
  }

  function take({ functionName, ranges }: Profiler.FunctionCoverage): void {
    const { startOffset: start, endOffset: end } = ranges[0]!;
    const name = `${moduleAt(start)}#${functionName}`;
    const entry = known.get(start) ?? { name, hasRun: new Uint8Array(end - start), starts: new Set(), ways: new Set() };
    known.set(start, entry);
    entry.ways.add(wayOf(ranges));
    for (const { startOffset, endOffset } of ranges) {
      entry.starts.add(startOffset - start);
      if (endOffset < end) entry.starts.add(endOffset - start); // where the block around it goes on
    }
    flagsOf(ranges).forEach((flag, index) => {
      if (flag === 1) entry.hasRun[index] = 1;
    });
  }

  function count() {
    const blocks = [...known.values()].flatMap(({ hasRun, starts }) => [...starts].map((at) => hasRun[at]!));
    return { reached: blocks.filter((flag) => flag === 1).length, known: blocks.length };
  }
}

/** V8 counts every block from now on; the function gives what ran since it was called last. */
function startCounting(): () => readonly Profiler.ScriptCoverage[] {
  const session = new Session();
  session.connect();
  const call = (method: string, params?: object): unknown => {
    let answer: unknown;
    session.post(method, params, (error, result) => {
      if (error !== null) throw error;
      answer = result;
    });
    return answer; // posted to this very thread: it answers before it returns
  };
  call('Profiler.enable');
  call('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return () => (call('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType).result;
}

function wayOf(ranges: Ranges): string {
  return ranges.map(({ startOffset, endOffset, count }) => `${startOffset}-${endOffset}-${count > 0}`).join();
}

/** One flag per character of a function. Ranges come outer before inner, and an inner one holds for its part. */
function flagsOf(ranges: Ranges): Uint8Array {
  const { startOffset: start, endOffset: end } = ranges[0]!;
  const flags = new Uint8Array(end - start);
  for (const { startOffset, endOffset, count } of ranges) {
    flags.fill(count > 0 ? 1 : 0, startOffset - start, endOffset - start);
  }
  return flags;
}

/** esbuild writes the path of each module above it. Gives the path of the module at an offset, if it counts. */
function findModules(source: string, counted: string): (offset: number) => string | undefined {
  const modules = [...source.matchAll(/^\/\/ (\S+)$/gm)].map(({ index, 1: path }) => ({ index, path: path! }));
  return (offset) => {
    const path = modules.findLast(({ index }) => index <= offset)?.path;
    return path?.startsWith(counted) === true ? path : undefined;
  };
}
