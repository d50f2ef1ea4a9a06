import { createServer, type RequestListener, type Server } from 'node:http';
import { limitConnections, SERVER_LIMITS } from './server-limits.ts';

/** A server of HTTP 1.1 without TLS. */
export function createPlainServer(handler: RequestListener, longestScrapeMs: number): Server {
  return limitConnections(createServer(SERVER_LIMITS, handler), longestScrapeMs);
}
