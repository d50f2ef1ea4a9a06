import { createChangeLog } from './change-log.ts';
import { type Collection, createCollectorClient } from './collector/client.ts';
import { assembleSnapshot } from './collector/snapshot.ts';
import type { Logger } from './log.ts';
import type { BuildInfo } from './metrics/build-info.ts';
import { renderExposition } from './metrics/exposition.ts';
import type { ExpositionFormat, ExpositionPage } from './metrics/family.ts';
import { buildFamilies } from './metrics/index.ts';
import { createSelfMetrics } from './metrics/self.ts';
import type { CollectorName, PlatformName } from './model/collectors.ts';
import type { TallyLimits } from './model/limits.ts';

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

export interface ScraperOptions {
  readonly platform: PlatformName;
  readonly collectors: ReadonlySet<CollectorName>;
  readonly limits: TallyLimits;
  readonly procfs: string;
  readonly sysfs: string;
  readonly ownersBudgetMs: number;
  /** Whether the page also tells of the exporter's own process. */
  readonly exporterMetrics: boolean;
  readonly build: BuildInfo;
  readonly log: Logger;
}

/** One collection and the pages made of it, for all requests that came while it was under way. */
interface SharedCollection {
  readonly collection: Collection;
  readonly timeoutMs: number;
  /** Pages of the finished collection, by format. */
  readonly pages: Map<ExpositionFormat, Promise<ExpositionPage>>;
  isDone: boolean;
}

/** Starts the collector thread and answers scrapes from it. `createClient` gives the thread's client. */
export function createScraper(options: ScraperOptions, createClient = createCollectorClient): Scraper {
  const { platform, limits, procfs, sysfs, ownersBudgetMs, build } = options;
  const changes = createChangeLog(options.log);
  const self = options.exporterMetrics ? createSelfMetrics() : undefined;
  const client = createClient(
    { platform, limits, procfs, sysfs, ownersBudgetMs, collectors: [...options.collectors] },
    { onReady: changes.ready, onLost: changes.lost },
  );
  const inFlight = new Map<string, SharedCollection>();

  return { scrape, isReady: client.isReady, close };

  async function scrape({ collectors, timeoutMs, format }: ScrapeRequest): Promise<ExpositionPage> {
    const wanted = [...collectors].sort();
    const shared = share(wanted, timeoutMs);
    await doneOrLate(shared.collection.done, timeoutMs);
    const page = shared.pages.get(format) ?? render(shared, wanted, format);
    if (shared.isDone) shared.pages.set(format, page);
    return page;
  }

  /** The collection under way for these collectors, or a new one where that would end before this request has to. */
  function share(wanted: readonly CollectorName[], timeoutMs: number): SharedCollection {
    const key = wanted.join();
    const running = inFlight.get(key);
    if (running !== undefined && running.timeoutMs >= timeoutMs) return running;
    const collection = client.collect(wanted, timeoutMs);
    const started: SharedCollection = { collection, timeoutMs, pages: new Map(), isDone: false };
    inFlight.set(key, started);
    void started.collection.done.then(() => {
      started.isDone = true;
      if (inFlight.get(key) === started) inFlight.delete(key);
    });
    return started;
  }

  async function render(
    { collection }: SharedCollection,
    wanted: readonly CollectorName[],
    format: ExpositionFormat,
  ): Promise<ExpositionPage> {
    const snapshot = assembleSnapshot(collection, wanted);
    changes.outcomes(snapshot.outcomes, collection.ending);
    return renderExposition(buildFamilies(snapshot, build), await self?.collect(), format);
  }

  async function close(): Promise<void> {
    self?.close();
    await client.close();
  }
}

/** Waits for a collection, but no longer than its requester may. */
async function doneOrLate(done: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([done, late]);
  clearTimeout(timer);
}
