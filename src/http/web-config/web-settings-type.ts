import type { TlsSettings } from './tls.ts';
import type { WebConfig } from './web-config.ts';

/** The current settings for connections and requests. */
export interface WebSettings extends Pick<WebConfig, 'headers' | 'users' | 'rateLimit'> {
  /** A new object whenever the file is read again. */
  readonly tls: TlsSettings | undefined;
}

/** The settings without a web configuration. */
export const OPEN_TO_ALL: WebSettings = { tls: undefined, headers: new Map(), users: new Map(), rateLimit: undefined };
