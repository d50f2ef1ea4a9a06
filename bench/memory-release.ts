import { setTimeout as delay } from 'node:timers/promises';
import type { BenchExporter } from './exporter.ts';
import { memoryOf } from './process-usage.ts';

/** Memory of the exporter, in MB, after its sockets went away. */
export interface MemoryRelease {
  readonly before: number;
  readonly after: number;
  readonly seconds: number;
}

/** The usual scrape interval of Prometheus. */
const SCRAPE_INTERVAL_SECONDS = 15;

/** Goes on scraping at the usual interval and reads what memory is left after `seconds`. */
export async function watchMemoryRelease(exporter: BenchExporter, seconds: number): Promise<MemoryRelease> {
  const before = memoryOf(exporter.pid).now;
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    await exporter.client.scrape();
    await delay(Math.max(0, Math.min(SCRAPE_INTERVAL_SECONDS * 1000, endMs - performance.now())));
  }
  return { before, after: memoryOf(exporter.pid).now, seconds };
}
