import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

/** What Prometheus 3 sends with a scrape. */
const SCRAPE_HEADERS = {
  accept:
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
  'accept-encoding': 'gzip',
  'x-prometheus-scrape-timeout-seconds': '60',
} as const;
const START_MS = 30_000;

export interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As sent, that is compressed where the headers say so. */
  readonly body: Buffer;
  readonly milliseconds: number;
}

export interface HttpClient {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** A scrape as Prometheus makes it. Rejects when the answer is not a page. */
  scrape(): Promise<Response>;
  /** Waits until a path answers 200. `exitCode`: of the server's process, null while it runs. */
  waitUntilReady(path: string, exitCode: () => number | null): Promise<void>;
  close(): void;
}

/** A client of a server on 127.0.0.1 that keeps its connections. */
export function createClient(port: number): HttpClient {
  const agent = new Agent({ keepAlive: true });
  return { get, scrape, waitUntilReady, close: () => agent.destroy() };

  async function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const startMs = performance.now();
    return new Promise((resolve, reject) => {
      const sent = request({ agent, host: '127.0.0.1', port, path, headers }, (response) => {
        buffer(response).then((body) => {
          const milliseconds = performance.now() - startMs;
          resolve({ status: response.statusCode!, headers: response.headers, body, milliseconds });
        }, reject);
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  async function scrape(): Promise<Response> {
    const response = await get('/metrics', SCRAPE_HEADERS);
    if (response.status !== 200) throw new Error(`a scrape was answered with ${response.status}: ${response.body}`);
    return response;
  }

  async function waitUntilReady(path: string, exitCode: () => number | null): Promise<void> {
    for (const startMs = performance.now(); performance.now() - startMs < START_MS; await delay(50)) {
      if (exitCode() !== null) throw new Error(`the server ended with exit code ${exitCode()}`);
      const response = await get(path).catch(() => undefined); // nobody listens yet
      if (response?.status === 200) return;
    }
    throw new Error(`the server is not ready after ${START_MS} ms`);
  }
}

/** The text of a page. */
export function pageText({ headers, body }: Response): string {
  return (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('utf8');
}
