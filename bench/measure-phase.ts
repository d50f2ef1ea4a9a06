import { setTimeout as delay } from 'node:timers/promises';
import { startExporter } from './exporter.ts';
import { type MemoryRelease, watchMemoryRelease } from './memory-release.ts';
import { enterBenchNamespace } from './namespace.ts';
import type { NativePrograms } from './native.ts';
import type { BenchOptions } from './options.ts';
import type { Phase } from './phases.ts';
import { memoryOf } from './process-usage.ts';
import { measureResponsiveness, type Responsiveness } from './responsiveness.ts';
import { makeSockets, type SocketFleet } from './socket-fleet.ts';
import { startTools } from './tools/index.ts';
import type { Reading, Tool } from './tools/tool.ts';
import { warmUp } from './warm-up.ts';

/** Everything measured on one population. */
export interface PhaseResult {
  readonly phase: Phase;
  readonly processes: number;
  /** By tool, one per round. */
  readonly readings: Readonly<Record<string, readonly Reading[]>>;
  /** Memory of the exporter after the last round, in MB. */
  readonly residentMb: number;
  readonly responsiveness: Responsiveness;
  /** After the largest population only. */
  readonly release: MemoryRelease | undefined;
}

/** Thousandths of the sockets that are replaced between two scrapes. */
export const CHURN = 50;
/** The kernel is done with the sockets that were replaced. */
const SETTLE_MS = 300;
/** A tool that takes longer is measured in fewer rounds, one that takes very long once. */
const SLOW_MS = 5000;
const SLOW_ROUNDS = 3;
const VERY_SLOW_MS = 20_000;

/** Measures all tools on one population, in turn, in a namespace of its own. */
export async function measurePhase(
  phase: Phase,
  programs: NativePrograms,
  options: BenchOptions,
  isLast: boolean,
): Promise<PhaseResult> {
  enterBenchNamespace();
  const fleet = await makeSockets(programs.sockets, phase);
  const started: { stop(): Promise<void> }[] = []; // whatever fails, no process may stay
  try {
    const exporter = await startExporter();
    started.push(exporter);
    await warmUp([exporter], fleet, phase, CHURN);
    if (phase.churn > 0) await fleet?.churn(phase.churn);
    const tools = await startTools(programs, exporter, phase, options.tools);
    started.push(...tools);
    const replaced = phase.churn > 0 ? undefined : fleet;
    const readings = await runRounds(tools, replaced, options.rounds);
    const residentMb = memoryOf(exporter.pid).now;
    const responsiveness = await measureResponsiveness(exporter, () => renew(replaced, CHURN));
    await fleet?.quit();
    const release = isLast ? await watchMemoryRelease(exporter, options.releaseSeconds) : undefined;
    return { phase, processes: fleet?.processes ?? 0, readings, residentMb, responsiveness, release };
  } finally {
    await fleet?.quit();
    for (const process of started) await process.stop();
  }
}

/** Each round begins with another tool. Before the exporter's turn sockets are replaced. */
async function runRounds(tools: readonly Tool[], fleet: SocketFleet | undefined, rounds: number) {
  const readings: Record<string, Reading[]> = Object.fromEntries(tools.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % tools.length;
    for (const tool of [...tools.slice(first), ...tools.slice(0, first)]) {
      const done = readings[tool.name]!;
      if (done.length >= roundsOf(done[0]?.wallMs ?? 0, rounds)) continue;
      await renew(fleet, tool.name === 'exporter' ? CHURN : 0);
      done.push(await tool.collect());
    }
  }
  return readings;
}

function roundsOf(wallMs: number, rounds: number): number {
  if (wallMs > VERY_SLOW_MS) return 1;
  return wallMs > SLOW_MS ? Math.min(rounds, SLOW_ROUNDS) : rounds;
}

async function renew(fleet: SocketFleet | undefined, thousandths: number): Promise<void> {
  await fleet?.replace(thousandths);
  await delay(SETTLE_MS);
}
