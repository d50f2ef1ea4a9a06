import type { ServerOptions } from 'node:http';
import type { ServerOptions as Http2Options, Http2SecureServer } from 'node:http2';

/** What a connection may use, as the operator chose. */
export interface ServerLimits {
  /** Most bytes of a request line with its headers. */
  readonly maxHeaderBytes: number;
  /** Time for a TLS handshake, and for a request to arrive whole. */
  readonly requestTimeoutMs: number;
}

/**
 * Longer than the 5 minutes after which Prometheus closes an unused connection: if the exporter closed it first, a
 * scrape could get lost.
 */
const KEEP_ALIVE_MS = 310_000;

/**
 * Requests in progress on one connection, pipelined over HTTP 1.1 or as streams of HTTP 2. Readers of metrics request
 * one page at a time.
 */
export const MOST_REQUESTS_PER_CONNECTION = 32;

/** No route reads a body. */
export const BODY_LIMIT_BYTES = 1024;

/** For HTTP 1.1. Node checks for slow requests once per interval, so they may last that much longer. */
export function serverOptions({ maxHeaderBytes, requestTimeoutMs }: ServerLimits): ServerOptions {
  return {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(5000, requestTimeoutMs / 2),
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
}

/** For HTTP 2. Node itself limits the rest well: floods of resets, pings, settings and continued headers. */
export function http2Options({ maxHeaderBytes }: ServerLimits): Http2Options {
  return {
    settings: { maxConcurrentStreams: MOST_REQUESTS_PER_CONNECTION, maxHeaderListSize: maxHeaderBytes },
    maxSessionMemory: 2, // MB that one connection may make the exporter keep
  };
}

/** How long an idle connection may wait for its next request. */
export function limitSessions(server: Http2SecureServer): void {
  server.on('session', (session) => session.setTimeout(KEEP_ALIVE_MS, () => session.close()));
}
