import compress from '@fastify/compress';
import helmet from '@fastify/helmet';
import { type FastifyError, type FastifyInstance, fastify } from 'fastify';
import type { Logger } from '../log.ts';
import type { BuildInfo } from '../metrics/build-info.ts';
import type { Scraper } from '../scraper.ts';
import { addMetricsRoute, type MetricsOptions } from './metrics.ts';
import { addPages } from './pages.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { BODY_LIMIT_BYTES } from './server-limits.ts';

export interface ServerOptions {
  readonly config: MetricsOptions;
  readonly scraper: Scraper;
  readonly log: Logger;
  readonly build: BuildInfo;
  /** Response headers that an operator has chosen; an empty value takes one of ours away. */
  readonly headersNow: () => ReadonlyMap<string, string>;
}

/** The routes behind every listen address. It never listens itself: `listen.ts` hands it requests. */
export function buildServer({ config, scraper, log, build, headersNow }: ServerOptions): FastifyInstance {
  const app = fastify({ bodyLimit: BODY_LIMIT_BYTES });
  app.register(helmet, SECURITY_HEADERS);
  app.register(compress, { global: false, encodings: ['gzip', 'identity'], customTypes: isPage });
  answerErrors(app, log);
  logRequests(app, log);
  app.after(() => {
    setHeaders(app, headersNow);
    addMetricsRoute(app, config, scraper, log);
    addPages(app, config.telemetryPath, scraper, build);
  });
  return app;
}

/** Both text formats; compress would not know OpenMetrics for text. */
function isPage(contentType: string): boolean {
  return contentType.startsWith('text/plain') || contentType.startsWith('application/openmetrics-text');
}

/** After helmet has set its own. */
function setHeaders(app: FastifyInstance, headersNow: () => ReadonlyMap<string, string>): void {
  app.addHook('onRequest', (_request, { raw }, done) => {
    for (const [name, value] of headersNow()) {
      if (value === '') raw.removeHeader(name);
      else raw.setHeader(name, value);
    }
    done();
  });
}

function answerErrors(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ error, method: request.method, url: request.url }, 'a request failed');
    const sentence = status >= 500 ? 'The exporter failed to answer. Its log says why.' : error.message;
    return reply.code(status).type('text/plain; charset=utf-8').send(`${sentence}\n`);
  });
}

function logRequests(app: FastifyInstance, log: Logger): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, url, ip } = request;
    log.debug({ method, url, client: ip, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'answered');
    done();
  });
}
