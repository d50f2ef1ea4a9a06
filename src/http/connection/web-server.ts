import { createServer, type RequestListener, type Server } from 'node:http';
import { createSecureServer, type Http2Session } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { TLSSocket, Server as TlsServer } from 'node:tls';
import type { Logger } from '../../log/log.ts';
import type { RequestCounts } from '../../metrics/request-counts.ts';
import { answerAndClose } from '../sharing/plain-answer.ts';
import { http2Options, limitSessions, type ServerLimits, serverOptions } from '../sharing/server-limits.ts';
import type { TlsSettings } from '../web-config/tls.ts';
import { answerBrokenRequests } from './broken-requests.ts';
import { refuseClient } from './client-certificate.ts';
import type { Connections } from './connections.ts';
import { surviveFailedAccepts } from './failed-accepts.ts';
import { createHandshakeLog, explainHandshake } from './handshake-log.ts';

export interface WebServerOptions {
  readonly limits: ServerLimits;
  readonly connections: Connections;
  /** Whether to speak TLS and HTTP 2 is read once; the other settings apply to each new connection. */
  readonly tlsNow: () => TlsSettings | undefined;
  readonly counts: RequestCounts;
  readonly log: Logger;
}

/** A server for HTTP 1.1; with TLS for HTTP 1.1 and 2. */
export function createWebServer(handler: RequestListener, options: WebServerOptions): Server {
  const { limits, connections, counts, tlsNow, log } = options;
  const watched = connections.watch(handler);
  const tls = tlsNow();
  const server = tls === undefined ? createPlain(watched, limits) : createTls(watched, tls, limits);
  if (tls !== undefined) followTls(server as unknown as TlsServer, tls, options);
  server.prependListener('connection', connections.admit);
  answerBrokenRequests(server, limits, connections, counts);
  surviveFailedAccepts(server, log);
  return server;
}

/** A client that has sent its request may close its half of the connection, as `nc -N` does. */
function createPlain(handler: RequestListener, limits: ServerLimits): Server {
  return Object.assign(createServer(serverOptions(limits), handler), { httpAllowHalfOpen: true });
}

function createTls(handler: RequestListener, tls: TlsSettings, limits: ServerLimits): Server {
  const options = { ...tls.options, ...serverOptions(limits), handshakeTimeout: limits.requestTimeoutMs };
  if (!tls.http2) return createHttpsServer(options, handler);
  const server = createSecureServer({ ...options, ...http2Options(limits), allowHTTP1: true });
  Object.assign(server, serverOptions(limits)); // for HTTP 1.1 it reads these from properties only
  limitSessions(server);
  // Node's compatibility request and response of HTTP 2 have everything the handler uses.
  return (server as unknown as Server).on('request', handler);
}

/** Uses new settings for new connections. */
function followTls(
  server: TlsServer,
  first: TlsSettings,
  { tlsNow, connections, counts, log }: WebServerOptions,
): void {
  const tellRefusal = createHandshakeLog(log);
  let tls = first;
  useTls(server, tls);
  server.prependListener('connection', () => {
    const now = tlsNow() ?? tls;
    if (now !== tls) useTls(server, now);
    tls = now;
  });
  // HTTP 2 may have read a request by now; one of HTTP 1.1 meets a destroyed socket.
  server.on('session', (session: Http2Session) => {
    if (refuseClient(session.socket as TLSSocket, tls) !== undefined) session.destroy();
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    const reason = refuseClient(socket, tls);
    if (reason === undefined) return;
    tellRefusal(socket.remoteAddress, reason);
    socket.destroy();
  });
  // Runs before Node's own listener, which treats it as a broken request unless the socket is destroyed.
  server.prependListener('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const admitted = connections.admitted(socket);
    // A client that hangs up silently only checks whether the port is open; one that does not trust this server says
    // so.
    if (error.code !== 'ECONNRESET') tellRefusal(socket.remoteAddress, explainHandshake(error));
    if (error.code === 'ERR_SSL_HTTP_REQUEST' && admitted !== undefined) {
      counts.refused(400);
      answerAndClose(admitted, 400, 'This port speaks TLS: ask with https.');
    }
    socket.destroy();
  });
}

/**
 * Properties that Node.js 20 to 26 read at every connection: the only, undocumented, way to change these settings in a
 * running server.
 */
interface ServerInside {
  requestCert: boolean;
  readonly _sharedCreds?: { readonly context: { setAllowPartialTrustChain?(): void } };
}

function useTls(server: TlsServer, { options }: TlsSettings): void {
  server.setSecureContext(options);
  const inside = server as unknown as ServerInside;
  inside.requestCert = options.requestCert === true;
  // Go accepts any certificate of client_ca as the end of a chain: an intermediate authority, or the client's own
  // certificate.
  inside._sharedCreds?.context.setAllowPartialTrustChain?.();
}
