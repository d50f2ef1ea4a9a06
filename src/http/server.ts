import { hostname } from 'node:os';
import helmet from '@fastify/helmet';
import { type FastifyError, type FastifyInstance, fastify } from 'fastify';
import type { Logger } from '../log/log.ts';
import type { BuildInfo } from '../model/build-info.ts';
import type { Scraper } from '../scrape/scraper.ts';
import { type CollectingOptions, createCollectedPages } from './pages/collected-page.ts';
import { addMetricsRoute, type MetricsOptions } from './pages/metrics.ts';
import { addPages, type PagesOptions } from './pages/pages.ts';
import { SECURITY_HEADERS } from './pages/security-headers.ts';
import { pathForLog } from './sharing/path-for-log.ts';
import { ALLOWED_METHODS, PLAIN_TEXT } from './sharing/plain-answer.ts';
import { BODY_LIMIT_BYTES } from './sharing/server-limits.ts';

export interface ServerOptions {
  readonly config: MetricsOptions & PagesOptions & CollectingOptions;
  readonly scraper: Scraper;
  readonly log: Logger;
  readonly build: BuildInfo;
  /** Response headers that the operator chose; an empty value removes one of ours. */
  readonly headersNow: () => ReadonlyMap<string, string>;
}

const UNKNOWN_PATH = '/-/unknown';

const READING_METHODS: readonly string[] = ['GET', 'HEAD'];

/** The routes behind every listen address. It does not listen itself: `listen.ts` passes it requests. */
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
    const serve = createCollectedPages(config, log);
    addMetricsRoute(app, config, scraper, serve);
    addPages(app, config, scraper, { host: hostname(), build }, serve);
  });
  return app;
}

/** Runs after helmet has set its headers. */
function setHeaders(app: FastifyInstance, headersNow: () => ReadonlyMap<string, string>): void {
  app.addHook('onRequest', (_request, { raw }, done) => {
    for (const [name, value] of headersNow()) {
      if (value === '') raw.removeHeader(name);
      else raw.setHeader(name, value);
    }
    done();
  });
}

/** No route has a schema, so the schema compilers (ajv, fast-json-stringify) are not even loaded. */
function refuseSchemas(): never {
  throw new Error('routes have no schemas here');
}

/** Runs before any body is read. OPTIONS lists the methods: load balancers use it to see whether the server answers. */
function refuseOtherMethods(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (READING_METHODS.includes(request.method)) return done();
    reply.header('allow', ALLOWED_METHODS);
    if (request.method === 'OPTIONS') return reply.code(204).send();
    reply.code(405).type(PLAIN_TEXT).send(`Only GET, HEAD and OPTIONS are answered here.\n`);
  });
}

/** A path that the router cannot parse is an unknown path. An address joined with one slash too many still works. */
function toKnownForm(url: string): string {
  try {
    const [, path = '', query = ''] = /^([^?#]*)(.*)$/s.exec(url) ?? [];
    decodeURI(path);
    return path === '*' ? UNKNOWN_PATH : path.replace(/(?<!:)\/{2,}/g, '/') + query;
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
