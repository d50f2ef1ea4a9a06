import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from 'node:http2';
import type { Server, Socket } from 'node:net';

/**
 * Tracks the connections of an HTTP server (1.1 or 2, plain or TLS) from its start. The function it returns closes the
 * server: idle connections at once, the others after their current answer, or after `graceMs`.
 */
export function trackConnections(server: Server): (graceMs: number) => Promise<void> {
  const sockets = keepWhileOpen<Socket>(server, 'connection');
  const sessions = keepWhileOpen<ServerHttp2Session>(server, 'session');
  const responses = new Set<ServerResponse>();
  server.on(
    'request',
    (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse) => {
      if (request.httpVersionMajor !== 1) return; // the HTTP 2 session tracks its own streams
      if (request.socket.destroyed) return; // there will be no answer to wait for
      const http1 = response as ServerResponse;
      responses.add(http1);
      http1.once('close', () => responses.delete(http1));
    },
  );

  return async (graceMs) => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // Otherwise a connection would stay open for its next request until the keep-alive time-out.
    for (const response of responses) if (!response.headersSent) response.setHeader('connection', 'close');
    for (const session of sessions) session.close();
    // Node counts a connection that has not sent a byte as busy.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    const cutOff = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(cutOff);
  };
}

function keepWhileOpen<Connection extends Socket | ServerHttp2Session>(server: Server, event: string): Set<Connection> {
  const open = new Set<Connection>();
  server.on(event, (connection: Connection) => {
    open.add(connection);
    connection.once('close', () => open.delete(connection));
  });
  return open;
}
