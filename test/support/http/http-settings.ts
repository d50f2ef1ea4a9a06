import type { ServerOptions } from '../../../src/http/server.ts';
import type { ServerLimits } from '../../../src/http/sharing/server-limits.ts';

export const BUILD = { version: '1.2.3', revision: 'abc1234', nodeVersion: 'v20.17.0', platform: 'linux' } as const;

/** What `buildServer` needs of a configuration, with two collectors on and one off. */
export const HTTP_SETTINGS: ServerOptions['config'] = {
  telemetryPath: '/metrics',
  livePage: true,
  maxRequests: 40,
  collectors: new Set(['counters', 'sockets']),
  knownCollectors: ['counters', 'memory', 'sockets'],
  scrapeTimeoutMs: 10_000,
  scrapeTimeoutMarginMs: 500,
};

export const SERVER_LIMITS: ServerLimits = { maxHeaderBytes: 16_384, requestTimeoutMs: 10_000 };
