import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { clientOf } from '../sharing/client-of.ts';
import { createFairShare, type Place } from '../sharing/fair-share.ts';
import { MOST_REQUESTS_PER_CONNECTION } from '../sharing/server-limits.ts';

/** The open connections of all listen addresses. */
export interface Connections {
  /** Takes a new one in. When there is no room, the client with the most of them loses the one that is idle longest. */
  admit(socket: Socket): void;
  /** Passes requests on, and cuts off those that take too long to be answered and read. */
  watch(handler: RequestListener): RequestListener;
  /** Whether an answer is under way: nothing else can be written then. */
  isBusy(socket: Socket): boolean;
}

interface Connection {
  readonly place: Place;
  readonly answers: Set<ServerResponse>;
}

/** `longestAnswerMs`: from the arrival of a request to the last byte of its answer. */
export function createConnections(most: number, longestAnswerMs: number): Connections {
  const share = createFairShare(most);
  const open = new Map<unknown, Connection>();

  return { admit, watch, isBusy: (socket) => (open.get(keyOf(socket))?.answers.size ?? 0) > 0 };

  function admit(socket: Socket): void {
    const key = keyOf(socket);
    const place = share.seize(clientOf(socket.remoteAddress), () => reset(socket));
    const connection = { place, answers: new Set<ServerResponse>() };
    open.set(key, connection);
    socket.once('close', () => {
      place.giveBack();
      if (open.get(key) === connection) open.delete(key);
      setImmediate(closeAll, connection.answers); // after Node has closed what it knows of
    });
  }

  function watch(handler: RequestListener): RequestListener {
    return (request, response) => {
      const { socket } = request;
      if (socket.destroyed) return; // cut off, and its parser has not noticed yet
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

/** By addresses: under TLS and HTTP 2 a request knows another socket than the one that was admitted. */
function keyOf(socket: Socket): unknown {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  return remotePort === undefined ? socket : [remoteAddress, remotePort, localAddress, localPort].join();
}

/** A connection with a request under way is not idle. */
function follow(response: ServerResponse, { place, answers }: Connection): void {
  answers.add(response);
  place.isBusy = true;
  response.once('close', () => {
    answers.delete(response);
    place.isBusy = answers.size > 0;
    place.renew();
  });
}

/** Node closes only the first of several pipelined answers with their connection; whoever waits for the others would wait for ever. */
function closeAll(answers: ReadonlySet<ServerResponse>): void {
  for (const response of [...answers]) response.emit('close');
}

/** No page reads a body: nobody may go on sending one. A stream of HTTP 2 ends with its answer anyway. */
function closeAfterBody({ httpVersionMajor, headers }: IncomingMessage, response: ServerResponse): void {
  if (httpVersionMajor !== 1) return;
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0)
    response.setHeader('connection', 'close');
}

/** Leaves nothing behind in FIN_WAIT or TIME_WAIT, however many are cut off. */
function reset(socket: Socket): void {
  if (socket.remotePort === undefined)
    socket.destroy(); // a Unix socket
  else socket.resetAndDestroy();
}
