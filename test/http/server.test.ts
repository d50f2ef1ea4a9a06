import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { buildServer, type ServerOptions } from '../../src/http/server.ts';
import type { ExpositionPage } from '../../src/metrics/family.ts';
import { defer } from '../support/fakes/deferred.ts';
import { CONTENT_TYPES, createFakeScraper, smallPage } from '../support/fakes/fake-scraper.ts';
import { createLogRecorder } from '../support/fakes/log-recorder.ts';
import { BUILD, HTTP_SETTINGS } from '../support/http/http-settings.ts';

const OPENMETRICS = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const BIG_PAGE = `${'fake_metric{label="value"} 1\n'.repeat(20_000)}`;

describe('GET /metrics', () => {
  it('serves the page of the scraper in the format asked for', async () => {
    const { app } = setUp();
    const text = await app.inject('/metrics');
    assert.equal(text.statusCode, 200);
    assert.equal(text.headers['content-type'], CONTENT_TYPES.text);
    assert.match(text.body, /^fake_up 1$/m);
    const openmetrics = await app.inject({ url: '/metrics', headers: { accept: OPENMETRICS } });
    assert.equal(openmetrics.headers['content-type'], CONTENT_TYPES.openmetrics);
    assert.match(openmetrics.body, /# EOF\n$/);
  });

  it('asks the scraper for the collectors, the format and the time-out of the request', async () => {
    const { app, scraper } = setUp();
    await app.inject({
      url: '/metrics?collect%5B%5D=sockets&collect[]=counters&other=1',
      headers: { accept: OPENMETRICS, 'x-prometheus-scrape-timeout-seconds': '5' },
    });
    await app.inject('/metrics?exclude[]=sockets');
    assert.deepEqual(scraper.requests, [
      { collectors: new Set(['counters', 'sockets']), format: 'openmetrics', timeoutMs: 4500 },
      { collectors: new Set(['counters']), format: 'text', timeoutMs: 10_000 },
    ]);
  });

  it('refuses a wish it cannot fulfil with 400 and a sentence, and does not scrape', async () => {
    const { app, scraper } = setUp();
    for (const [query, sentence] of [
      ['collect[]=sockets&exclude[]=counters', /^Use either/],
      ['collect[]=nonsense', /^There is no collector "nonsense" here\. There are: counters, memory, sockets\.\n$/],
      ['collect[]=memory', /^The collector memory is turned off/],
    ] as const) {
      const response = await app.inject(`/metrics?${query}`);
      assert.equal(response.statusCode, 400);
      assert.equal(response.headers['content-type'], 'text/plain; charset=utf-8');
      assert.match(response.body, sentence);
    }
    assert.equal(scraper.requests.length, 0);
  });

  it('answers two requests at once, each in its own format', async () => {
    const { app, scraper } = setUp();
    const gates = [defer<ExpositionPage>(), defer<ExpositionPage>()];
    scraper.answer = (request) => gates[scraper.requests.length - 1]!.promise.then(() => smallPage(request));
    const first = app.inject({ url: '/metrics', headers: { accept: OPENMETRICS } });
    const second = app.inject('/metrics');
    await waitFor(() => scraper.requests.length === 2);
    gates[1]!.resolve(smallPage(scraper.requests[1]!));
    assert.equal((await second).headers['content-type'], CONTENT_TYPES.text);
    gates[0]!.resolve(smallPage(scraper.requests[0]!));
    assert.equal((await first).headers['content-type'], CONTENT_TYPES.openmetrics);
  });

  it('answers 503 while the scraper fails, logs the change alone, and recovers', async () => {
    const { app, scraper, log } = setUp();
    const answer = scraper.answer;
    scraper.answer = async () => Promise.reject(new Error('secret detail'));
    for (let attempt = 0; attempt < 3; attempt++) {
      const response = await app.inject('/metrics');
      assert.equal(response.statusCode, 503);
      assert.equal(response.body, 'There are no metrics now. The log of the exporter says why.\n');
    }
    scraper.answer = answer;
    assert.equal((await app.inject('/metrics')).statusCode, 200);
    assert.equal((await app.inject('/metrics')).statusCode, 200);
    const messages = log.records.filter(({ level }) => level !== 'debug').map(({ level, message }) => [level, message]);
    assert.deepEqual(messages, [
      ['error', 'scrapes fail'],
      ['info', 'scrapes work again'],
    ]);
  });

  it('outlives a scraper that throws instead of rejecting', async () => {
    const { app, scraper } = setUp();
    scraper.answer = () => {
      throw new Error('thrown');
    };
    assert.equal((await app.inject('/metrics')).statusCode, 503);
  });

  it('refuses requests beyond the limit with 503, and takes them again once others are done', async () => {
    const { app, scraper } = setUp({ maxRequests: 2 });
    const gate = defer<void>();
    scraper.answer = async (request) => {
      await gate.promise;
      return smallPage(request);
    };
    const served = [app.inject('/metrics'), app.inject('/metrics')];
    await waitFor(() => scraper.requests.length === 2);
    const refused = await app.inject('/metrics');
    assert.equal(refused.statusCode, 503);
    assert.match(
      refused.body,
      /^2 requests for metrics are under way, no more are taken at once \(--web\.max-requests\)\.\n$/,
    );
    assert.equal((await app.inject('/-/healthy')).statusCode, 200);
    gate.resolve();
    for (const response of await Promise.all(served)) assert.equal(response.statusCode, 200);
    assert.equal((await app.inject('/metrics')).statusCode, 200);
  });

  it('gives the slot of a refused or failed request back', async () => {
    const { app, scraper } = setUp({ maxRequests: 1 });
    assert.equal((await app.inject('/metrics?collect[]=nonsense')).statusCode, 400);
    scraper.answer = async () => Promise.reject(new Error('no'));
    assert.equal((await app.inject('/metrics')).statusCode, 503);
    scraper.answer = async (request) => smallPage(request);
    assert.equal((await app.inject('/metrics')).statusCode, 200);
  });

  it('has no limit with 0', async () => {
    const { app, scraper } = setUp({ maxRequests: 0 });
    const gate = defer<void>();
    scraper.answer = (request) => gate.promise.then(() => smallPage(request));
    const served = Array.from({ length: 60 }, () => app.inject('/metrics'));
    await waitFor(() => scraper.requests.length === 60);
    gate.resolve();
    for (const response of await Promise.all(served)) assert.equal(response.statusCode, 200);
  });

  it('answers HEAD like GET, without a body', async () => {
    const { app } = setUp();
    const get = await app.inject('/metrics');
    const head = await app.inject({ method: 'HEAD', url: '/metrics' });
    assert.equal(head.statusCode, 200);
    assert.equal(head.body, '');
    assert.equal(head.headers['content-type'], get.headers['content-type']);
    assert.equal(head.headers['content-length'], get.headers['content-length']);
  });

  it('compresses as Accept-Encoding asks, whatever the format', async () => {
    const { app, scraper } = setUp();
    for (const contentType of Object.values(CONTENT_TYPES)) {
      scraper.answer = async () => ({ contentType, body: BIG_PAGE });
      const zipped = await app.inject({ url: '/metrics', headers: { 'accept-encoding': 'gzip' } });
      assert.equal(zipped.headers['content-encoding'], 'gzip');
      assert.equal(gunzipSync(zipped.rawPayload).toString(), BIG_PAGE);
      assert.equal(zipped.headers['content-type'], contentType);
      assert.equal(zipped.headers.vary, 'accept, accept-encoding');
      for (const refusing of [undefined, 'identity', 'gzip;q=0', 'br', 'gzip;q=0, *']) {
        const headers = refusing === undefined ? {} : { 'accept-encoding': refusing };
        const plain = await app.inject({ url: '/metrics', headers });
        assert.equal(plain.headers['content-encoding'], undefined);
        assert.equal(plain.body, BIG_PAGE);
        assert.equal(plain.headers.vary, 'accept, accept-encoding');
      }
    }
  });

  it('moves with --web.telemetry-path, to / as well', async () => {
    const { app } = setUp({ telemetryPath: '/' });
    assert.equal((await app.inject('/')).headers['content-type'], CONTENT_TYPES.text);
    const { app: other } = setUp({ telemetryPath: '/tcp/state.txt' });
    assert.equal((await other.inject('/tcp/state.txt')).statusCode, 200);
    assert.equal((await other.inject('/metrics')).statusCode, 404);
  });
});

describe('the other pages', () => {
  it('is healthy whatever the scraper does, and ready when the scraper is', async () => {
    const { app, scraper } = setUp();
    scraper.isUp = false;
    assert.equal((await app.inject('/-/healthy')).statusCode, 200);
    const unready = await app.inject('/-/ready');
    assert.equal(unready.statusCode, 503);
    assert.match(unready.body, /^tcpstate-exporter is not ready/);
    scraper.isUp = true;
    assert.equal((await app.inject('/-/ready')).statusCode, 200);
    assert.equal((await app.inject({ method: 'HEAD', url: '/-/ready' })).body, '');
  });

  it('says where the metrics are on every other path', async () => {
    const { app } = setUp({ telemetryPath: '/tcp' });
    for (const url of ['/metrics', '/tcp/', '//tcp//', '/%zz<b>', '/%ff', '/tcp%00', '/../../etc/passwd', '*']) {
      const response = await app.inject({ url, headers: { host: 'a' } });
      assert.equal(response.statusCode, 404, url);
      assert.equal(response.headers['content-type'], 'text/plain; charset=utf-8');
      assert.equal(response.headers['x-content-type-options'], 'nosniff');
      assert.equal(response.body, 'Not found. The metrics are at /tcp\n');
    }
  });

  it('answers 405 to other methods, on every path, and does not look at what they send', async () => {
    const { app, scraper } = setUp();
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND', 'PURGE']) {
      for (const url of ['/metrics', '/', '/nowhere', '/%zz']) {
        const request = {
          method: method as 'POST',
          url,
          headers: { 'content-type': 'application/json' },
          payload: '{',
        };
        const response = await app.inject(request);
        assert.equal(response.statusCode, 405, `${method} ${url}`);
        assert.equal(response.headers.allow, 'GET, HEAD, OPTIONS');
        assert.equal(response.body, 'Only GET, HEAD and OPTIONS are answered here.\n');
      }
    }
    assert.equal(scraper.requests.length, 0);
  });

  it('answers OPTIONS with the methods there are, as load balancers ask, without collecting', async () => {
    const { app, scraper } = setUp();
    for (const url of ['/', '/metrics', '/-/healthy', '/nowhere', '*']) {
      const response = await app.inject({ method: 'OPTIONS', url });
      assert.deepEqual([response.statusCode, response.body], [204, ''], url);
      assert.equal(response.headers.allow, 'GET, HEAD, OPTIONS');
    }
    assert.equal(scraper.requests.length, 0);
  });

  it('takes an address with slashes too many', async () => {
    const { app, scraper } = setUp();
    for (const url of ['//metrics', '///metrics?collect[]=sockets', 'http://a//metrics', '//-///healthy', '//']) {
      assert.equal((await app.inject(url)).statusCode, 200, url);
    }
    assert.deepEqual([...scraper.requests[1]!.collectors], ['sockets']);
    assert.equal((await app.inject('//nowhere')).statusCode, 404);
  });

  it('has a landing page with links, the version, and nothing from elsewhere', async () => {
    const { app } = setUp({ telemetryPath: '/tcp' });
    const page = await app.inject('/');
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
    for (const path of ['/tcp', '/-/healthy', '/-/ready']) assert.ok(page.body.includes(`href=".${path}"`), path);
    assert.match(page.body, /Version 1\.2\.3, revision abc1234, Node\.js v20\.17\.0 on linux/);
    assert.doesNotMatch(page.body, /https?:|src=|@import|url\(/);
  });

  it('lets a browser use the style of the landing page and nothing else', async () => {
    const { app } = setUp();
    for (const url of ['/', '/metrics', '/nowhere', '/-/healthy']) {
      const { headers } = await app.inject(url);
      assert.match(
        String(headers['content-security-policy']),
        /^default-src 'none';style-src 'sha256-[A-Za-z0-9+/]{43}=' 'sha256-[A-Za-z0-9+/]{43}=';/,
      );
      assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['strict-transport-security'], undefined);
      assert.equal(headers['x-powered-by'], undefined);
    }
  });
});

function setUp(settings: Partial<ServerOptions['config']> = {}, headers: ReadonlyMap<string, string> = new Map()) {
  const scraper = createFakeScraper();
  const log = createLogRecorder();
  const app = buildServer({
    config: { ...HTTP_SETTINGS, ...settings },
    scraper,
    log,
    build: BUILD,
    headersNow: () => headers,
  });
  return { app, scraper, log };
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !condition(); turn++) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.ok(condition(), 'waited in vain');
}
