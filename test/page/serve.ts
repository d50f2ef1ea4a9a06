import type { TestContext } from 'node:test';
import type { CollectorClient } from '../../src/collector/client.ts';
import type { CollectedPart } from '../../src/collector/protocol.ts';
import { createConnections } from '../../src/http/connection/connections.ts';
import { listen } from '../../src/http/connection/listen.ts';
import { createWebServer } from '../../src/http/connection/web-server.ts';
import { buildServer } from '../../src/http/server.ts';
import { createRequestCounts } from '../../src/metrics/request-counts.ts';
import { type CollectorName, collectorsOf, type PlatformName } from '../../src/model/collectors.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { createScraper } from '../../src/scrape/scraper.ts';
import { createLogRecorder } from '../support/fakes/log-recorder.ts';
import { BUILD, HTTP_SETTINGS, SERVER_LIMITS } from '../support/http/http-settings.ts';

/** A host whose collector thread brings what the test says. */
export interface ServedHost {
  readonly url: string;
  /** What the next collection brings; undefined: the thread is lost. */
  snapshot: Snapshot | undefined;
}

/** The web server and the scraper over a collector thread of our own. */
export async function serveHost(t: TestContext, platform: PlatformName, snapshot?: Snapshot): Promise<ServedHost> {
  const host = { url: '', snapshot };
  const collectors = new Set(collectorsOf(platform).map(({ name }) => name));
  const log = createLogRecorder();
  const build = { ...BUILD, platform: platform === 'windows' ? 'win32' : 'linux' };
  const settings = { ...HTTP_SETTINGS, collectors, knownCollectors: [...collectors] };
  const scraper = createScraper(
    {
      ...settings,
      platform,
      limits: DEFAULT_LIMITS,
      procfs: '/proc',
      sysfs: '/sys',
      kubeletLogs: '/var/log',
      ownersBudgetMs: 100,
      exporterMetrics: false,
      build,
      log,
    },
    () => clientOf(host),
  );
  const app = buildServer({ config: settings, scraper, log, build, headersNow: () => new Map() });
  await app.ready();
  const counts = createRequestCounts();
  const listening = await listen([{ host: '127.0.0.1', port: 0 }], () =>
    createWebServer(app.routing, {
      limits: SERVER_LIMITS,
      connections: createConnections(512, 40_000),
      tlsNow: () => undefined,
      counts,
      log,
    }),
  );
  t.after(async () => {
    await listening.close(0);
    await scraper.close();
  });
  host.url = `http://${listening.addresses[0]}/`;
  return host;
}

function clientOf(host: ServedHost): CollectorClient {
  return {
    collect: (wanted) => ({
      done: Promise.resolve(),
      parts: host.snapshot === undefined ? [] : [partOf(host.snapshot, wanted)],
      ending: host.snapshot === undefined ? 'lost' : 'complete',
      startedMs: performance.now(),
      hasCounts: true,
      wantCounts() {},
    }),
    isReady: () => host.snapshot !== undefined,
    async close() {},
  };
}

function partOf({ sockets, outcomes, ...facts }: Snapshot, wanted: readonly CollectorName[]): CollectedPart {
  return {
    facts,
    ...(sockets !== undefined && { sockets }),
    outcomes: outcomes.filter(({ collector }) => wanted.includes(collector)),
  };
}
