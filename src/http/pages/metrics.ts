import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../log/log.ts';
import type { CollectorName } from '../../model/collectors.ts';
import type { Scraper } from '../../scrape/scraper.ts';
import { clientOf } from '../sharing/client-of.ts';
import { createFairShare } from '../sharing/fair-share.ts';
import { PLAIN_TEXT } from '../sharing/plain-answer.ts';
import { type FilterQuery, filterCollectors } from './collector-filter.ts';
import { gzipPage } from './gzip.ts';
import { acceptsGzip, negotiateFormat } from './negotiate.ts';
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
  const share = createFairShare(options.maxRequests === 0 ? Number.POSITIVE_INFINITY : options.maxRequests);
  const tooMany = tooManyRequests(options.maxRequests);
  const failures = createFailureLog(log);
  app.get<{ Querystring: FilterQuery }>(options.telemetryPath, async (request, reply) => {
    reply.header('cache-control', 'no-store').header('vary', 'accept, accept-encoding');
    const place = share.take(clientOf(request.ip), () => {
      if (place?.isBusy) refuse(reply, 503, tooMany);
      else reply.raw.destroy(); // its page is on the way, too slowly
    });
    if (place === undefined) return refuse(reply, 503, tooMany);
    place.isBusy = true;
    reply.raw.once('close', place.giveBack); // comes after the last byte and when the reader hangs up
    const collectors = filterCollectors(request.query, { enabled: options.collectors, known: options.knownCollectors });
    if (typeof collectors === 'string') return refuse(reply, 400, collectors);
    try {
      const page = await scraper.scrape({ collectors, ...readDemands(request, options) });
      const isPacked = acceptsGzip(request.headers['accept-encoding']);
      const body = isPacked ? await gzipPage(page.body) : page.body;
      failures.ended();
      if (reply.sent) return reply; // the place was taken away
      place.isBusy = false;
      if (isPacked) reply.header('content-encoding', 'gzip');
      return reply.type(page.contentType).send(body);
    } catch (error) {
      failures.happened(error);
      if (reply.sent) return reply;
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
  return reply.code(status).type(PLAIN_TEXT).send(`${sentence}\n`);
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
