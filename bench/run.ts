// npm run bench: what one collection costs, beside other tools on the same sockets. Needs root (network namespaces,
// TCP_REPAIR, the processes of others), gcc and iproute2; `--help` lists the options.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type IntervalResult, measureInterval } from './interval/measure.ts';
import { findNodes } from './interval/nodes.ts';
import { summarizeInterval } from './interval/summary.ts';
import { judgeIntervals } from './interval/targets.ts';
import { describeMachine } from './machine.ts';
import { measurePhase, type PhaseResult } from './measure-phase.ts';
import { compileNative } from './native.ts';
import { type BenchOptions, readOptions } from './options.ts';
import { formatReport } from './report.ts';
import { summarize } from './summary.ts';
import { judge } from './targets.ts';

const RESULTS = fileURLToPath(new URL('results/', import.meta.url));

const options = readOptions(process.argv.slice(2));
if (options !== undefined) await run(options);

async function run(wanted: BenchOptions): Promise<void> {
  const programs = compileNative();
  const nodes = wanted.intervals.length > 0 ? findNodes(wanted.nodes) : new Map<string, string>();
  const machine = describeMachine();
  const results: PhaseResult[] = [];
  const intervals: IntervalResult[] = [];
  const failures: string[] = [];
  const largest = wanted.phases.filter(({ state, churn }) => state === 'established' && churn === 0).at(-1);
  for (const phase of wanted.phases)
    await attempt(phase.name, async () => {
      results.push(await measurePhase(phase, programs, wanted, phase === largest));
    });
  for (const phase of wanted.intervals)
    await attempt(`${phase.name} every ${wanted.pauseSeconds} s`, async () => {
      intervals.push(await measureInterval(phase, programs, nodes, wanted));
    });
  const verdicts = [...judge(results), ...judgeIntervals(intervals)];
  const report = formatReport(machine, results, intervals, verdicts, failures);
  const path = wanted.output ?? join(RESULTS, machine.date);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.md`, report);
  const phases = results.map((result) => ({ ...result, medians: summarize(result) }));
  const paused = intervals.map((result) => ({ ...result, medians: summarizeInterval(result) }));
  const data = { machine, phases, intervals: paused, verdicts, failures };
  writeFileSync(`${path}.json`, `${JSON.stringify(data, undefined, 2)}\n`);
  process.stdout.write(report);
  if (failures.length > 0) process.exitCode = 1;
  tell(`written: ${path}.md, ${path}.json`);

  /** What the other populations took is not lost when one fails. */
  async function attempt(name: string, measure: () => Promise<void>): Promise<void> {
    const startMs = performance.now();
    try {
      await measure();
      tell(`${name}: measured in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
      tell(failures.at(-1)!);
    }
  }
}

function tell(message: string): void {
  process.stderr.write(`bench: ${message}\n`);
}
