import { type Collection, createCollectorClient } from '../collector/client.ts';
import { assembleSnapshot } from '../collector/snapshot.ts';
import type { Logger } from '../log/log.ts';
import { appendSelf, renderExposition } from '../metrics/exposition.ts';
import type { ExpositionFormat, ExpositionPage } from '../metrics/family.ts';
import { buildFamilies } from '../metrics/index.ts';
import type { RequestCounts } from '../metrics/request-counts.ts';
import { createSelfMetrics } from '../metrics/self.ts';
import type { BuildInfo } from '../model/build-info.ts';
import type { CollectorName, PlatformName } from '../model/collectors.ts';
import type { ConfigInUse } from '../model/file-config.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { SocketSource } from '../model/socket-source.ts';
import type { Notice } from '../platform/platform.ts';
import { createLive, type LiveLook } from './live.ts';
import { createOutcomeLog } from './outcome-log.ts';

/** What one HTTP request asks of the page. */
export interface ScrapeRequest {
  readonly collectors: ReadonlySet<CollectorName>;
  /** The page is sent by then, with whatever is ready. */
  readonly timeoutMs: number;
  readonly format: ExpositionFormat;
}

/** Written by the collector thread, or by this one. */
type ServedPage = ExpositionPage<string | Buffer>;

export interface Scraper {
  /** One page; shares a collection in progress that brings all of it. Rejects only if the scraper is closed. */
  scrape(request: ScrapeRequest): Promise<ServedPage>;
  /** The host for a person who watches; shares collections with scrapes. Rejects only if the scraper is closed. */
  look(timeoutMs: number): Promise<LiveLook>;
  /** What the collector thread had to say when it started. */
  notices(): readonly Notice[];
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
  readonly kubeletLogs: string;
  readonly ownersBudgetMs: number;
  readonly socketSource?: SocketSource;
  /** Whether the page also has metrics of the exporter's own process. */
  readonly exporterMetrics: boolean;
  /** Whether scrapes are remembered for the live page. */
  readonly livePage: boolean;
  /** The longest time that a look of its own may take. */
  readonly scrapeTimeoutMs: number;
  /** The request counts for its own metrics. */
  readonly requests?: RequestCounts;
  /** The configuration file as it is in use; absent without one. */
  readonly configNow?: () => ConfigInUse;
  readonly build: BuildInfo;
  readonly log: Logger;
}

/**
 * Most collections in progress at once: a crowd of different requests must not make the collector thread read the
 * sockets for each.
 */
const MOST_IN_FLIGHT = 3;

/** One collection and its pages, for all requests that came while it was in progress. */
interface SharedCollection {
  readonly collection: Collection;
  readonly collectors: readonly CollectorName[];
  readonly timeoutMs: number;
  /** The page that the collector thread writes. */
  readonly ownPage: string;
  /** Pages of the finished collection, by collectors and format. */
  readonly pages: Map<string, Promise<ServedPage>>;
  isDone: boolean;
  /** What it brought, once it is done. */
  snapshot?: Snapshot;
}

/** Starts the collector thread and answers scrapes from it. `createClient` gives the thread's client. */
export function createScraper(options: ScraperOptions, createClient = createCollectorClient): Scraper {
  const { platform, limits, procfs, sysfs, kubeletLogs, ownersBudgetMs, socketSource, build } = options;
  const changes = createOutcomeLog(options.log);
  const self = options.exporterMetrics ? createSelfMetrics(options.requests) : undefined;
  let notices: readonly Notice[] = [];
  const client = createClient(
    {
      platform,
      limits,
      procfs,
      sysfs,
      kubeletLogs,
      ownersBudgetMs,
      ...(socketSource && { socketSource }),
      collectors: [...options.collectors],
      build,
    },
    {
      onReady(told) {
        notices = told;
        changes.ready(told);
      },
      onLost: changes.lost,
    },
  );
  const everything = [...options.collectors].sort();
  const inFlight = new Set<SharedCollection>();
  const live = createLive({ collect: collectAll, timeoutMs: options.scrapeTimeoutMs });

  return { scrape, look: live.look, notices: () => notices, isReady: client.isReady, close };

  async function scrape({ collectors, timeoutMs, format }: ScrapeRequest): Promise<ServedPage> {
    const wanted = [...collectors].sort();
    const shared = await bring(wanted, timeoutMs, format);
    const key = keyOf(wanted, format);
    const page = shared.pages.get(key) ?? render(shared, wanted, format);
    if (shared.isDone) shared.pages.set(key, page);
    return page;
  }

  async function collectAll(timeoutMs: number): Promise<Snapshot> {
    const { collection, snapshot } = await bring(everything, timeoutMs, undefined);
    const all = snapshot ?? assembleSnapshot(collection, everything);
    changes.outcomes(all.outcomes, collection.ending);
    return all;
  }

  /** A collection with all that is wanted, or what it has when the time is over. Without a `format`: with the counts. */
  async function bring(
    wanted: readonly CollectorName[],
    timeoutMs: number,
    format: ExpositionFormat | undefined,
  ): Promise<SharedCollection> {
    const startedMs = performance.now();
    const shared = share(wanted, timeoutMs, format);
    await doneOrLate(shared.collection.done, timeoutMs);
    const { ending, hasCounts } = shared.collection;
    if (ending !== 'complete' || hasCounts || keyOf(wanted, format) === shared.ownPage) return shared;
    // the thread had just sent its end when the counts were asked for
    return bring(wanted, Math.max(0, timeoutMs - (performance.now() - startedMs)), format);
  }

  /**
   * A collection in progress that brings what is wanted and need not end before this request's deadline; else a new
   * one, of everything if others are in progress, so that the next requests can share it.
   */
  function share(
    wanted: readonly CollectorName[],
    timeoutMs: number,
    format: ExpositionFormat | undefined,
  ): SharedCollection {
    const enough = [...inFlight].filter(({ collectors }) => wanted.every((name) => collectors.includes(name)));
    const longest = enough.sort((a, b) => b.timeoutMs - a.timeoutMs)[0];
    if (longest === undefined || (longest.timeoutMs < timeoutMs && inFlight.size < MOST_IN_FLIGHT))
      return start(inFlight.size === 0 ? wanted : everything, timeoutMs, format);
    if (keyOf(wanted, format) !== longest.ownPage) longest.collection.wantCounts();
    return longest;
  }

  function start(
    collectors: readonly CollectorName[],
    timeoutMs: number,
    format: ExpositionFormat | undefined,
  ): SharedCollection {
    const collection = client.collect(collectors, timeoutMs, format, options.configNow?.());
    const ownPage = keyOf(collectors, format);
    const started: SharedCollection = { collection, collectors, timeoutMs, ownPage, pages: new Map(), isDone: false };
    if (live.isWatched()) collection.wantCounts();
    inFlight.add(started);
    void collection.done.then(() => {
      started.isDone = true;
      inFlight.delete(started);
      if (!options.livePage) return;
      started.snapshot = assembleSnapshot(collection, collectors);
      live.note(started.snapshot, collectors.length === everything.length, collection.hasCounts, collection.earlier);
    });
    return started;
  }

  async function render(
    { collection, ownPage }: SharedCollection,
    wanted: readonly CollectorName[],
    format: ExpositionFormat,
  ): Promise<ServedPage> {
    const snapshot = assembleSnapshot(collection, wanted);
    changes.outcomes(snapshot.outcomes, collection.ending);
    if (collection.page === undefined || keyOf(wanted, format) !== ownPage)
      return renderExposition(buildFamilies(snapshot, build), await self?.collect(), format);
    return appendSelf(collection.page, await self?.collect(), format);
  }

  async function close(): Promise<void> {
    live.close();
    self?.close();
    await client.close();
  }
}

function keyOf(collectors: readonly CollectorName[], format: ExpositionFormat | undefined): string {
  return `${collectors.join()} ${format ?? 'counts'}`;
}

/** Waits for a collection, but no longer than its requester allows. */
async function doneOrLate(done: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([done, late]);
  clearTimeout(timer);
}
