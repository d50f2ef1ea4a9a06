import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { CollectorName } from '../../../src/model/collectors.ts';
import { sumsByBreakdown } from '../pages/exact-sums.ts';
import { type ParsedFamily, parseExposition } from '../pages/exposition-parser.ts';
import { ownFamilies } from '../pages/own-families.ts';
import type { RunningExporter } from '../programs/running-exporter.ts';

const PATIENT = { 'x-prometheus-scrape-timeout-seconds': '10' } as const;
/** As many as a fault that nobody mends for five minutes meets. */
const SCRAPES = 20;
const WAIT_MS = 10;
const MOST_WAITS = 500;

/** A fault, and what it may cost. */
export interface ExpectedFault {
  begin(): void;
  end(): void;
  /** Collectors whose success is 0 while it lasts; all others stay 1. None: the fault is made up for, and no word said. */
  readonly failing: readonly CollectorName[];
  /** What the log says of it. */
  readonly error?: RegExp;
  readonly scrapes?: number;
}

/**
 * Scrapes through a fault and beyond. Holds that each page comes and adds up, that the collectors said fail and no others,
 * that the log has one line when it begins and one when it is over, that the page after it is whole at once, and that the
 * program has no more descriptors than before. Returns the pages that came while the fault was there.
 */
export async function outliveFault(exporter: RunningExporter, fault: ExpectedFault) {
  const { failing, error = /./, scrapes = SCRAPES } = fault;
  const whole = await takePage(exporter);
  assert.deepEqual(failingIn(whole), [], 'before the fault');
  const descriptors = countDescriptors(exporter);
  const logged = exporter.log.length;
  const pages: Page[] = [];
  fault.begin();
  try {
    for (let scrape = 0; scrape < scrapes; scrape++) {
      const page = await takePage(exporter);
      assert.deepEqual(failingIn(page), [...failing].sort(), `scrape ${scrape}`);
      pages.push(page);
    }
  } finally {
    fault.end();
  }
  const after = await takePage(exporter);
  assert.deepEqual(failingIn(after), [], 'after the fault');
  assert.deepEqual(ownFamilies(after), ownFamilies(whole));
  assert.ok(
    countDescriptors(exporter) <= descriptors,
    `${countDescriptors(exporter)} descriptors, ${descriptors} before`,
  );
  await checkLog(exporter, logged, failing, error);
  return pages;
}

export type Page = Map<string, ParsedFamily>;

/** A page that came, is well formed, and whose breakdowns add up as far as they are there. */
export async function takePage(exporter: RunningExporter): Promise<Page> {
  const answer = await exporter.get('/metrics', PATIENT);
  assert.equal(answer.status, 200);
  const page = parseExposition(answer.body);
  for (const { metric, sums, expected } of sumsByBreakdown(page)) assert.deepEqual(sums, expected, metric);
  return page;
}

/** Collectors whose success is 0. */
export function failingIn(page: Page): string[] {
  const { samples } = page.get('tcpstate_scrape_collector_success')!;
  return samples.filter(({ value }) => value !== 1).map(({ labels }) => labels.collector!);
}

export function countDescriptors({ pid }: RunningExporter): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

async function checkLog(
  { log }: RunningExporter,
  from: number,
  failing: readonly CollectorName[],
  error: RegExp,
): Promise<void> {
  const collector = [...failing].sort().join();
  const expected = [
    ['error', failing.length === 1 ? 'collector fails' : 'collectors fail', collector],
    ['info', failing.length === 1 ? 'collector works again' : 'collectors work again', collector],
  ].slice(0, failing.length === 0 ? 0 : 2);
  // lines come by another way than pages
  for (let waits = 0; log.length < from + expected.length && waits < MOST_WAITS; waits++) await delay(WAIT_MS);
  await delay(WAIT_MS);
  const lines = log.slice(from);
  assert.deepEqual(
    lines.map((line) => [line.level, line.msg, line.collector]),
    expected,
    JSON.stringify(lines),
  );
  if (failing.length > 0) assert.match(String(lines[0]!.error), error);
}
