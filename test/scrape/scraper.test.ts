import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { createCollectorClient } from '../../src/collector/client.ts';
import type { CollectedPart } from '../../src/collector/protocol.ts';
import type { CollectorName } from '../../src/model/collectors.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { createScraper, type Scraper } from '../../src/scrape/scraper.ts';
import { createFakeClient } from '../support/fakes/fake-collector-client.ts';
import { createLogRecorder } from '../support/fakes/log-recorder.ts';
import { type ParsedFamily, parseExposition } from '../support/pages/exposition-parser.ts';

const COLLECTOR_THREAD = new URL('../support/fakes/collector-thread.mjs', import.meta.url);
const COLLECTORS: readonly CollectorName[] = ['counters', 'memory', 'sockets'];
const TIMEOUT_MS = 60_000;
const COUNTERS: CollectedPart = {
  facts: { counters: { activeOpens: 5 } },
  outcomes: [{ collector: 'counters', success: true, seconds: 0.25, source: 'procfs' }],
};
const MEMORY: CollectedPart = {
  facts: { memory: { orphans: 3 } },
  outcomes: [{ collector: 'memory', success: true, seconds: 0.5 }],
};
const SOCKETS: CollectedPart = {
  sockets: { states: { ipv4: [undefined, 7], ipv6: [undefined, 2] } },
  outcomes: [{ collector: 'sockets', success: true, seconds: 1, source: 'sock_diag' }],
};

describe('createScraper', () => {
  it('makes one page of one collection for all requests under way', async (t) => {
    const { scrape, fake } = startScraper(t);
    const pages = [scrape(), scrape(), scrape({ format: 'openmetrics' }), scrape({ timeoutMs: TIMEOUT_MS / 2 })];
    assert.equal(fake.collections.length, 1);
    finish(fake.collections[0]!);
    const [first, second, openMetrics, shorter] = await Promise.all(pages);
    assert.equal(second, first);
    assert.equal(shorter, first);
    const value = 'tcpstate_scrape_collector_duration_seconds{collector="sockets"} 1\n';
    assert.ok(first!.body.includes(value) && openMetrics!.body.includes(value));
    assert.match(openMetrics!.contentType, /openmetrics/);
  });

  it('serves the page that the collector thread has written to who asked for that one', async (t) => {
    const { scrape, fake } = startScraper(t);
    const pages = [scrape(), scrape({ collectors: new Set([...COLLECTORS].reverse()) })];
    const [collection] = fake.collections;
    assert.equal(collection!.format, 'text');
    assert.equal(collection!.isCountsWanted, false);
    finish(collection!, Buffer.from('written 1\n'));
    const [first, second] = await Promise.all(pages);
    assert.equal(String(first!.body), 'written 1\n');
    assert.equal(second, first);
  });

  it('asks for the counts of a collection in progress when a page is wanted that the thread does not write', async (t) => {
    const { scrape, fake } = startScraper(t);
    const pages = [scrape(), scrape({ format: 'openmetrics' }), scrape({ collectors: new Set(['memory']) })];
    assert.equal(fake.collections.length, 1);
    assert.equal(fake.collections[0]!.isCountsWanted, true);
    finish(fake.collections[0]!, Buffer.from('written 1\n'), true);
    const [written, openMetrics, part] = await Promise.all(pages);
    assert.equal(String(written!.body), 'written 1\n');
    assert.match(String(openMetrics!.body), /# EOF\n$/);
    assert.deepEqual(successOf(parse(part!)), { memory: 1 });
  });

  it('collects anew for who asked for the counts when the thread had sent its end without them', async (t) => {
    const { scrape, fake } = startScraper(t);
    const written = scrape();
    const other = scrape({ format: 'openmetrics' });
    finish(fake.collections[0]!, Buffer.from('written 1\n'));
    assert.equal(String((await written).body), 'written 1\n');
    for (let turns = 0; fake.collections.length < 2 && turns < 100; turns++) await delay(1);
    assert.equal(fake.collections[1]!.format, 'openmetrics');
    finish(fake.collections[1]!);
    assert.match(String((await other).body), /tcpstate_scrape_collector_success\{collector="sockets"\} 1\n/);
  });

  it('writes the page itself, of what is there, when the thread did not get so far', async (t) => {
    const { scrape, fake } = startScraper(t);
    const page = scrape();
    fake.collections[0]!.send(COUNTERS);
    fake.collections[0]!.end('late');
    assert.deepEqual(successOf(parse(await page)), { counters: 1, memory: 0, sockets: 0 });
  });

  it('shows a viewer the collection of a scrape under way, and has it in the history of the next one', async (t) => {
    const { scrape, scraper, fake } = startScraper(t);
    const page = scrape();
    const look = scraper.look(TIMEOUT_MS);
    assert.equal(fake.collections.length, 1);
    finish(fake.collections[0]!);
    const { snapshot, history } = await look;
    assert.deepEqual(snapshot.counters, { activeOpens: 5 });
    assert.equal(history[0]!.states[1], 9);
    assert.equal(successOf(parse(await page)).sockets, 1);
    assert.equal(await scraper.look(TIMEOUT_MS), await scraper.look(TIMEOUT_MS));
    assert.equal(fake.collections.length, 1, 'what is fresh is shown again');
  });

  it('shows a viewer what is ready when the time is over, and logs what failed like a scrape', async (t) => {
    const { scraper, fake, records } = startScraper(t);
    const look = scraper.look(30);
    fake.collections[0]!.send(COUNTERS);
    const { snapshot, history } = await look;
    assert.deepEqual(
      snapshot.outcomes.map(({ collector, success }) => [collector, success]),
      [
        ['counters', true],
        ['memory', false],
        ['sockets', false],
      ],
    );
    assert.deepEqual(history, []);
    assert.deepEqual(
      records.map(({ level, message }) => [level, message]),
      [['error', 'collectors fail']],
    );
  });

  it('remembers nothing of scrapes where there is no live page', async (t) => {
    const { scrape, scraper, fake } = startScraper(t, { livePage: false });
    const page = scrape();
    finish(fake.collections[0]!);
    await page;
    const look = scraper.look(TIMEOUT_MS);
    finish(fake.collections[1]!);
    assert.deepEqual([(await look).history, (await look).before], [[], undefined]);
  });

  it('brings viewers the counts of scrapes only while somebody watches', async (t) => {
    const { scrape, scraper, fake } = startScraper(t);
    const unwatched = scrape();
    assert.equal(fake.collections[0]!.isCountsWanted, false);
    finish(fake.collections[0]!, Buffer.from('written 1\n'));
    await unwatched;
    const look = scraper.look(TIMEOUT_MS);
    assert.equal(fake.collections[1]!.format, undefined);
    finish(fake.collections[1]!);
    const { snapshot, history } = await look;
    assert.deepEqual([snapshot.sockets !== undefined, history.length], [true, 1], 'within one step of the history');
    const watched = scrape();
    assert.equal(fake.collections[2]!.isCountsWanted, true);
    finish(fake.collections[2]!, Buffer.from('written 2\n'), true);
    await watched;
  });

  it('collects anew when the collection before is over', async (t) => {
    const { scrape, fake } = startScraper(t);
    for (let round = 0; round < 3; round++) {
      const page = scrape();
      assert.equal(fake.collections.length, round + 1);
      finish(fake.collections[round]!);
      await page;
    }
  });

  it('shares a collection with whoever wants a part of it, in any order', async (t) => {
    const { scrape, fake } = startScraper(t);
    const pages = [
      scrape(),
      scrape({ collectors: new Set(['memory']) }),
      scrape({ collectors: new Set([...COLLECTORS].reverse()) }),
    ];
    assert.deepEqual(
      fake.collections.map(({ collectors }) => collectors),
      [['counters', 'memory', 'sockets']],
    );
    finish(fake.collections[0]!);
    const [whole, part, turned] = await Promise.all(pages);
    assert.equal(turned, whole);
    assert.deepEqual(successOf(parse(part!)), { memory: 1 });
    assert.equal(parse(part!).has('tcpstate_sockets'), false);
    assert.equal(parse(part!).has('tcpstate_active_opens_total'), false);
    assert.equal(parse(part!).has('tcpstate_orphan_sockets'), true);
  });

  it('collects for many requests that all want something else three times at most', async (t) => {
    const { scrape, fake } = startScraper(t);
    const subsets = [['memory'], ['counters'], ['sockets'], ['counters', 'memory'], ['memory', 'sockets']] as const;
    const pages = [1, 2, 3, 4].flatMap((times) =>
      subsets.map((names) => scrape({ collectors: new Set(names), timeoutMs: TIMEOUT_MS * times })),
    );
    assert.deepEqual(
      fake.collections.map(({ collectors }) => collectors),
      [['memory'], ['counters', 'memory', 'sockets'], ['counters', 'memory', 'sockets']],
    );
    for (const collection of fake.collections) finish(collection);
    for (const [index, page] of (await Promise.all(pages)).entries()) {
      const names = subsets[index % subsets.length]!;
      assert.deepEqual(successOf(parse(page)), Object.fromEntries(names.map((name) => [name, 1])));
    }
    const next = scrape({ collectors: new Set(['memory']) });
    assert.deepEqual(fake.collections.at(-1)!.collectors, ['memory'], 'alone again');
    finish(fake.collections.at(-1)!);
    await next;
  });

  it('does not let a request in a hurry cut a patient one short', async (t) => {
    const { scrape, fake } = startScraper(t);
    const hasty = scrape({ timeoutMs: 20 });
    const patient = scrape();
    assert.deepEqual(
      fake.collections.map(({ timeoutMs }) => timeoutMs),
      [20, TIMEOUT_MS],
    );
    fake.collections[0]!.end('late');
    assert.equal(successOf(parse(await hasty)).sockets, 0);
    void scrape().catch(() => {}); // shares with the patient one, although the hasty one ended in between
    assert.equal(fake.collections.length, 2);
    finish(fake.collections[1]!);
    assert.equal(successOf(parse(await patient)).sockets, 1);
  });

  it('serves what is ready when the time of a request is over, and the whole page to who can wait', async (t) => {
    const { scrape, fake } = startScraper(t);
    const patient = scrape();
    const hasty = scrape({ timeoutMs: 30 });
    fake.collections[0]!.send(COUNTERS);
    const part = parse(await hasty);
    assert.equal(part.has('tcpstate_active_opens_total'), true);
    assert.equal(part.has('tcpstate_sockets'), false);
    assert.deepEqual(successOf(part), { counters: 1, memory: 0, sockets: 0 });
    fake.collections[0]!.send(MEMORY);
    fake.collections[0]!.send(SOCKETS);
    fake.collections[0]!.end('complete');
    assert.deepEqual(successOf(parse(await patient)), { counters: 1, memory: 1, sockets: 1 });
  });

  it('counts a collector that said nothing as failed, but not where there is nothing to collect', async (t) => {
    const { scrape, fake } = startScraper(t);
    for (const [ending, expected] of [
      ['late', { counters: 1, memory: 0, sockets: 0 }],
      ['lost', { counters: 1, memory: 0, sockets: 0 }],
      ['complete', { counters: 1 }],
    ] as const) {
      const page = scrape();
      const collection = fake.collections.at(-1)!;
      collection.send(COUNTERS);
      collection.end(ending);
      assert.deepEqual(successOf(parse(await page)), expected, ending);
    }
  });

  it('lets a failing collector lose its own series only', async (t) => {
    const { scrape, fake } = startScraper(t);
    const page = scrape();
    fake.collections[0]!.send(COUNTERS);
    fake.collections[0]!.send({ outcomes: [{ collector: 'memory', success: false, seconds: 2, error: 'EIO' }] });
    fake.collections[0]!.send(SOCKETS);
    fake.collections[0]!.end('complete');
    const families = parse(await page);
    assert.equal(families.has('tcpstate_orphan_sockets'), false);
    assert.deepEqual(
      families
        .get('tcpstate_sockets')!
        .samples.filter(({ value }) => value > 0)
        .map(({ value }) => value),
      [7, 2],
    );
    assert.deepEqual(successOf(families), { counters: 1, memory: 0, sockets: 1 });
  });

  it('logs what changes, and nothing else', async (t) => {
    const { scrape, fake, records } = startScraper(t);
    const outcome = (success: boolean, error?: string): CollectedPart => ({
      outcomes: [{ collector: 'memory', success, seconds: 0, source: 'procfs', ...(error !== undefined && { error }) }],
    });
    const history = [
      outcome(true),
      outcome(false, 'EIO'),
      outcome(false, 'EIO'),
      outcome(false, 'EPERM'),
      outcome(true),
      outcome(true),
    ];
    for (const part of history) {
      const page = scrape({ collectors: new Set(['memory']) });
      fake.collections.at(-1)!.send(part);
      fake.collections.at(-1)!.end('complete');
      await page;
    }
    assert.deepEqual(records, [
      { level: 'error', message: 'collector fails', details: { collector: 'memory', error: 'EIO' } },
      { level: 'info', message: 'collector works again', details: { collector: 'memory' } },
    ]);
  });

  it('logs when a collector reads a different source', async (t) => {
    const { scrape, fake, records } = startScraper(t);
    for (const source of ['sock_diag', 'sock_diag', 'procfs', 'procfs']) {
      const page = scrape({ collectors: new Set(['sockets']) });
      fake.collections.at(-1)!.send({ outcomes: [{ collector: 'sockets', success: true, seconds: 0, source }] });
      fake.collections.at(-1)!.end('complete');
      await page;
    }
    const details = { collector: 'sockets', source: 'procfs', before: 'sock_diag' };
    assert.deepEqual(records, [{ level: 'warn', message: 'collector reads a different source', details }]);
  });

  it('logs what a new thread has to say, unless it is what the last one said', (t) => {
    const { fake, records } = startScraper(t);
    fake.events!.onReady([{ level: 'warn', message: 'inet_diag is refused' }]);
    fake.events!.onLost('it ended by itself');
    fake.events!.onReady([{ level: 'warn', message: 'inet_diag is refused' }]);
    fake.events!.onReady([{ level: 'info', message: 'sockets are read by inet_diag' }]);
    assert.deepEqual(
      records.map(({ level, message }) => [level, message]),
      [
        ['warn', 'inet_diag is refused'],
        ['error', 'lost the collector thread, restarting it'],
        ['info', 'sockets are read by inet_diag'],
      ],
    );
  });

  it('closes its thread', async (t) => {
    const { scraper, fake } = startScraper(t);
    await scraper.close();
    assert.equal(fake.isClosed, true);
  });
});

describe('a scraper with the real collector thread', { skip: process.platform !== 'linux' && 'needs Linux' }, () => {
  it('serves a whole page after the thread was killed in the middle of a collection', async (t) => {
    const threads: Worker[] = [];
    const noteThread = (thread: Worker) => threads.push(thread);
    process.on('worker', noteThread);
    t.after(() => process.off('worker', noteThread));
    const log = createLogRecorder();
    const scraper = createScraper({ ...options(), log }, (settings, events) =>
      createCollectorClient(settings, events, COLLECTOR_THREAD),
    );
    t.after(() => scraper.close());
    const scrape = async () =>
      parse(await scraper.scrape({ collectors: new Set(COLLECTORS), timeoutMs: TIMEOUT_MS, format: 'text' }));
    const whole = await scrape();
    assert.deepEqual(successOf(whole), { counters: 1, memory: 1, sockets: 1 });

    const cut = scrape();
    await threads[0]!.terminate();
    assert.equal(successOf(await cut).sockets, 0); // the others may have been on their way already
    for (let waits = 0; !scraper.isReady() && waits < 2000; waits++) await delay(5);
    const next = await scrape();
    assert.deepEqual(successOf(next), successOf(whole));
    assert.ok(next.has('tcpstate_sockets'));
    assert.equal(threads.length, 2);
    assert.deepEqual(
      log.records.map(({ message }) => message).filter((message) => message.includes('thread')),
      ['lost the collector thread, restarting it', 'the collector thread is up again'],
    );
  });
});

function startScraper(t: TestContext, settings: { readonly livePage?: boolean } = {}) {
  const fake = createFakeClient();
  const log = createLogRecorder();
  const scraper = createScraper({ ...options(), ...settings, log }, fake.create);
  t.after(() => scraper.close());
  const scrape = (request: Partial<Parameters<Scraper['scrape']>[0]> = {}) =>
    scraper.scrape({ collectors: new Set(COLLECTORS), timeoutMs: TIMEOUT_MS, format: 'text', ...request });
  return { scraper, scrape, fake, records: log.records };
}

function options() {
  return {
    platform: 'linux',
    collectors: new Set(COLLECTORS),
    limits: DEFAULT_LIMITS,
    procfs: '/proc',
    sysfs: '/sys',
    kubeletLogs: '/var/log',
    ownersBudgetMs: 100,
    exporterMetrics: false,
    livePage: true,
    scrapeTimeoutMs: TIMEOUT_MS,
    build: { version: '1.2.3', revision: 'abc', nodeVersion: 'v20', platform: 'linux' },
  } as const;
}

/** With a `page` the thread keeps the counts, unless `hasCounts`. */
function finish(
  collection: ReturnType<typeof createFakeClient>['collections'][number],
  page?: Buffer,
  hasCounts = page === undefined,
): void {
  for (const part of [COUNTERS, MEMORY, SOCKETS]) collection.send(part);
  collection.end('complete', { page, hasCounts });
}

function parse({ body }: { body: string | Buffer }): Map<string, ParsedFamily> {
  return parseExposition(String(body));
}

function successOf(page: ReadonlyMap<string, ParsedFamily>): Record<string, number> {
  const { samples } = page.get('tcpstate_scrape_collector_success')!;
  return Object.fromEntries(samples.map(({ labels, value }) => [labels.collector!, value]));
}
