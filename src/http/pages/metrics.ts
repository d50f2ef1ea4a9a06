import type { FastifyInstance } from 'fastify';
import type { CollectorName } from '../../model/collectors.ts';
import type { Scraper } from '../../scrape/scraper.ts';
import { refuse, type ServeCollected } from './collected-page.ts';
import { type FilterQuery, filterCollectors } from './collector-filter.ts';
import { negotiateFormat } from './negotiate.ts';

export interface MetricsOptions {
  readonly telemetryPath: string;
  readonly collectors: ReadonlySet<CollectorName>;
  readonly knownCollectors: readonly CollectorName[];
}

/** The metrics page. */
export function addMetricsRoute(
  app: FastifyInstance,
  options: MetricsOptions,
  scraper: Scraper,
  serve: ServeCollected,
): void {
  app.get<{ Querystring: FilterQuery }>(options.telemetryPath, async (request, reply) => {
    reply.header('cache-control', 'no-store').header('vary', 'accept, accept-encoding');
    const collectors = filterCollectors(request.query, { enabled: options.collectors, known: options.knownCollectors });
    if (typeof collectors === 'string') return refuse(reply, 400, collectors);
    const format = negotiateFormat(request.headers.accept);
    return serve(request, reply, (timeoutMs) => scraper.scrape({ collectors, format, timeoutMs }));
  });
}
