import type { ServerOptions } from 'node:http';
import type { ServerOptions as Http2Options, Http2Server } from 'node:http2';

/** What a connection may cost, as an operator chose it. */
export interface ServerLimits {
  /** Most bytes of a request line and its headers. */
  readonly maxHeaderBytes: number;
  /** Time for a TLS handshake, and for a request to arrive whole. */
  readonly requestTimeoutMs: number;
}

/** Prometheus closes a connection it has not used for 5 minutes. It has to be the first: a scrape on a connection that we are closing is lost. */
const KEEP_ALIVE_MS = 310_000;

/** Pipelined over HTTP 1.1 or as streams of HTTP 2. Readers of metrics ask for one page at a time. */
export const MOST_REQUESTS_PER_CONNECTION = 32;

/** No route reads a body. */
export const BODY_LIMIT_BYTES = 1024;

/** For HTTP 1.1. Node looks for slow requests once per interval: they may last that much longer. */
export function serverOptions({ maxHeaderBytes, requestTimeoutMs }: ServerLimits): ServerOptions {
  return {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(5000, requestTimeoutMs / 2),
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
}

/** For HTTP 2. What is not here Node bounds well by itself: resets, pings, settings and continued headers in a flood. */
export function http2Options({ maxHeaderBytes }: ServerLimits): Http2Options {
  return {
    settings: { maxConcurrentStreams: MOST_REQUESTS_PER_CONNECTION, maxHeaderListSize: maxHeaderBytes },
    maxSessionMemory: 2, // MB that one connection may make the exporter keep
  };
}

/** An idle connection may wait for its next request. */
export function limitSessions(server: Http2Server): Http2Server {
  server.setTimeout(KEEP_ALIVE_MS);
  return server;
}
