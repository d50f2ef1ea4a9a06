import type { FastifyHelmetOptions } from '@fastify/helmet';
import { STYLE_SOURCE } from './landing-page.ts';
import { STYLE_SOURCE as LIVE_STYLE_SOURCE } from './live/style.ts';

/** Response headers that allow a browser to show our pages and nothing else. */
export const SECURITY_HEADERS: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'style-src': [STYLE_SOURCE, LIVE_STYLE_SOURCE],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': ["'none'"],
    },
  },
  xFrameOptions: { action: 'deny' },
  referrerPolicy: { policy: 'no-referrer' },
  // HSTS would apply to every other service of the host name too; the web configuration file can set it.
  strictTransportSecurity: false,
};
