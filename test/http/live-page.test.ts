import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { hashSync } from 'bcryptjs';
import { buildServer, type ServerOptions } from '../../src/http/server.ts';
import { OPEN_TO_ALL } from '../../src/http/web-config/web-settings-type.ts';
import type { LiveLook } from '../../src/scrape/live.ts';
import { defer } from '../support/fakes/deferred.ts';
import { createFakeScraper, smallPage } from '../support/fakes/fake-scraper.ts';
import { createLogRecorder } from '../support/fakes/log-recorder.ts';
import { basic, fetchFrom, startGuardedServer } from '../support/http/guarded-server.ts';
import { BUILD, HTTP_SETTINGS } from '../support/http/http-settings.ts';
import { liveLook } from '../support/pages/live-looks.ts';
import { LINUX_SNAPSHOT } from '../support/pages/snapshots.ts';
import { readStrictHtml } from '../support/pages/strict-html.ts';

/** What browsers send. */
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8' };
const LOOK = liveLook(LINUX_SNAPSHOT, LINUX_SNAPSHOT, 30);

describe('GET / with a live page', () => {
  it('shows a browser the host, by one look with the time of a scrape', async () => {
    const { get, scraper } = setUp();
    const page = await get();
    assert.equal(page.statusCode, 200);
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(page.headers['cache-control'], 'no-store');
    assert.equal(page.headers.vary, 'accept, accept-encoding');
    assert.match(readStrictHtml(page.body).text, /CRITICAL 2 critical, 4 warnings, 1 note .* feed-poller /);
    assert.deepEqual(scraper.looks, [10_000]);
    await get({ headers: { ...BROWSER, 'x-prometheus-scrape-timeout-seconds': '2' } });
    assert.deepEqual(scraper.looks, [10_000, 1500]);
    assert.equal(scraper.requests.length, 0);
  });

  it('refreshes itself unless it is paused; no other word of a query means anything', async () => {
    const { get } = setUp();
    const refreshing = /<meta http-equiv="refresh" content="5">/;
    for (const url of ['/', '/?refresh=5', '/?refresh=', '/?refresh=0&refresh=0', '/?top=100000', '//'])
      assert.match((await get({ url })).body, refreshing, url);
    assert.doesNotMatch((await get({ url: '/?refresh=0' })).body, refreshing);
  });

  it('draws one look once, for all who get it', async () => {
    const { get, scraper } = setUp();
    const first = (await get()).body;
    assert.equal((await get()).body, first);
    scraper.show = async () => ({ ...LOOK, time: new Date('2026-03-01T10:42:12Z') });
    assert.match((await get()).body, /10:42:12 UTC/);
  });

  it('does not collect for health checks and command line tools: whoever does not ask for HTML gets the links', async () => {
    const { get, scraper } = setUp();
    for (const accept of [undefined, '*/*', 'text/*', 'application/json', 'text/html;q=0']) {
      const page = await get({ headers: accept === undefined ? {} : { accept } });
      assert.equal(page.statusCode, 200);
      assert.match(page.body, /the metrics, for Prometheus to scrape/);
      assert.equal(page.headers.vary, 'accept, accept-encoding');
    }
    assert.deepEqual(scraper.looks, []);
  });

  it('allows its own style and nothing else, and the style it has is the one that is allowed', async () => {
    const { get } = setUp();
    const { headers, body } = await get();
    const policy = String(headers['content-security-policy']);
    assert.match(
      policy,
      /^default-src 'none';style-src ('sha256-[A-Za-z0-9+/]{43}=' ?){2};base-uri 'none';form-action 'none';/,
    );
    const [, style] = /<style>(.*)<\/style>/s.exec(body)!;
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style));
    assert.ok(policy.includes(`'sha256-${Buffer.from(hash).toString('base64')}'`));
  });

  it('is compressed for who can read it, and answers HEAD like GET, without a body', async () => {
    const { app, get } = setUp();
    const plain = await get();
    const zipped = await get({ headers: { ...BROWSER, 'accept-encoding': 'gzip' } });
    assert.equal(gunzipSync(zipped.rawPayload).toString(), plain.body);
    const head = await app.inject({ method: 'HEAD', url: '/', headers: BROWSER });
    assert.deepEqual([head.statusCode, head.body], [200, '']);
    assert.equal(head.headers['content-length'], plain.headers['content-length']);
  });

  it('shares the limit of requests with scrapes, and gives its place back', async () => {
    const { app, get, scraper } = setUp({ maxRequests: 2 });
    const gate = defer<LiveLook>();
    scraper.show = () => gate.promise;
    const scrapeGate = defer<void>();
    scraper.answer = async (request) => {
      await scrapeGate.promise;
      return smallPage(request);
    };
    const underWay = [get(), app.inject('/metrics')] as const;
    await waitFor(() => scraper.looks.length === 1 && scraper.requests.length === 1);
    const refused = await get();
    assert.equal(refused.statusCode, 503);
    assert.match(refused.body, /^2 requests for metrics are under way/);
    assert.equal((await app.inject('/metrics')).statusCode, 503);
    assert.equal((await app.inject('/')).statusCode, 200, 'the links take no place');
    assert.equal((await app.inject('/-/healthy')).statusCode, 200);
    gate.resolve(LOOK);
    scrapeGate.resolve();
    for (const response of underWay) assert.equal((await response).statusCode, 200);
    assert.equal((await get()).statusCode, 200);
  });

  it('answers 503 in plain words while there is nothing to show, logs the change, and recovers', async () => {
    const { get, scraper, log } = setUp();
    const { show } = scraper;
    scraper.show = async () => Promise.reject(new Error('secret detail'));
    for (let attempt = 0; attempt < 2; attempt++) {
      const response = await get();
      assert.equal(response.statusCode, 503);
      assert.equal(response.body, 'There are no metrics now. The log of the exporter says why.\n');
    }
    scraper.show = show;
    assert.equal((await get()).statusCode, 200);
    assert.deepEqual(
      log.records.filter(({ level }) => level !== 'debug').map(({ message }) => message),
      ['scrapes fail', 'scrapes work again'],
    );
  });

  it('asks for the password, like every page', async (t) => {
    const users = new Map([['ada', hashSync('secret', 4)]]);
    const server = await startGuardedServer(t, () => ({ ...OPEN_TO_ALL, users }));
    const refused = await fetchFrom(server.port, { path: '/', headers: BROWSER });
    assert.equal(refused.status, 401);
    const wrong = { ...BROWSER, authorization: basic('ada', 'guess') };
    assert.equal((await fetchFrom(server.port, { path: '/', headers: wrong })).status, 401);
    assert.deepEqual(server.scraper.looks, []);
    const right = { ...BROWSER, authorization: basic('ada', 'secret') };
    assert.equal((await fetchFrom(server.port, { path: '/', headers: right })).status, 200);
    assert.equal(server.scraper.looks.length, 1);
  });

  it('gives way to the metrics where they are at /', async () => {
    const { get, scraper } = setUp({ telemetryPath: '/' });
    assert.match((await get()).body, /^fake_up 1$/m);
    assert.deepEqual(scraper.looks, []);
  });
});

describe('GET / with --no-web.live-page', () => {
  it('has the links, for browsers too, and never collects', async () => {
    const { get, scraper } = setUp({ livePage: false });
    const page = await get();
    assert.match(page.body, /the metrics, for Prometheus to scrape/);
    assert.doesNotMatch(page.body, /refresh/);
    assert.equal(page.headers['cache-control'], undefined);
    assert.deepEqual(scraper.looks, []);
  });
});

function setUp(settings: Partial<ServerOptions['config']> = {}) {
  const [scraper, log] = [createFakeScraper(), createLogRecorder()];
  scraper.show = async () => LOOK;
  const config = { ...HTTP_SETTINGS, ...settings };
  const app = buildServer({ config, scraper, log, build: BUILD, headersNow: () => new Map() });
  const get = ({ url = '/', headers = BROWSER }: { url?: string; headers?: Record<string, string> } = {}) =>
    app.inject({ url, headers });
  return { app, get, scraper, log };
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !condition(); turn++) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.ok(condition(), 'waited in vain');
}
