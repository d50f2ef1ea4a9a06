import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { OPEN_TO_ALL } from '../../../src/http/web-config/web-settings-type.ts';
import { defer } from '../../support/fakes/deferred.ts';
import { smallPage } from '../../support/fakes/fake-scraper.ts';
import { fetchFrom, type GuardedServer, startGuardedServer } from '../../support/http/guarded-server.ts';

const [GREEDY, OTHER] = ['127.0.0.1', '127.0.0.2'];
const SCRAPE = 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n';
/** More than sockets take in without a reader. */
const HUGE_PAGE = 'fake_metric 1\n'.repeat(2_000_000);

describe('connections beyond the limit', () => {
  it('cost the client with the most of them the one that is idle longest', async (t) => {
    const { port } = await start(t, { maxConnections: 4 });
    const kept = await open(t, port, OTHER);
    const greedy: Socket[] = [];
    for (let index = 0; index < 10; index++) greedy.push(await open(t, port, GREEDY));
    await until(() => greedy.filter(({ closed }) => closed).length === 7);
    assert.deepEqual(
      greedy.map(({ closed }) => closed),
      [true, true, true, true, true, true, true, false, false, false],
    );
    assert.equal(await healthOver(kept), 'HTTP/1.1 200 OK');
    for (const localAddress of [GREEDY, OTHER]) assert.equal((await fetchFrom(port, { localAddress })).status, 200);
  });

  it('do not cost one with a request under way', async (t) => {
    const { port, scraper } = await start(t, { maxConnections: 2 });
    const gate = defer<void>();
    scraper.answer = (request) => gate.promise.then(() => smallPage(request));
    const page = fetchFrom(port, { localAddress: GREEDY });
    await until(() => scraper.requests.length === 1);
    for (let index = 0; index < 5; index++) await open(t, port, GREEDY);
    gate.resolve();
    assert.equal((await page).status, 200);
  });
});

describe('pipelined requests', () => {
  it('are answered in their order, up to 32', async (t) => {
    const { port, scraper } = await start(t);
    const socket = await open(t, port, GREEDY);
    socket.write(SCRAPE.repeat(31) + SCRAPE.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    assert.equal((await text(socket)).match(/^HTTP\/1\.1 200 OK\r$/gm)?.length, 32);
    assert.equal(scraper.requests.length, 32);
  });

  it('end the connection beyond', async (t) => {
    const { port, scraper } = await start(t);
    const socket = await open(t, port, GREEDY);
    socket.write(SCRAPE.repeat(1000));
    await until(() => socket.closed);
    assert.equal(scraper.requests.length, 32);
    assert.equal((await fetchFrom(port)).status, 200);
  });

  it('give back what they hold when their reader hangs up', async (t) => {
    const { port, scraper } = await start(t, { maxRequests: 10 });
    const gate = defer<void>();
    scraper.answer = (request) => gate.promise.then(() => smallPage(request));
    const socket = await open(t, port, GREEDY);
    socket.write(SCRAPE.repeat(10));
    await until(() => scraper.requests.length === 10);
    socket.resetAndDestroy();
    await delay(100);
    gate.resolve();
    const secondGate = defer<void>();
    scraper.answer = (request) => secondGate.promise.then(() => smallPage(request));
    const several = Array.from({ length: 10 }, () => fetchFrom(port));
    await until(() => scraper.requests.length === 20);
    secondGate.resolve();
    for (const { status } of await Promise.all(several)) assert.equal(status, 200);
  });
});

describe('requests for metrics beyond the limit', () => {
  it('are refused to one client, while another takes the place of a reader that does not read', async (t) => {
    const { port, scraper } = await start(t, { maxRequests: 2 });
    scraper.answer = async (request) => ({ ...smallPage(request), body: HUGE_PAGE });
    const stalled = [await open(t, port, GREEDY), await open(t, port, GREEDY)];
    for (const socket of stalled) socket.pause().write(SCRAPE);
    await until(() => scraper.requests.length === 2);
    await delay(50);
    scraper.answer = async (request) => smallPage(request);
    const refused = await fetchFrom(port, { localAddress: GREEDY });
    assert.equal(refused.status, 503);
    assert.match(refused.body, /--web\.max-requests/);
    assert.equal((await fetchFrom(port, { localAddress: OTHER })).status, 200);
  });

  it('take the place of one that waits for its page, which gets 503', async (t) => {
    const { port, scraper } = await start(t, { maxRequests: 2 });
    const gate = defer<void>();
    scraper.answer = (request) => gate.promise.then(() => smallPage(request));
    const greedy = [1, 2].map(() => fetchFrom(port, { localAddress: GREEDY }));
    await until(() => scraper.requests.length === 2);
    const other = fetchFrom(port, { localAddress: OTHER });
    await until(() => scraper.requests.length === 3);
    gate.resolve();
    assert.deepEqual((await Promise.all(greedy)).map(({ status }) => status).sort(), [200, 503]);
    assert.equal((await other).status, 200);
  });
});

it('cuts off who does not take an answer in time', async (t) => {
  const { port, scraper } = await start(t, { longestAnswerMs: 200 });
  scraper.answer = async (request) => ({ ...smallPage(request), body: HUGE_PAGE });
  const socket = await open(t, port, GREEDY);
  socket.pause().write(SCRAPE);
  await delay(400);
  assert.ok((await text(socket).catch(() => '')).length < HUGE_PAGE.length);
});

it('takes no body, and closes the connection of who sends one', async (t) => {
  const { port } = await start(t);
  for (const header of ['Content-Length: 1000000000', 'Transfer-Encoding: chunked']) {
    const socket = await open(t, port, GREEDY);
    socket.write(`GET /-/healthy HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n${header}\r\n\r\n`);
    const answer = await text(socket);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(answer, /\r\nconnection: close\r\n/i);
  }
});

function start(t: TestContext, limits: Parameters<typeof startGuardedServer>[2] = {}): Promise<GuardedServer> {
  return startGuardedServer(t, () => OPEN_TO_ALL, limits);
}

async function open(t: TestContext, port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function healthOver(socket: Socket): Promise<string> {
  socket.write('GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n');
  const [answer] = await once(socket, 'data');
  return String(answer).split('\r\n')[0]!;
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !condition(); turn++) await delay(5);
  assert.ok(condition(), 'waited in vain');
}
