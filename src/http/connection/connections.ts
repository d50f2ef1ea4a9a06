import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { clientOf } from '../sharing/client-of.ts';
import { createFairShare, type Place } from '../sharing/fair-share.ts';
import { MOST_REQUESTS_PER_CONNECTION } from '../sharing/server-limits.ts';

/** The open connections of all listen addresses. */
export interface Connections {
  /** Admits a new one. At the limit, the client with the most connections loses its longest-idle one. */
  admit(socket: Socket): void;
  /** Passes requests on, and cuts off clients that take too long to get and read their answer. */
  watch(handler: RequestListener): RequestListener;
  /** The admitted socket beneath the socket that TLS or HTTP 2 shows; undefined = unknown. */
  admitted(socket: Socket): Socket | undefined;
  /** Whether an answer is in progress: nothing else can be written then. */
  isBusy(socket: Socket): boolean;
}

interface Connection {
  readonly socket: Socket;
  readonly place: Place;
  readonly answers: Set<ServerResponse>;
}

/** `longestAnswerMs`: from the arrival of a request to the last byte of its answer. */
export function createConnections(most: number, longestAnswerMs: number): Connections {
  const share = createFairShare(most);
  const open = new Map<unknown, Connection>();

  return {
    admit,
    watch,
    admitted: (socket) => open.get(keyOf(socket))?.socket,
    isBusy: (socket) => (open.get(keyOf(socket))?.answers.size ?? 0) > 0,
  };

  function admit(socket: Socket): void {
    const key = keyOf(socket);
    const place = share.seize(clientOf(socket.remoteAddress), () => reset(socket));
    const connection = { socket, place, answers: new Set<ServerResponse>() };
    open.set(key, connection);
    socket.once('close', () => {
      place.giveBack();
      if (open.get(key) === connection) open.delete(key);
      setImmediate(closeAll, connection.answers); // after Node has closed the connections it knows
    });
  }

  function watch(handler: RequestListener): RequestListener {
    return (request, response) => {
      const { socket } = request;
      if (socket.destroyed) return; // cut off, but its parser has not noticed yet
      const connection = open.get(keyOf(socket));
      if (connection !== undefined) {
        if (connection.answers.size >= MOST_REQUESTS_PER_CONNECTION) return void socket.destroy();
        follow(response, connection);
      }
      const cutOff = setTimeout(() => response.destroy(), longestAnswerMs);
      response.once('close', () => clearTimeout(cutOff));
      closeAfterBody(request, response);
      handler(request, response);
    };
  }
}

/** By addresses: under TLS and HTTP 2 a request has a different socket than the admitted one. */
function keyOf(socket: Socket): unknown {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  return remotePort === undefined ? socket : [remoteAddress, remotePort, localAddress, localPort].join();
}

/** A connection with a request in progress is not idle. */
function follow(response: ServerResponse, { place, answers }: Connection): void {
  answers.add(response);
  place.isBusy = true;
  response.once('close', () => {
    answers.delete(response);
    place.isBusy = answers.size > 0;
    place.renew();
  });
}

/**
 * Of several pipelined answers Node closes only the first with their connection; code that waits for the others would
 * wait for ever.
 */
function closeAll(answers: ReadonlySet<ServerResponse>): void {
  for (const response of [...answers]) response.emit('close');
}

/** No page reads a body, so no client may go on sending one. A stream of HTTP 2 ends with its answer anyway. */
function closeAfterBody({ httpVersionMajor, headers }: IncomingMessage, response: ServerResponse): void {
  if (httpVersionMajor !== 1) return;
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0)
    response.setHeader('connection', 'close');
}

/** Leaves no socket in FIN_WAIT or TIME_WAIT, however many are cut off. */
function reset(socket: Socket): void {
  if (socket.remotePort === undefined)
    socket.destroy(); // a Unix socket
  else socket.resetAndDestroy();
}
