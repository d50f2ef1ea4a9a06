import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { hashSync } from 'bcryptjs';
import { OPEN_TO_ALL } from '../../../src/http/web-config/web-settings-type.ts';
import type { RequestCounts } from '../../../src/metrics/request-counts.ts';
import { defer } from '../../support/fakes/deferred.ts';
import { smallPage } from '../../support/fakes/fake-scraper.ts';
import { basic, fetchFrom, type GuardedServer, startGuardedServer } from '../../support/http/guarded-server.ts';

const USERS = new Map([['alice', hashSync('a', 4)]]);
const BURST = { intervalMs: 60_000, burst: 1 };

describe('answers are counted by their status', () => {
  const cases: readonly [
    what: string,
    ask: (server: GuardedServer) => Promise<unknown>,
    expected: Readonly<Record<number, number>>,
    settings?: object,
  ][] = [
    ['a page', ({ port }) => fetchFrom(port), { 200: 1 }],
    ['a page by its whole address', ({ port }) => fetchFrom(port, { path: 'http://a/metrics?x=1' }), { 200: 1 }],
    ['a page with a slash too many', ({ port }) => fetchFrom(port, { path: '//metrics' }), { 200: 1 }],
    ['an unknown collector', ({ port }) => fetchFrom(port, { path: '/metrics?collect[]=nope' }), { 400: 1 }],
    ['no password', ({ port }) => fetchFrom(port), { 401: 1 }, { users: USERS }],
    [
      'the right password',
      ({ port }) => fetchFrom(port, { headers: { authorization: basic('alice', 'a') } }),
      { 200: 1 },
      { users: USERS },
    ],
    [
      'too many requests',
      async ({ port }) => [await fetchFrom(port), await fetchFrom(port)],
      { 200: 1, 429: 1 },
      { rateLimit: BURST },
    ],
    [
      'no metrics',
      ({ port, scraper }) => {
        scraper.answer = () => Promise.reject(new Error('closed'));
        return fetchFrom(port);
      },
      { 503: 1 },
    ],
    ['nonsense', ({ port }) => send(port, 'nonsense\r\n\r\n'), { 400: 1 }],
    ['headers without end', ({ port }) => send(port, `GET / HTTP/1.1\r\nX: ${'y'.repeat(100_000)}`), { 431: 1 }],
    ['silence', ({ port }) => send(port, ''), { 408: 1 }],
    ['another page', ({ port }) => fetchFrom(port, { path: '/-/healthy' }), {}],
    ['no page at all', ({ port }) => fetchFrom(port, { path: '/metrics/else' }), {}],
    [
      'another method',
      ({ port }) => send(port, 'DELETE /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
      {},
    ],
  ];
  for (const [what, ask, expected, settings] of cases) {
    it(`${what}: ${JSON.stringify(expected)}`, async (t) => {
      const server = await startGuardedServer(t, () => ({ ...OPEN_TO_ALL, ...settings }), { requestTimeoutMs: 300 });
      await ask(server);
      await untilIdle(server.counts);
      assert.deepEqual(changed(server.counts), expected);
    });
  }

  it('counts those under way, and none twice; one that nobody waits for was never answered', async (t) => {
    const { port, scraper, counts } = await startGuardedServer(t, () => OPEN_TO_ALL);
    const gate = defer<void>();
    scraper.answer = (request) => gate.promise.then(() => smallPage(request));
    const answers = [fetchFrom(port), fetchFrom(port)];
    const gone = connect(port, '127.0.0.1');
    gone.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n');
    while (scraper.requests.length < 3) await delay(5);
    assert.equal(counts.inFlight(), 3);
    gone.resetAndDestroy(); // a FIN alone may come from one who waits for the answer
    while (counts.inFlight() > 2) await delay(5);
    assert.deepEqual(changed(counts), {});
    gate.resolve();
    await Promise.all(answers);
    await untilIdle(counts);
    assert.deepEqual(changed(counts), { 200: 2 });
  });
});

async function send(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(bytes);
  return text(socket);
}

async function untilIdle(counts: RequestCounts): Promise<void> {
  for (let turn = 0; turn < 200 && counts.inFlight() > 0; turn++) await delay(5);
  assert.equal(counts.inFlight(), 0);
}

function changed(counts: RequestCounts): Record<number, number> {
  return Object.fromEntries([...counts.answers()].filter(([, count]) => count > 0));
}
