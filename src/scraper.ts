import type { ExpositionFormat, ExpositionPage } from './metrics/family.ts';
import type { CollectorName } from './model/collectors.ts';

/** What one HTTP request wants of the page. */
export interface ScrapeRequest {
  readonly collectors: ReadonlySet<CollectorName>;
  /** The page is served by then, whatever is ready. */
  readonly timeoutMs: number;
  readonly format: ExpositionFormat;
}

export interface Scraper {
  /** One page; a collection in flight for the same collectors is shared. Rejects only when the scraper is closed. */
  scrape(request: ScrapeRequest): Promise<ExpositionPage>;
  /** Whether the collector thread is up and has its OS handles. */
  isReady(): boolean;
  close(): Promise<void>;
}
