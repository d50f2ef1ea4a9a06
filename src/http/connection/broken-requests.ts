import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestCounts } from '../../metrics/request-counts.ts';
import { ALLOWED_METHODS, answerAndClose } from '../sharing/plain-answer.ts';
import type { ServerLimits } from '../sharing/server-limits.ts';
import type { Connections } from './connections.ts';

/** Answers what Node cannot parse as a request, and requests that the handler cannot serve. */
export function answerBrokenRequests(
  server: Server,
  limits: ServerLimits,
  connections: Connections,
  counts: RequestCounts,
): void {
  server.on('clientError', ({ code }: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket; // always a socket: the server gets nothing else
    if (!socket.writable || connections.isBusy(socket)) return void socket.destroy();
    const [status, sentence] = explain(code, limits);
    counts.refused(status);
    answerAndClose(socket, status, sentence);
  });
  server.on('connect', (_request, stream) => {
    answerAndClose(stream as Socket, 405, 'This is no proxy. Pages are asked for with GET.', [
      `Allow: ${ALLOWED_METHODS}`,
    ]);
  });
  // The exporter never asks for a body.
  for (const event of ['checkContinue', 'checkExpectation'])
    server.on(event, (request, response) => server.emit('request', request, response));
}

function explain(code: string | undefined, { maxHeaderBytes, requestTimeoutMs }: ServerLimits): [number, string] {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const most = `${maxHeaderBytes} bytes (--web.max-header-bytes)`;
    return [431, `Request line and headers are larger than ${most}.`];
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return [408, `The request has not arrived within ${requestTimeoutMs / 1000} seconds (--web.request-timeout).`];
  }
  return [400, 'This is not a request of HTTP 1.1 that the exporter understands. Pages are asked for with GET.'];
}
