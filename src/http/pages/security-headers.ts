import type { FastifyHelmetOptions } from '@fastify/helmet';
import { STYLE_SOURCE } from './landing-page.ts';

/** Response headers that let a browser do nothing with a page but show it. */
export const SECURITY_HEADERS: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'style-src': [STYLE_SOURCE],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': ["'none'"],
    },
  },
  xFrameOptions: { action: 'deny' },
  referrerPolicy: { policy: 'no-referrer' },
  // It would hold for every other service of the host name too; the web configuration file can set it.
  strictTransportSecurity: false,
};
