// npm run bench: what one collection costs, beside other tools on the same sockets. Needs root (network namespaces,
// TCP_REPAIR, the processes of others), gcc and iproute2; `--help` lists the options.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
  const machine = describeMachine();
  const results: PhaseResult[] = [];
  const failures: string[] = [];
  const largest = wanted.phases.filter(({ state, churn }) => state === 'established' && churn === 0).at(-1);
  for (const phase of wanted.phases) {
    const startMs = performance.now();
    try {
      results.push(await measurePhase(phase, programs, wanted, phase === largest));
      tell(`${phase.name}: measured in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
    } catch (error) {
      failures.push(`${phase.name}: ${(error as Error).message}`); // what the other populations took is not lost
      tell(failures.at(-1)!);
    }
  }
  const verdicts = judge(results);
  const report = formatReport(machine, results, verdicts, failures);
  const path = wanted.output ?? join(RESULTS, machine.date);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.md`, report);
  const phases = results.map((result) => ({ ...result, medians: summarize(result) }));
  writeFileSync(`${path}.json`, `${JSON.stringify({ machine, phases, verdicts, failures }, undefined, 2)}\n`);
  process.stdout.write(report);
  if (failures.length > 0) process.exitCode = 1;
  tell(`written: ${path}.md, ${path}.json`);
}

function tell(message: string): void {
  process.stderr.write(`bench: ${message}\n`);
}
