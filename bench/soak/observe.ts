import { isDeepStrictEqual } from 'node:util';
import { sumsByBreakdown } from '../../test/support/pages/exact-sums.ts';
import { type ParsedFamily, parseExposition } from '../../test/support/pages/exposition-parser.ts';
import type { BenchExporter } from '../exporter.ts';
import { pageText } from '../http-client.ts';
import { memoryOf, openDescriptors } from '../process-usage.ts';

/** What one scrape showed. */
export interface Observation {
  /** Why there was no page, or what is wrong with it. */
  readonly failure: string | undefined;
  /** Breakdowns that do not add up to the sockets by state. */
  readonly wrongSums: readonly string[];
  /** Breakdowns that were added up. */
  readonly sums: number;
  readonly rssMb: number;
  readonly descriptors: number;
  /** The processes that own sockets. */
  readonly processes: readonly string[];
}

/** Tells what else of a page is wrong. */
type FindWrong = (page: ReadonlyMap<string, ParsedFamily>) => readonly string[];

/** Scrapes once and looks at the page and at the exporter's process. */
export async function observe(exporter: BenchExporter, findWrong: FindWrong = () => []): Promise<Observation> {
  try {
    return { ...(await readPage(exporter, findWrong)), ...measure(exporter) };
  } catch (error) {
    return { failure: (error as Error).message, wrongSums: [], sums: 0, processes: [], ...measure(exporter) };
  }
}

/** A page as Prometheus gets it. Throws when it is not one. */
export async function scrapePage({ client }: BenchExporter): Promise<Map<string, ParsedFamily>> {
  return parseExposition(pageText(await client.scrape()), 'openmetrics');
}

async function readPage(exporter: BenchExporter, findWrong: FindWrong) {
  const page = await scrapePage(exporter);
  const collectors = page.get('tcpstate_scrape_collector_success')?.samples ?? [];
  const failed = collectors.filter(({ value }) => value !== 1).map(({ labels }) => labels.collector);
  const breakdowns = sumsByBreakdown(page);
  const wrong = breakdowns.filter(({ sums, expected }) => !isDeepStrictEqual(sums, expected));
  return {
    failure: failed.length > 0 || collectors.length === 0 ? `collectors failed: ${failed}` : undefined,
    wrongSums: [
      ...wrong.map(({ metric, sums, expected }) => `${metric} ${JSON.stringify(sums)} of ${JSON.stringify(expected)}`),
      ...findWrong(page),
    ],
    sums: breakdowns.length,
    processes: (page.get('tcpstate_process_sockets')?.samples ?? []).map(({ labels }) => labels.process!),
  };
}

function measure({ pid }: BenchExporter) {
  return { rssMb: memoryOf(pid).now, descriptors: openDescriptors(pid) };
}
