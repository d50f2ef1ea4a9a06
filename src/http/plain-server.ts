import { createServer, type RequestListener, type Server } from 'node:http';
import { type ServerLimits, serverOptions } from './sharing/server-limits.ts';

/** A server of HTTP 1.1 without TLS. */
export function createPlainServer(handler: RequestListener, limits: ServerLimits): Server {
  return createServer(serverOptions(limits), handler);
}
