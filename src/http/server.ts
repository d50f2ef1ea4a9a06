import helmet from '@fastify/helmet';
import { type FastifyError, type FastifyInstance, fastify } from 'fastify';
import type { Logger } from '../log/log.ts';
import type { BuildInfo } from '../metrics/build-info.ts';
import type { Scraper } from '../scrape/scraper.ts';
import { addMetricsRoute, type MetricsOptions } from './pages/metrics.ts';
import { addPages } from './pages/pages.ts';
import { SECURITY_HEADERS } from './pages/security-headers.ts';
import { pathForLog } from './sharing/path-for-log.ts';
import { PLAIN_TEXT } from './sharing/plain-answer.ts';
import { BODY_LIMIT_BYTES } from './sharing/server-limits.ts';

export interface ServerOptions {
  readonly config: MetricsOptions;
  readonly scraper: Scraper;
  readonly log: Logger;
  readonly build: BuildInfo;
  /** Response headers that an operator has chosen; an empty value takes one of ours away. */
  readonly headersNow: () => ReadonlyMap<string, string>;
}

const UNKNOWN_PATH = '/-/unknown';

/** The routes behind every listen address. It never listens itself: `listen.ts` hands it requests. */
export function buildServer({ config, scraper, log, build, headersNow }: ServerOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    rewriteUrl: ({ url = '/' }) => toKnownForm(url),
    schemaController: { compilersFactory: { buildValidator: refuseSchemas, buildSerializer: refuseSchemas } },
  });
  app.register(helmet, SECURITY_HEADERS);
  answerErrors(app, log);
  logRequests(app, log);
  app.after(() => {
    setHeaders(app, headersNow);
    refuseOtherMethods(app);
    addMetricsRoute(app, config, scraper, log);
    addPages(app, config.telemetryPath, scraper, build);
  });
  return app;
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

/** No route has a schema: what compiles them (ajv, fast-json-stringify) is not even loaded then. */
function refuseSchemas(): never {
  throw new Error('routes have no schemas here');
}

const READING_METHODS: readonly string[] = ['GET', 'HEAD'];

/** Before any body is looked at. */
function refuseOtherMethods(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (READING_METHODS.includes(request.method)) return done();
    reply.code(405).header('allow', READING_METHODS.join(', ')).type(PLAIN_TEXT);
    reply.send(`Only GET and HEAD are answered here.\n`);
  });
}

/** What the router cannot read is a path that there is not, like any other. */
function toKnownForm(url: string): string {
  try {
    decodeURI(url.replace(/[?#].*$/s, ''));
    return url === '*' ? UNKNOWN_PATH : url;
  } catch {
    return UNKNOWN_PATH;
  }
}

function answerErrors(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ error, method: request.method, path: pathForLog(request.url) }, 'a request failed');
    const sentence = status >= 500 ? 'The exporter failed to answer. Its log says why.' : 'This is not answered here.';
    return reply.code(status).type(PLAIN_TEXT).send(`${sentence}\n`);
  });
}

function logRequests(app: FastifyInstance, log: Logger): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, originalUrl, ip: client } = request;
    const ms = Math.round(reply.elapsedTime);
    log.debug({ method, path: pathForLog(originalUrl), client, status: reply.statusCode, ms }, 'answered');
    done();
  });
}
