import type { Server, ServerOptions } from 'node:http';
import type { Server as TlsServer } from 'node:https';

/** What one connection may cost. Readers send a GET with a handful of headers and no body. */
export const SERVER_LIMITS = {
  /** Room for the cookies that a browser sends along for a host name with other services. */
  maxHeaderSize: 16 * 1024,
  /** Slow senders must not hold connections. Node checks once per interval, so that both may last that much longer. */
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  connectionsCheckingInterval: 5_000,
  /** Prometheus closes a connection it has not used for 5 minutes. It has to be the first: a scrape on a connection that we are closing is lost. */
  keepAliveTimeout: 310_000,
} as const satisfies ServerOptions;

/** No route reads a body. */
export const BODY_LIMIT_BYTES = 1024;

/** Open connections per listen address, idle ones included: more than any number of Prometheus servers, fewer than a process may have open by default (1024). */
const MAX_CONNECTIONS = 512;

/** Room for a reader that takes its page slowly: longer than that without a byte and it is dropped. */
const STALLED_READER_MS = 30_000;

/** Sets what a server takes only after it was made. */
export function limitConnections<HttpServer extends Server | TlsServer>(
  server: HttpServer,
  longestScrapeMs: number,
): HttpServer {
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = longestScrapeMs + STALLED_READER_MS;
  return server;
}
