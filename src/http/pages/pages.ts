import type { FastifyInstance } from 'fastify';
import type { BuildInfo } from '../../metrics/build-info.ts';
import type { Scraper } from '../../scrape/scraper.ts';
import { PLAIN_TEXT } from '../sharing/plain-answer.ts';
import { renderLandingPage } from './landing-page.ts';

/** Everything but the metrics: the landing page, health, readiness, and the answer to a path that is none of them. */
export function addPages(app: FastifyInstance, telemetryPath: string, scraper: Scraper, build: BuildInfo): void {
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
  if (telemetryPath !== '/') {
    const page = renderLandingPage(telemetryPath, build);
    app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
  }
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type(PLAIN_TEXT).send(`Not found. The metrics are at ${telemetryPath}\n`),
  );
}
