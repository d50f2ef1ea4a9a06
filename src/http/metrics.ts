import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../log.ts';
import type { CollectorName } from '../model/collectors.ts';
import type { Scraper } from '../scraper.ts';
import { type FilterQuery, filterCollectors } from './collector-filter.ts';
import { acceptsGzip, negotiateFormat } from './negotiate.ts';
import { createRequestSlots } from './request-slots.ts';
import { chooseTimeout } from './scrape-timeout.ts';

export interface MetricsOptions {
  readonly telemetryPath: string;
  /** Requests under way at once; 0 = no limit. */
  readonly maxRequests: number;
  readonly collectors: ReadonlySet<CollectorName>;
  readonly knownCollectors: readonly CollectorName[];
  readonly scrapeTimeoutMs: number;
  readonly scrapeTimeoutMarginMs: number;
}

/** The metrics page. */
export function addMetricsRoute(app: FastifyInstance, options: MetricsOptions, scraper: Scraper, log: Logger): void {
  const slots = createRequestSlots(options.maxRequests);
  const failures = createFailureLog(log);
  app.get<{ Querystring: FilterQuery }>(options.telemetryPath, async (request, reply) => {
    reply.header('cache-control', 'no-store').header('vary', 'accept, accept-encoding');
    const giveBack = slots.take();
    if (giveBack === undefined) return refuse(reply, 503, tooManyRequests(options.maxRequests));
    reply.raw.once('close', giveBack); // comes after the last byte and when the reader hangs up
    const collectors = filterCollectors(request.query, { enabled: options.collectors, known: options.knownCollectors });
    if (typeof collectors === 'string') return refuse(reply, 400, collectors);
    try {
      const page = await scraper.scrape({ collectors, ...readDemands(request, options) });
      failures.ended();
      reply.type(page.contentType);
      return acceptsGzip(request.headers['accept-encoding']) ? reply.compress(page.body) : reply.send(page.body);
    } catch (error) {
      failures.happened(error);
      return refuse(reply, 503, 'There are no metrics at the moment. The log of the exporter says why.');
    }
  });
}

function readDemands(request: FastifyRequest, options: MetricsOptions) {
  const timeout = request.headers['x-prometheus-scrape-timeout-seconds'];
  return {
    format: negotiateFormat(request.headers.accept),
    timeoutMs: chooseTimeout(typeof timeout === 'string' ? timeout : undefined, {
      timeoutMs: options.scrapeTimeoutMs,
      marginMs: options.scrapeTimeoutMarginMs,
    }),
  };
}

function refuse(reply: FastifyReply, status: number, sentence: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(`${sentence}\n`);
}

function tooManyRequests(limit: number): string {
  return `${limit} requests for metrics are under way, no more are taken at once (--web.max-requests).`;
}

/** Logs the first failure after a success and the first success after a failure. */
function createFailureLog(log: Logger) {
  let isFailing = false;
  return {
    happened(error: unknown): void {
      if (!isFailing) log.error({ error }, 'scrapes fail');
      isFailing = true;
    },
    ended(): void {
      if (isFailing) log.info({}, 'scrapes work again');
      isFailing = false;
    },
  };
}
