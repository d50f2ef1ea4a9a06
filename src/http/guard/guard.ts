import type { RequestListener } from 'node:http';
import type { Logger } from '../../log/log.ts';
import { clientOf } from '../sharing/client-of.ts';
import { pathForLog } from '../sharing/path-for-log.ts';
import { answerPlainly } from '../sharing/plain-answer.ts';
import { createRateLimiter } from '../sharing/rate-limit.ts';
import { type BasicAuth, createBasicAuth } from '../web-config/basic-auth.ts';
import type { WebSettings } from '../web-config/web-settings-type.ts';
import { hasSoundHost } from './host-header.ts';

/** Passes on the requests, whatever their path, that the rate limit and the passwords allow. */
export function guardRequests(
  handler: RequestListener,
  settingsNow: () => WebSettings,
  log: Logger,
  checkPassword: BasicAuth = createBasicAuth(),
): RequestListener {
  const takeTurn = createRateLimiter();
  return (request, response) => {
    const settings = settingsNow();
    const { method, url } = request;
    const client = request.socket.remoteAddress; // undefined once the connection is gone
    const refuse = (status: number, sentence: string, headers: Record<string, string> = {}) => {
      log.debug({ method, path: pathForLog(url), client, status }, 'refused');
      answerPlainly(response, status, sentence, { ...Object.fromEntries(settings.headers), ...headers });
    };
    if (!hasSoundHost(request)) return refuse(400, 'The request has a broken Host header, or several.');
    const waitMs = takeTurn(settings.rateLimit);
    if (waitMs > 0) {
      refuse(429, 'Too many requests (rate_limit).', { 'Retry-After': String(Math.ceil(waitMs / 1000)) });
    } else if (settings.users.size === 0) {
      handler(request, response);
    } else {
      let isGone = false;
      response.once('close', () => {
        isGone = true;
      });
      checkPassword(settings.users, request.headers.authorization, clientOf(client)).then(
        (verdict) => {
          if (isGone) return; // no client waits for an answer any more
          if (verdict === 'right') handler(request, response);
          else if (verdict === 'wrong') refuse(401, 'Name and password required.', CHALLENGE);
          else refuse(503, 'Too many passwords are waiting to be checked.', { 'Retry-After': '1' });
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
