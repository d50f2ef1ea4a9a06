import { type Collection, createCollectorClient } from '../collector/client.ts';
import { assembleSnapshot } from '../collector/snapshot.ts';
import type { Logger } from '../log/log.ts';
import type { BuildInfo } from '../metrics/build-info.ts';
import { renderExposition } from '../metrics/exposition.ts';
import type { ExpositionFormat, ExpositionPage } from '../metrics/family.ts';
import { buildFamilies } from '../metrics/index.ts';
import { createSelfMetrics } from '../metrics/self.ts';
import type { CollectorName, PlatformName } from '../model/collectors.ts';
import type { TallyLimits } from '../model/limits.ts';
import { createChangeLog } from './outcome-log.ts';

/** What one HTTP request wants of the page. */
export interface ScrapeRequest {
  readonly collectors: ReadonlySet<CollectorName>;
  /** The page is served by then, whatever is ready. */
  readonly timeoutMs: number;
  readonly format: ExpositionFormat;
}

export interface Scraper {
  /** One page; a collection in flight that brings all of it is shared. Rejects only when the scraper is closed. */
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

/** Collections under way at once, at most: no crowd of different requests makes the collector thread read the sockets for each. */
const MOST_IN_FLIGHT = 3;

/** One collection and the pages made of it, for all requests that came while it was under way. */
interface SharedCollection {
  readonly collection: Collection;
  readonly collectors: readonly CollectorName[];
  readonly timeoutMs: number;
  /** Pages of the finished collection, by collectors and format. */
  readonly pages: Map<string, Promise<ExpositionPage>>;
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
  const everything = [...options.collectors].sort();
  const inFlight = new Set<SharedCollection>();

  return { scrape, isReady: client.isReady, close };

  async function scrape({ collectors, timeoutMs, format }: ScrapeRequest): Promise<ExpositionPage> {
    const wanted = [...collectors].sort();
    const shared = share(wanted, timeoutMs);
    await doneOrLate(shared.collection.done, timeoutMs);
    const key = `${wanted.join()} ${format}`;
    const page = shared.pages.get(key) ?? render(shared, wanted, format);
    if (shared.isDone) shared.pages.set(key, page);
    return page;
  }

  /**
   * A collection under way that brings what is wanted and does not end before this request has to; else a new one, of
   * everything where others are under way, so that those who come next can share it.
   */
  function share(wanted: readonly CollectorName[], timeoutMs: number): SharedCollection {
    const enough = [...inFlight].filter(({ collectors }) => wanted.every((name) => collectors.includes(name)));
    const longest = enough.sort((a, b) => b.timeoutMs - a.timeoutMs)[0];
    if (longest !== undefined && (longest.timeoutMs >= timeoutMs || inFlight.size >= MOST_IN_FLIGHT)) return longest;
    return start(inFlight.size === 0 ? wanted : everything, timeoutMs);
  }

  function start(collectors: readonly CollectorName[], timeoutMs: number): SharedCollection {
    const collection = client.collect(collectors, timeoutMs);
    const started: SharedCollection = { collection, collectors, timeoutMs, pages: new Map(), isDone: false };
    inFlight.add(started);
    void collection.done.then(() => {
      started.isDone = true;
      inFlight.delete(started);
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
