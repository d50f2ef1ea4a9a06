import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../log/log.ts';
import { clientOf } from '../sharing/client-of.ts';
import { createFairShare } from '../sharing/fair-share.ts';
import { PLAIN_TEXT } from '../sharing/plain-answer.ts';
import { gzipPage } from './gzip.ts';
import { acceptsGzip } from './negotiate.ts';
import { chooseTimeout, type TimeoutRules } from './scrape-timeout.ts';

export interface CollectingOptions {
  /** Most requests in progress at once; 0 = no limit. */
  readonly maxRequests: number;
  readonly scrapeTimeoutMs: number;
  readonly scrapeTimeoutMarginMs: number;
}

export interface Page {
  readonly contentType: string;
  readonly body: string | Buffer;
}

/** Answers a request with a page that takes a collection. `collect` gets the time until the page must be sent. */
export type ServeCollected = (
  request: FastifyRequest,
  reply: FastifyReply,
  collect: (timeoutMs: number) => Promise<Page>,
) => Promise<FastifyReply>;

/** The pages that take a collection: all of them together share one number of requests in progress, fairly among clients. */
export function createCollectedPages(options: CollectingOptions, log: Logger): ServeCollected {
  const { maxRequests, scrapeTimeoutMs: timeoutMs, scrapeTimeoutMarginMs: marginMs } = options;
  const share = createFairShare(maxRequests === 0 ? Number.POSITIVE_INFINITY : maxRequests);
  const tooMany = `${maxRequests} requests for metrics are under way, no more are taken at once (--web.max-requests).`;
  const failures = createFailureLog(log);
  return async (request, reply, collect) => {
    const place = share.take(clientOf(request.ip), () => {
      if (place?.isBusy) refuse(reply, 503, tooMany);
      else reply.raw.destroy(); // its page is being sent, too slowly
    });
    if (place === undefined) return refuse(reply, 503, tooMany);
    place.isBusy = true;
    reply.raw.once('close', place.giveBack); // fires after the last byte, or when the reader hangs up
    try {
      const page = await collect(readTimeout(request, { timeoutMs, marginMs }));
      const isPacked = acceptsGzip(request.headers['accept-encoding']);
      const body = isPacked ? await gzipPage(page.body) : page.body;
      failures.ended();
      if (reply.sent) return reply; // another client got the place
      place.isBusy = false;
      if (isPacked) reply.header('content-encoding', 'gzip');
      return reply.type(page.contentType).send(body);
    } catch (error) {
      failures.happened(error);
      if (reply.sent) return reply;
      return refuse(reply, 503, 'There are no metrics now. The log of the exporter says why.');
    }
  };
}

export function refuse(reply: FastifyReply, status: number, sentence: string): FastifyReply {
  return reply.code(status).type(PLAIN_TEXT).send(`${sentence}\n`);
}

function readTimeout(request: FastifyRequest, rules: TimeoutRules): number {
  const timeout = request.headers['x-prometheus-scrape-timeout-seconds'];
  return chooseTimeout(typeof timeout === 'string' ? timeout : undefined, rules);
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
