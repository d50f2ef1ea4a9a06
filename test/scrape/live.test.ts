import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ToldLook } from '../../src/collector/protocol.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { createLive } from '../../src/scrape/live.ts';

const TIMEOUT_MS = 10_000;

describe('looks for the live page', () => {
  it('collects for the first viewer, and not again for others at the same time', async (t) => {
    const host = start(t);
    const first = await host.live.look(TIMEOUT_MS);
    const second = await host.live.look(TIMEOUT_MS);
    assert.equal(host.collections.length, 1);
    assert.equal(second, first);
    host.pass(2500);
    assert.notEqual(await host.live.look(TIMEOUT_MS), first);
    assert.equal(host.collections.length, 2);
  });

  it('passes on the time that a viewer has', async (t) => {
    const host = start(t);
    await host.live.look(700);
    assert.deepEqual(host.collections, [700]);
  });

  it('has no rates on the first look, and those of the time since the scrape before on the next', async (t) => {
    const host = start(t);
    assert.equal((await host.live.look(TIMEOUT_MS)).before, undefined);
    host.pass(7000);
    const { before, snapshot } = await host.live.look(TIMEOUT_MS);
    assert.equal(before!.secondsAgo, 7);
    assert.deepEqual([before!.snapshot.counters, snapshot.counters], [{ activeOpens: 1 }, { activeOpens: 2 }]);
  });

  it('counts rates from the oldest look of half a minute, or the last one before it, but not from one long ago', async (t) => {
    const host = start(t);
    for (let seconds = 0; seconds <= 60; seconds += 5) {
      host.scrape();
      host.pass(5000);
    }
    assert.equal((await host.live.look(TIMEOUT_MS)).before!.secondsAgo, 30);
    host.pass(120_000);
    assert.equal((await host.live.look(TIMEOUT_MS)).before!.secondsAgo, 120);
    host.pass(600_000);
    assert.equal((await host.live.look(TIMEOUT_MS)).before, undefined);
  });

  it('fills its history by scrapes, also of some collectors only, and shows it to the first viewer', async (t) => {
    const host = start(t);
    for (let turn = 0; turn < 8; turn++) {
      host.scrape(turn % 2 === 0);
      host.pass(15_000);
    }
    const { history, atMs } = await host.live.look(TIMEOUT_MS);
    assert.deepEqual(
      history.map((point) => Math.round((atMs - point.atMs) / 1000)),
      [120, 105, 90, 75, 60, 45, 30, 15, 0],
    );
  });

  it('shows a scrape that somebody else made while it is fresh', async (t) => {
    const host = start(t);
    await host.live.look(TIMEOUT_MS);
    host.pass(10_000);
    const scraped = host.scrape();
    assert.equal((await host.live.look(TIMEOUT_MS)).snapshot, scraped);
    assert.equal(host.collections.length, 1);
  });

  it('collects by itself while somebody watches, unless scrapes come often enough, and stops a minute later', async (t) => {
    const host = start(t);
    await host.live.look(TIMEOUT_MS);
    for (let turn = 0; turn < 4; turn++) await host.tick(5000);
    assert.equal(host.collections.length, 5);
    for (let turn = 0; turn < 4; turn++) {
      host.pass(4000);
      host.scrape();
      await host.tick(1000);
    }
    assert.equal(host.collections.length, 5);
    for (let turn = 0; turn < 20; turn++) await host.tick(5000);
    const made = host.collections.length;
    assert.ok(made > 5 && made <= 12, `${made} collections`);
    await host.tick(600_000);
    assert.equal(host.collections.length, made);
  });

  it('counts rates from a scrape that kept its counts to itself, and does not show it', async (t) => {
    const host = start(t);
    host.scrape(true, false);
    host.pass(10_000);
    const { before, history, snapshot } = await host.live.look(TIMEOUT_MS);
    assert.deepEqual([before?.secondsAgo, before?.snapshot.counters], [10, { activeOpens: 1 }]);
    assert.deepEqual([history.length, snapshot.counters?.activeOpens], [2, 2]);
    host.pass(1000);
    host.scrape(true, false);
    assert.equal((await host.live.look(TIMEOUT_MS)).snapshot, snapshot, 'the one with counts is fresh enough');
  });

  it('prefers to count rates from a look with the counts, as soon as there is one', async (t) => {
    const host = start(t);
    host.scrape(true, false);
    host.pass(10_000);
    await host.live.look(TIMEOUT_MS);
    host.pass(5000);
    assert.equal((await host.live.look(TIMEOUT_MS)).before!.secondsAgo, 5);
  });

  it('counts rates from the counts that an earlier scrape kept to itself, if the collector thread still has them', async (t) => {
    const host = start(t);
    for (let turn = 0; turn < 3; turn++) {
      host.scrape(true, false);
      host.pass(10_000);
    }
    const counted = { counters: { activeOpens: 77 }, outcomes: [] };
    host.told = [
      { snapshot: counted, secondsAgo: 10 },
      { snapshot: { ...counted, counters: {} }, secondsAgo: 0.1 },
    ];
    const { before } = await host.live.look(TIMEOUT_MS);
    assert.deepEqual(before, { snapshot: counted, secondsAgo: 10 });
  });

  it('has these counts instead of the look noted at the time, though their clocks differ by a moment', async (t) => {
    for (const secondsAgo of [60.002, 59.998]) {
      const host = start(t);
      host.scrape(true, false);
      host.pass(60_000);
      const counted = { counters: { activeOpens: 77 }, outcomes: [] };
      host.told = [{ snapshot: counted, secondsAgo }];
      const { before } = await host.live.look(TIMEOUT_MS);
      assert.equal(before?.snapshot, counted, `${secondsAgo} seconds ago`);
      t.mock.timers.reset();
    }
  });

  it('shows a collection that is late as far as it got', async (t) => {
    const host = start(t);
    host.isLate = true;
    const { snapshot, history } = await host.live.look(TIMEOUT_MS);
    assert.equal(snapshot.outcomes[0]!.success, false);
    assert.deepEqual(history, []);
  });
});

/** A host whose time, scrapes and timers go as the test says. */
function start(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 1_000_000;
  let opens = 0;
  const collections: number[] = [];
  const live = createLive({
    async collect(timeoutMs) {
      collections.push(timeoutMs);
      return host.scrape(true);
    },
    timeoutMs: TIMEOUT_MS,
    now: () => nowMs,
  });
  t.after(live.close);
  const host = {
    live,
    collections,
    isLate: false,
    told: [] as ToldLook[],
    pass: (ms: number) => {
      nowMs += ms;
    },
    /** What a scrape brings is noted, unless it is late. */
    scrape(isWhole = true, hasCounts = true): Snapshot {
      if (host.isLate) return { outcomes: [{ collector: 'sockets', success: false, seconds: 10, isLate: true }] };
      opens++;
      const snapshot: Snapshot = {
        sockets: { states: { ipv4: [undefined, opens], ipv6: [] } },
        counters: { activeOpens: opens },
        outcomes: [{ collector: 'sockets', success: true, seconds: 0 }],
      };
      live.note(snapshot, isWhole, hasCounts, host.told);
      host.told = [];
      return snapshot;
    },
    async tick(ms: number) {
      nowMs += ms;
      t.mock.timers.tick(ms);
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    },
  };
  return host;
}
