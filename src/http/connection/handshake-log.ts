import type { Logger } from '../../log/log.ts';

/** Strangers decide how often this happens, so for this long further ones are only counted. */
const WARN_EVERY_MS = 60_000;

/** Logs clients whose TLS handshake fails, or who are refused after it. */
export type HandshakeLog = (client: string | undefined, reason: string) => void;

/** At most one warning a minute, with the number since the previous one. */
export function createHandshakeLog(log: Logger, now = () => performance.now()): HandshakeLog {
  let warnedMs = Number.NEGATIVE_INFINITY;
  let unlogged = 0;
  return (client, reason) => {
    if (now() - warnedMs < WARN_EVERY_MS) {
      unlogged++;
      log.debug({ client, reason }, 'a TLS connection was refused');
      return;
    }
    log.warn({ client, reason, ...(unlogged > 0 ? { before: unlogged } : {}) }, 'a TLS connection was refused');
    warnedMs = now();
    unlogged = 0;
  };
}

/** What went wrong, in OpenSSL's words without its file names and numbers. */
export function explainHandshake(error: Error): string {
  const { code, reason } = error as NodeJS.ErrnoException & { reason?: string };
  if (code === 'ERR_SSL_HTTP_REQUEST') return 'it speaks HTTP without TLS';
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return 'the handshake took too long (--web.request-timeout)';
  return reason ?? error.message;
}
