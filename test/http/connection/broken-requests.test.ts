import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { OPEN_TO_ALL } from '../../../src/http/web-config/web-settings-type.ts';
import { defer } from '../../support/fakes/deferred.ts';
import { smallPage } from '../../support/fakes/fake-scraper.ts';
import { startGuardedServer } from '../../support/http/guarded-server.ts';

describe('what is no request', () => {
  for (const [what, bytes, status] of [
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n', '400 Bad Request'],
    ['another protocol', '\x16\x03\x01\x02\0\x01\0\x01\xfc', '400 Bad Request'],
    ['a path without slash', 'GET metrics HTTP/1.1\r\nHost: a\r\n\r\n', '400 Bad Request'],
    ['a path with NUL', 'GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n', '400 Bad Request'],
    ['a path beyond ASCII', 'GET /m\xe9trics HTTP/1.1\r\nHost: a\r\n\r\n', '400 Bad Request'],
    ['lines that end in LF', 'GET / HTTP/1.1\nHost: a\n\n', '400 Bad Request'],
    [
      'two lengths',
      'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
      '400 Bad Request',
    ],
    ['a long path', `GET /${'<a>'.repeat(10_000)} HTTP/1.1\r\n`, '431 Request Header Fields Too Large'],
    ['a long header', `GET / HTTP/1.1\r\nX: ${'y'.repeat(100_000)}`, '431 Request Header Fields Too Large'],
    ['many headers', `GET / HTTP/1.1\r\n${'x: y\r\n'.repeat(10_000)}`, '431 Request Header Fields Too Large'],
    ['a tunnel', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', '405 Method Not Allowed'],
  ] as const) {
    it(`is answered in one sentence: ${what}`, async (t) => {
      const socket = await open(t, (await startGuardedServer(t, () => OPEN_TO_ALL)).port);
      socket.write(bytes, 'latin1');
      const answer = await text(socket);
      const [head, body] = answer.split('\r\n\r\n');
      assert.equal(head!.split('\r\n')[0], `HTTP/1.1 ${status}`);
      assert.match(head!, /\r\nContent-Type: text\/plain; charset=utf-8\r\n/);
      assert.match(body!, /^[A-Z][^<>\n]+\.\n$/);
    });
  }

  for (const [what, bytes] of [
    ['nothing', ''],
    ['half a header', 'GET /metrics HTTP/1.1\r\nHost: a\r\nX: '],
    ['half a body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx'],
  ] as const) {
    it(`is not waited for longer than the time-out: ${what}`, async (t) => {
      const { port } = await startGuardedServer(t, () => OPEN_TO_ALL, { requestTimeoutMs: 200 });
      const socket = await open(t, port);
      socket.write(bytes);
      const startMs = performance.now();
      const answer = await text(socket);
      assert.ok(performance.now() - startMs < 3000);
      assert.match(
        answer,
        what === 'half a body' ? /^HTTP\/1\.1 405 / : /^HTTP\/1\.1 408 .+\(--web\.request-timeout\)\.\n$/s,
      );
    });
  }

  it('does not keep back the page from who has closed the asking half of the connection', async (t) => {
    const { port, scraper } = await startGuardedServer(t, () => OPEN_TO_ALL);
    const gate = defer<void>();
    scraper.answer = (request) => gate.promise.then(() => smallPage(request));
    const socket = await open(t, port);
    socket.end('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\nGET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n');
    setTimeout(gate.resolve, 100);
    const answer = await text(socket); // ends: the other half is closed after the last answer
    assert.match(answer, /^HTTP\/1\.1 200 .*\nfake_up 1\n.*is healthy\.\n/s);
    const idle = await open(t, port);
    idle.end();
    assert.equal(await text(idle), '');
  });

  it('does not end up in the middle of an answer', async (t) => {
    const { port, scraper } = await startGuardedServer(t, () => OPEN_TO_ALL);
    const [arrived, gate] = [defer<void>(), defer<void>()];
    scraper.answer = (request) => {
      arrived.resolve();
      return gate.promise.then(() => smallPage(request));
    };
    const socket = await open(t, port);
    socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived.promise;
    socket.write('garbage\r\n\r\n');
    assert.equal(await text(socket), '');
    gate.resolve();
  });
});

async function open(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}
