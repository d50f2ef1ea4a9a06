import { median } from '../statistics.ts';
import type { Changes } from './churn.ts';
import type { Observation } from './observe.ts';

export interface Check {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** Growth that is no leak: the larger of a share of what was there and of a number of MB. */
const GROWTH_SHARE = 0.1;
const GROWTH_MB = 10;
/** Descriptors that the exporter may have open for a moment. */
const SPARE_DESCRIPTORS = 2;
/** Names of processes that must have been seen, for the pages to have shown any coming and going. */
const LEAST_PROCESSES = 25;

export function judgeSoak(observations: readonly Observation[], changes: Changes): Check[] {
  return judgeObservations(observations, checkChurn(observations, changes));
}

/**
 * The first third of a soak is warming up; the second third is what the last one is compared with. `churn`: whether what was to come and go did.
 */
export function judgeObservations(observations: readonly Observation[], churn: Check): Check[] {
  const third = Math.floor(observations.length / 3);
  const middle = observations.slice(third, 2 * third);
  const last = observations.slice(2 * third);
  return [
    checkAnswers(observations),
    checkSums(observations),
    churn,
    checkMemory(middle, last),
    checkDescriptors(middle, last),
  ];
}

function checkAnswers(observations: readonly Observation[]): Check {
  const failures = observations.flatMap(({ failure }) => failure ?? []);
  const detail = `${observations.length} scrapes, ${failures.length} failed ${[...new Set(failures)].slice(0, 3).join('; ')}`;
  return { name: 'every scrape and every collector succeeded', passed: failures.length === 0, detail: detail.trim() };
}

function checkSums(observations: readonly Observation[]): Check {
  const wrong = observations.flatMap(({ wrongSums }) => wrongSums);
  const sums = observations.reduce((total, observation) => total + observation.sums, 0);
  const passed = wrong.length === 0 && sums >= observations.length;
  return {
    name: 'every breakdown adds up',
    passed,
    detail: wrong[0] ?? `${sums} breakdowns on ${observations.length} pages`,
  };
}

/** Without this the other checks might pass on a host where nothing happened. */
function checkChurn(observations: readonly Observation[], { replacements, fleets, listeners }: Changes): Check {
  const processes = new Set(observations.flatMap((observation) => observation.processes)).size;
  const passed = Math.min(replacements, fleets, listeners) > 1 && processes >= LEAST_PROCESSES;
  const detail = `sockets replaced ${replacements} times, processes came ${fleets} times, listeners ${listeners} times; ${processes} processes seen`;
  return { name: 'sockets, processes and listeners came and went', passed, detail };
}

function checkMemory(middle: readonly Observation[], last: readonly Observation[]): Check {
  const [before, after] = [middle, last].map((part) => median(part.map(({ rssMb }) => rssMb))) as [number, number];
  const passed = after - before <= Math.max(before * GROWTH_SHARE, GROWTH_MB);
  return { name: 'memory is flat', passed, detail: `${before.toFixed(1)} MB, later ${after.toFixed(1)} MB` };
}

function checkDescriptors(middle: readonly Observation[], last: readonly Observation[]): Check {
  const [before, after] = [middle, last].map((part) => Math.max(...part.map(({ descriptors }) => descriptors))) as [
    number,
    number,
  ];
  const passed = after <= before + SPARE_DESCRIPTORS;
  return { name: 'no descriptor leaks', passed, detail: `${before} open at most, later ${after}` };
}

/** Ends with `N passed, N failed`. */
export function report(checks: readonly Check[]): void {
  for (const { name, passed, detail } of checks)
    process.stdout.write(`${passed ? 'ok' : 'FAILED'} - ${name}: ${detail}\n`);
  const failed = checks.filter(({ passed }) => !passed).length;
  process.stdout.write(`${checks.length - failed} passed, ${failed} failed\n`);
  if (failed > 0) process.exitCode = 1;
}
