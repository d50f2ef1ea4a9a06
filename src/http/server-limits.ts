import type { Server, ServerOptions } from 'node:http';
import { constants, type ServerOptions as Http2Options, type Http2Server } from 'node:http2';

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

/** The same for HTTP 2, whose connections carry several requests at once. */
export const HTTP2_LIMITS = {
  settings: { maxConcurrentStreams: 100, maxHeaderListSize: SERVER_LIMITS.maxHeaderSize },
} as const satisfies Http2Options;

/** No route reads a body. */
export const BODY_LIMIT_BYTES = 1024;

/** Open connections per listen address, idle ones included: more than any number of Prometheus servers, fewer than a process may have open by default (1024). */
const MAX_CONNECTIONS = 512;

/** Room for a reader that takes its page slowly: longer than that without a byte and it is dropped. */
const STALLED_READER_MS = 30_000;

/** Sets what a server takes only after it was made. */
export function limitConnections(server: Server, longestScrapeMs: number): Server {
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = longestScrapeMs + STALLED_READER_MS;
  return server;
}

/** The same for HTTP 2: an idle connection may wait for its next request, a request may not. */
export function limitStreams(server: Http2Server, longestScrapeMs: number): Http2Server {
  server.setTimeout(SERVER_LIMITS.keepAliveTimeout);
  server.on('stream', (stream) => {
    stream.setTimeout(longestScrapeMs + STALLED_READER_MS, () => stream.close(constants.NGHTTP2_CANCEL));
  });
  return server;
}
