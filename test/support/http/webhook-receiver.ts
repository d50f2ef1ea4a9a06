import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

export interface ReceivedCall {
  readonly path: string;
  readonly body: string;
}

/** A server on loopback that takes every call, keeps it, and answers as Slack (path /slack) or PagerDuty would; closed after the test. */
export async function receiveWebhooks(t: TestContext) {
  const calls: ReceivedCall[] = [];
  const server = createServer(async (request, response) => {
    calls.push({ path: request.url!, body: await text(request) });
    const isSlack = request.url === '/slack';
    if (isSlack) response.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
    else response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"success"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, calls: calls as readonly ReceivedCall[], waitFor };

  /** The first call that fits, as soon as it has come. */
  async function waitFor(
    what: string,
    fits: (call: ReceivedCall) => boolean,
    timeoutMs: number,
  ): Promise<ReceivedCall> {
    for (const startMs = performance.now(); performance.now() - startMs < timeoutMs; await delay(100)) {
      const call = calls.find(fits);
      if (call !== undefined) return call;
    }
    throw new Error(
      `no ${what} within ${timeoutMs} ms; received:\n${calls.map(({ path, body }) => path + body).join('\n')}`,
    );
  }
}
