import type { TlsSettings } from './tls.ts';
import type { WebConfig } from './web-config.ts';

/** What holds for connections and requests from now on. */
export interface WebSettings extends Pick<WebConfig, 'headers' | 'users' | 'rateLimit'> {
  /** Another object whenever it is read again. */
  readonly tls: TlsSettings | undefined;
}

/** Without a web configuration. */
export const OPEN_TO_ALL: WebSettings = { tls: undefined, headers: new Map(), users: new Map(), rateLimit: undefined };
