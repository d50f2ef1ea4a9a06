import type { RequestListener, Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { Logger } from '../../log/log.ts';
import { createPlainServer } from '../plain-server.ts';
import { http2Options, limitSessions, type ServerLimits } from '../sharing/server-limits.ts';
import type { TlsSettings } from '../web-config/tls.ts';
import { answerBrokenRequests } from './broken-requests.ts';
import { refuseClient } from './client-certificate.ts';
import type { Connections } from './connections.ts';
import { surviveFailedAccepts } from './failed-accepts.ts';

export interface SecureServerOptions {
  readonly limits: ServerLimits;
  readonly connections: Connections;
  readonly tlsNow: () => TlsSettings | undefined;
  readonly log: Logger;
}

/**
 * A server of HTTP 1.1 and 2 behind TLS, or of HTTP 1.1 without TLS, as the settings are when a connection comes. Those
 * that are open keep what they began with.
 */
export function createSecureServer(
  handler: RequestListener,
  { limits, connections, tlsNow, log }: SecureServerOptions,
): Server {
  const watched = connections.watch(handler);
  const server = createPlainServer(watched, limits);
  answerBrokenRequests(server, limits, connections);
  const http2 = createHttp2(watched, limits, server);
  const serveHttp1 = takeConnections(server);
  const serveSecurely = (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') http2.emit('connection', socket);
    else serveHttp1(socket);
  };
  let handshakes: { readonly tls: TlsSettings; readonly server: TlsServer } | undefined;
  server.on('connection', (socket: Socket) => {
    connections.admit(socket);
    const tls = tlsNow();
    if (tls === undefined) return serveHttp1(socket);
    if (handshakes?.tls !== tls) handshakes = { tls, server: createHandshakes(tls, limits, serveSecurely, log) };
    handshakes.server.emit('connection', socket);
  });
  surviveFailedAccepts(server, log);
  return server;
}

/** Takes new connections away from a server; the function serves one of them. */
function takeConnections(server: Server): (socket: Socket) => void {
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
}

/** Never listens: it is handed connections, so that new settings do not need the port again. */
function createHandshakes(
  tls: TlsSettings,
  { requestTimeoutMs }: ServerLimits,
  serve: (socket: TLSSocket) => void,
  log: Logger,
): TlsServer {
  const server = createTlsServer({ ...tls.options, handshakeTimeout: requestTimeoutMs });
  server.on('secureConnection', (socket) => {
    const reason = refuseClient(socket, tls);
    if (reason === undefined) return serve(socket);
    log.debug({ client: socket.remoteAddress, reason }, 'a client is not let in');
    socket.destroy();
  });
  server.on('tlsClientError', (error, socket) => {
    log.debug({ client: socket.remoteAddress, error }, 'a TLS handshake failed');
    socket.destroy();
  });
  return server;
}

function createHttp2(handler: RequestListener, limits: ServerLimits, server: Server): Http2Server {
  // Node's compatible request and response of HTTP 2 have everything that the handler uses.
  const http2 = createHttp2Server(http2Options(limits), handler as unknown as Parameters<typeof createHttp2Server>[1]);
  http2.on('session', (session) => server.emit('session', session)); // for whoever follows the connections of the server
  return limitSessions(http2);
}
