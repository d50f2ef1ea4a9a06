import type { RequestListener, ServerResponse } from 'node:http';
import type { Logger } from '../log.ts';
import { type BasicAuth, createBasicAuth } from './basic-auth.ts';
import { createRateLimiter } from './rate-limit.ts';
import type { WebSettings } from './web-settings.ts';

/** Lets those requests through to the handler, whatever their path, that the rate limit and the passwords allow. */
export function guardRequests(
  handler: RequestListener,
  settingsNow: () => WebSettings,
  log: Logger,
  checkPassword: BasicAuth = createBasicAuth(),
): RequestListener {
  const takeTurn = createRateLimiter();
  return (request, response) => {
    const settings = settingsNow();
    const refuse = (status: number, sentence: string, headers: Record<string, string> = {}) => {
      log.debug({ method: request.method, url: request.url, client: request.socket.remoteAddress, status }, 'refused');
      answer(response, status, sentence, { ...Object.fromEntries(settings.headers), ...headers });
    };
    const waitMs = takeTurn(settings.rateLimit);
    if (waitMs > 0) {
      refuse(429, 'Too many requests (rate_limit).', { 'Retry-After': String(Math.ceil(waitMs / 1000)) });
    } else if (settings.users.size === 0) {
      handler(request, response);
    } else {
      checkPassword(settings.users, request.headers.authorization).then(
        (verdict) => {
          if (verdict === 'right') handler(request, response);
          else if (verdict === 'wrong') refuse(401, 'Name and password, please.', CHALLENGE);
          else refuse(503, 'Too many passwords wait to be checked.', { 'Retry-After': '1' });
        },
        (error: unknown) => {
          log.error({ error }, 'a password could not be checked');
          refuse(500, 'The exporter failed to answer. Its log says why.');
        },
      );
    }
  };
}

const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="tcpstate-exporter", charset="UTF-8"' };

function answer(response: ServerResponse, status: number, sentence: string, headers: Record<string, string>): void {
  const given = Object.entries(headers).filter(([, value]) => value !== '');
  for (const [name, value] of given) response.setHeader(name, value);
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.statusCode = status;
  response.end(`${sentence}\n`);
}
