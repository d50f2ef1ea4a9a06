import type { ExpositionPage } from '../../../src/metrics/family.ts';
import type { LiveLook } from '../../../src/scrape/live.ts';
import type { ScrapeRequest, Scraper } from '../../../src/scrape/scraper.ts';

export const CONTENT_TYPES = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;

/** A scraper whose answers a test decides; it remembers what it was asked. */
export interface FakeScraper extends Scraper {
  readonly requests: ScrapeRequest[];
  isUp: boolean;
  /** What a scrape does; by default a small valid page at once. */
  answer: (request: ScrapeRequest) => Promise<ExpositionPage>;
  /** The time-outs of the looks that were asked for. */
  readonly looks: number[];
  /** What a look shows; by default a host that nobody could read. */
  show: () => Promise<LiveLook>;
  isClosed: boolean;
}

export function createFakeScraper(): FakeScraper {
  const scraper: FakeScraper = {
    requests: [],
    looks: [],
    isUp: true,
    isClosed: false,
    answer: async (request) => smallPage(request),
    scrape(request) {
      scraper.requests.push(request);
      return scraper.answer(request);
    },
    show: async () => ({ snapshot: { outcomes: [] }, history: [], atMs: 0, time: new Date(0) }),
    look(timeoutMs) {
      scraper.looks.push(timeoutMs);
      return scraper.show();
    },
    notices: () => [],
    isReady: () => scraper.isUp,
    async close() {
      scraper.isClosed = true;
    },
  };
  return scraper;
}

export function smallPage({ format }: ScrapeRequest): ExpositionPage {
  const end = format === 'openmetrics' ? '# EOF\n' : '';
  return {
    contentType: CONTENT_TYPES[format],
    body: `# HELP fake_up A test.\n# TYPE fake_up gauge\nfake_up 1\n${end}`,
  };
}
