import type { IncomingHttpHeaders } from 'node:http';
import { request as requestPlainly } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { text } from 'node:stream/consumers';
import type { ConnectionOptions } from 'node:tls';
import { createConnections } from '../../../src/http/connection/connections.ts';
import { type Listening, listen } from '../../../src/http/connection/listen.ts';
import { createWebServer } from '../../../src/http/connection/web-server.ts';
import { guardRequests } from '../../../src/http/guard/guard.ts';
import { countRequests } from '../../../src/http/pages/count-requests.ts';
import { buildServer } from '../../../src/http/server.ts';
import type { WebSettings } from '../../../src/http/web-config/web-settings-type.ts';
import { createRequestCounts, type RequestCounts } from '../../../src/metrics/request-counts.ts';
import { createFakeScraper, type FakeScraper } from '../fakes/fake-scraper.ts';
import { createLogRecorder } from '../fakes/log-recorder.ts';
import { BUILD, HTTP_SETTINGS, SERVER_LIMITS } from './http-settings.ts';

export interface GuardedServer {
  readonly port: number;
  readonly scraper: FakeScraper;
  readonly log: ReturnType<typeof createLogRecorder>;
  readonly counts: RequestCounts;
  readonly listening: Listening;
}

const LIMITS = { ...SERVER_LIMITS, maxConnections: 512, longestAnswerMs: 40_000, maxRequests: 40 };

/** The whole web server on a port of its own, as program.ts puts it together, over a fake scraper. */
export async function startGuardedServer(
  t: { after(action: () => Promise<void>): void },
  settingsNow: () => WebSettings,
  limits: Partial<typeof LIMITS> = {},
): Promise<GuardedServer> {
  const given = { ...LIMITS, ...limits };
  const [scraper, log] = [createFakeScraper(), createLogRecorder()];
  const headersNow = () => settingsNow().headers;
  const app = buildServer({ config: { ...HTTP_SETTINGS, ...given }, scraper, log, build: BUILD, headersNow });
  await app.ready();
  const counts = createRequestCounts();
  const guarded = countRequests(guardRequests(app.routing, settingsNow, log), HTTP_SETTINGS.telemetryPath, counts);
  const connections = createConnections(given.maxConnections, given.longestAnswerMs);
  const tlsNow = () => settingsNow().tls;
  const listening = await listen([{ host: '127.0.0.1', port: 0 }], () =>
    createWebServer(guarded, { limits: given, connections, tlsNow, counts, log }),
  );
  t.after(() => listening.close(0));
  return { port: Number(listening.addresses[0]!.split(':').pop()), scraper, log, counts, listening };
}

export interface ClientOptions
  extends Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'ciphers' | 'minVersion' | 'maxVersion'> {
  readonly headers?: Record<string, string>;
  readonly path?: string;
  /** Any address of 127.0.0.0/8. */
  readonly localAddress?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request over HTTP 1.1 on a connection of its own; over TLS if a certificate authority is given. */
export function fetchFrom(port: number, { path = '/metrics', ...options }: ClientOptions = {}): Promise<Reply> {
  const request = options.ca === undefined ? requestPlainly : requestSecurely;
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
      const { statusCode: status = 0, headers } = response;
      text(response).then((body) => resolve({ status, headers, body }), reject);
    })
      .on('error', reject)
      .end();
  });
}

/** The value of an Authorization header. */
export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}
