import type { FastifyInstance } from 'fastify';
import type { BuildInfo } from '../../model/build-info.ts';
import type { Scraper } from '../../scrape/scraper.ts';
import { PLAIN_TEXT } from '../sharing/plain-answer.ts';
import type { ServeCollected } from './collected-page.ts';
import { renderLandingPage } from './landing-page.ts';
import { createLivePage, HTML } from './live/live-page.ts';
import { acceptsHtml } from './negotiate.ts';

export interface PagesOptions {
  readonly telemetryPath: string;
  /** Whether / shows the state of the host to browsers. */
  readonly livePage: boolean;
}

/** What / can show. */
export interface FrontPage {
  readonly host: string;
  readonly build: BuildInfo;
}

/** All other pages: the front page, health, readiness, and the answer to an unknown path. */
export function addPages(
  app: FastifyInstance,
  options: PagesOptions,
  scraper: Scraper,
  front: FrontPage,
  serve: ServeCollected,
): void {
  app.get('/-/healthy', (_request, reply) => reply.type(PLAIN_TEXT).send('tcpstate-exporter is healthy.\n'));
  app.get('/-/ready', (_request, reply) => {
    const isReady = scraper.isReady();
    const sentence = isReady
      ? 'tcpstate-exporter is ready.'
      : 'tcpstate-exporter is not ready: the collector is not up.';
    return reply
      .code(isReady ? 200 : 503)
      .type(PLAIN_TEXT)
      .send(`${sentence}\n`);
  });
  const { telemetryPath } = options;
  if (telemetryPath !== '/') addFrontPage(app, options, scraper, front, serve);
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type(PLAIN_TEXT).send(`Not found. The metrics are at ${telemetryPath}\n`),
  );
}

/** The live page for those who ask for HTML, as browsers do. A health check that tries / must not cost a collection each time. */
function addFrontPage(
  app: FastifyInstance,
  { telemetryPath, livePage }: PagesOptions,
  scraper: Scraper,
  front: FrontPage,
  serve: ServeCollected,
): void {
  const small = renderLandingPage(telemetryPath, front.build);
  const draw = createLivePage(scraper, { ...front, telemetryPath });
  app.get<{ Querystring: { readonly refresh?: unknown } }>('/', async (request, reply) => {
    if (!livePage) return reply.type(HTML).send(small);
    reply.header('cache-control', 'no-store').header('vary', 'accept, accept-encoding');
    if (!acceptsHtml(request.headers.accept)) return reply.type(HTML).send(small);
    return serve(request, reply, (timeoutMs) => draw(timeoutMs, request.query.refresh === '0'));
  });
}
