import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { hashSync } from 'bcryptjs';
import { OPEN_TO_ALL, type WebSettings } from '../../../src/http/web-config/web-settings-type.ts';
import { basic, fetchFrom, startGuardedServer } from '../../support/http/guarded-server.ts';

const USERS = new Map([['alice', hashSync('a', 4)]]);
const PATHS = [
  '/',
  '/metrics',
  '/metrics?collect[]=sockets',
  '/-/healthy',
  '/-/ready',
  '/nowhere',
  '/%zz',
  '/%2e%2e/metrics',
  '*',
];

describe('basic_auth_users', () => {
  it('keeps everybody else from every path', async (t) => {
    const { port, scraper } = await start(t, { users: USERS });
    for (const path of PATHS) {
      for (const authorization of [undefined, basic('alice', 'b'), basic('bob', 'a'), 'Bearer a']) {
        const headers = authorization === undefined ? {} : { authorization };
        const reply = await fetchFrom(port, { path, headers });
        assert.equal(reply.status, 401, path);
        assert.equal(reply.headers['www-authenticate'], 'Basic realm="tcpstate-exporter", charset="UTF-8"');
        assert.equal(reply.body, 'Name and password required.\n');
      }
      const { status } = await fetchFrom(port, { path, headers: { authorization: basic('alice', 'a') } });
      assert.notEqual(status, 401, path);
    }
    assert.equal(scraper.requests.length, 2);
  });

  it('keeps out other methods and requests of HTTP 1.0 as well', async (t) => {
    const { port, scraper } = await start(t, { users: USERS });
    for (const line of [
      'HEAD /metrics HTTP/1.1',
      'POST /metrics HTTP/1.1',
      'OPTIONS * HTTP/1.1',
      'GET /metrics HTTP/1.0',
      'GET http://a/metrics HTTP/1.1',
    ]) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(`${line}\r\nHost: a\r\nConnection: close\r\n\r\n`);
      assert.match(await text(socket), /^HTTP\/1\.1 401 Unauthorized\r\n/, line);
    }
    assert.equal(scraper.requests.length, 0);
  });

  it('logs neither passwords nor headers', async (t) => {
    const { port, log } = await start(t, { users: USERS });
    for (const password of ['a', 'secret-guess'])
      await fetchFrom(port, { headers: { authorization: basic('alice', password) } });
    assert.ok(log.records.length >= 2);
    const written = JSON.stringify(log.records);
    for (const secret of [
      'secret-guess',
      basic('alice', 'a'),
      basic('alice', 'secret-guess').slice(6),
      USERS.get('alice')!,
    ])
      assert.equal(written.includes(secret), false, secret);
  });
});

describe('rate_limit', () => {
  it('answers 429 beyond the burst, before it asks for a password', async (t) => {
    const { port, scraper } = await start(t, { users: USERS, rateLimit: { intervalMs: 60_000, burst: 2 } });
    assert.equal((await fetchFrom(port)).status, 401);
    assert.equal((await fetchFrom(port, { headers: { authorization: basic('alice', 'a') } })).status, 200);
    const reply = await fetchFrom(port, { headers: { authorization: basic('alice', 'a') } });
    assert.equal(reply.status, 429);
    assert.equal(reply.body, 'Too many requests (rate_limit).\n');
    const seconds = Number(reply.headers['retry-after']);
    assert.ok(seconds > 50 && seconds <= 60, `${seconds}`);
    assert.equal(scraper.requests.length, 1);
  });
});

describe('headers', () => {
  it('are set on every answer, refusals included, in place of our own', async (t) => {
    const headers = new Map([
      ['X-Frame-Options', 'sameorigin'],
      ['Strict-Transport-Security', 'max-age=1'],
      ['Content-Security-Policy', ''],
    ]);
    const { port } = await start(t, { users: USERS, headers });
    for (const authorization of [basic('alice', 'a'), 'none']) {
      for (const path of ['/metrics', '/', '/nowhere']) {
        const reply = await fetchFrom(port, { path, headers: { authorization } });
        assert.equal(reply.headers['x-frame-options'], 'sameorigin');
        assert.equal(reply.headers['strict-transport-security'], 'max-age=1');
        assert.equal('content-security-policy' in reply.headers, false);
      }
    }
    const ours = await fetchFrom(port, { headers: { authorization: basic('alice', 'a') } });
    assert.equal(ours.headers['x-content-type-options'], 'nosniff');
  });
});

function start(t: TestContext, settings: Partial<WebSettings>) {
  const all: WebSettings = { ...OPEN_TO_ALL, ...settings };
  return startGuardedServer(t, () => all);
}
