import { setTimeout as delay } from 'node:timers/promises';
import { CHURN } from '../measure-phase.ts';
import { enterBenchNamespace } from '../namespace.ts';
import type { NativePrograms } from '../native.ts';
import type { BenchOptions } from '../options.ts';
import type { Phase } from '../phases.ts';
import { cpuMilliseconds, mappedMemoryOf } from '../process-usage.ts';
import { makeSockets, type SocketFleet } from '../socket-fleet.ts';
import { type PausingTool, type Stoppable, startPausingTools } from './tools.ts';

/** What one tool cost between two scrapes. */
export interface IntervalReading {
  /** CPU time until the answer is complete and `BURST_MS` more. */
  readonly burstMs: number;
  /** CPU time of all threads until the next scrape; a command's ends with its answer. */
  readonly intervalMs: number;
  readonly wallMs: number | undefined;
  /** Memory just before the next scrape, in MB; undefined of a command. */
  readonly anonymousMb?: number;
  readonly fileMb?: number;
  readonly proportionalMb?: number;
}

/** What the tools cost on one population when they are asked as Prometheus asks. */
export interface IntervalResult {
  readonly phase: Phase;
  readonly pauseSeconds: number;
  /** By tool, one per round. */
  readonly readings: Readonly<Record<string, readonly IntervalReading[]>>;
}

/** What a scrape leaves for later (collecting garbage, compiling) mostly runs within this time. */
const BURST_MS = 1000;
/** The sockets are replaced in the first part of each round, the tools share the rest. */
const REPLACE_SHARE = 0.05;

/**
 * Asks all tools once per pause, each at a time of its own in the same pause, in a namespace of their own. Before each
 * round some sockets are replaced.
 */
export async function measureInterval(
  phase: Phase,
  programs: NativePrograms,
  nodes: ReadonlyMap<string, string>,
  options: BenchOptions,
): Promise<IntervalResult> {
  enterBenchNamespace();
  const fleet = await makeSockets(programs.sockets, phase);
  const started: Stoppable[] = []; // whatever fails, no process may stay
  try {
    const tools = await startPausingTools(programs, phase, fleet, nodes, options.tools, started);
    const readings = await runRounds(tools, fleet, options);
    return { phase, pauseSeconds: options.pauseSeconds, readings };
  } finally {
    for (const process of started) await process.stop();
    await fleet?.quit();
  }
}

async function runRounds(tools: readonly PausingTool[], fleet: SocketFleet | undefined, options: BenchOptions) {
  const pauseMs = options.pauseSeconds * 1000;
  const startMs = performance.now();
  const slotMs = (pauseMs * (1 - REPLACE_SHARE)) / tools.length;
  const rounds = Array.from({ length: options.intervalRounds }, (_, round) => startMs + round * pauseMs);
  const replacing = (async () => {
    for (const round of rounds) {
      await until(round);
      await fleet?.replace(CHURN);
    }
  })();
  const reading = tools.map(async (tool, index) => {
    const slot = pauseMs * REPLACE_SHARE + index * slotMs;
    const done: IntervalReading[] = [];
    for (const round of rounds) {
      await until(round + slot);
      done.push(await readOnce(tool, round + slot + pauseMs));
    }
    return [tool.name, done] as const;
  });
  const [readings] = await Promise.all([Promise.all(reading), replacing]);
  return Object.fromEntries(readings);
}

async function readOnce({ pid, ask }: PausingTool, nextMs: number): Promise<IntervalReading> {
  if (pid === undefined) {
    const { cpuMs, wallMs } = await ask();
    return { burstMs: cpuMs!, intervalMs: cpuMs!, wallMs };
  }
  const beforeMs = cpuMilliseconds(pid);
  const { wallMs } = await ask();
  await delay(BURST_MS);
  const burstMs = cpuMilliseconds(pid) - beforeMs;
  await until(nextMs);
  const intervalMs = cpuMilliseconds(pid) - beforeMs;
  const { anonymous, file, proportional } = mappedMemoryOf(pid);
  return { burstMs, intervalMs, wallMs, anonymousMb: anonymous, fileMb: file, proportionalMb: proportional };
}

async function until(timeMs: number): Promise<void> {
  await delay(Math.max(0, timeMs - performance.now()));
}
