import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

export const ALLOWED_METHODS = 'GET, HEAD, OPTIONS';
export const PLAIN_TEXT = 'text/plain; charset=utf-8';

/** Answers with one sentence, before any page runs. Headers with an empty value are left out. */
export function answerPlainly(
  response: ServerResponse,
  status: number,
  sentence: string,
  headers: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of Object.entries(headers)) if (value !== '') response.setHeader(name, value);
  response.setHeader('Content-Type', PLAIN_TEXT);
  response.setHeader('Cache-Control', 'no-store');
  response.statusCode = status;
  response.end(`${sentence}\n`);
}

/** The same as the last answer on a connection whose request could not be parsed. */
export function answerAndClose(
  socket: Socket,
  status: number,
  sentence: string,
  headers: readonly string[] = [],
): void {
  const body = `${sentence}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...headers,
    `Content-Type: ${PLAIN_TEXT}`,
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
