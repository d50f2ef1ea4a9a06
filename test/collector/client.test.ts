import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createCollectorClient } from '../../src/collector/client.ts';
import type { CollectorOptions } from '../../src/collector/protocol.ts';
import type { CollectorName } from '../../src/model/collectors.ts';
import type { ConfigInUse } from '../../src/model/file-config.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { LINUX_BUILD } from '../support/pages/snapshots.ts';

const SCRIPTED = new URL('../support/fakes/scripted-thread.mjs', import.meta.url);
const pipes = { skip: process.platform === 'win32' && 'needs named pipes of the file system' };
/** The thread's answers to a request that names these collectors: see scripted-thread.mjs. */
const ANSWER: CollectorName = 'counters';
const FAIL: CollectorName = 'conntrack';
const DIE: CollectorName = 'memory';
const HANG: CollectorName = 'settings';
const HANG_IN_KERNEL: CollectorName = 'namespace';
const BE_BUSY: CollectorName = 'units';

/** The clock of the tests stands still, this one does not. */
const realDelay = delay;
const turn = () => realDelay(2);
/** Longer than a thread takes to come up on a loaded machine. */
const MOST_TURNS = 5000;

const TIMEOUT_MS = 1000;
const STUCK_MS = 3000;

describe('createCollectorClient', () => {
  it('brings what the thread sends', async (t) => {
    const { client } = await startClient(t);
    const collection = client.collect([ANSWER], TIMEOUT_MS);
    assert.equal(collection.ending, undefined);
    await collection.done;
    assert.equal(collection.ending, 'complete');
    assert.deepEqual(
      collection.parts.flatMap(({ outcomes }) => outcomes.map(({ collector }) => collector)),
      ['counters'],
    );
  });

  it('answers collections that were asked for at once one after the other, each with its own parts', async (t) => {
    const { client } = await startClient(t);
    const started = [[BE_BUSY, ANSWER], [ANSWER, ANSWER], [BE_BUSY]].map((collectors) =>
      client.collect(collectors, TIMEOUT_MS),
    );
    await Promise.all(started.map(({ done }) => done));
    assert.deepEqual(
      started.map(({ parts, ending }) => [parts.length, ending]),
      [
        [1, 'complete'],
        [2, 'complete'],
        [0, 'complete'],
      ],
    );
  });

  it('is ready from the moment the thread says so', async (t) => {
    const { client, events } = await startClient(t);
    assert.equal(client.isReady(), true);
    assert.deepEqual(events, ['ready scripted']);
  });

  it('tells a thread the configuration once, and again when it has changed or the thread is new', async (t) => {
    const { client, untilEvents } = await startClient(t);
    const [first, second] = [true, false].map((isCurrent) => ({
      destinations: [],
      processes: [],
      thresholds: {},
      isCurrent,
    }));
    const told = async (config: ConfigInUse | undefined) => {
      const collection = client.collect([ANSWER], TIMEOUT_MS, undefined, config);
      await collection.done;
      return collection.parts[0]!.facts?.config;
    };
    assert.equal(await told(undefined), undefined);
    assert.deepEqual(await told(first), first);
    assert.equal(await told(first), undefined);
    assert.deepEqual(await told(second), second);
    await client.collect([DIE], TIMEOUT_MS, undefined, second).done;
    await untilEvents(3);
    assert.deepEqual(await told(second), second);
  });

  for (const [how, collector, reason] of [
    ['ends', DIE, 'it ended by itself'],
    ['fails', FAIL, 'the thread fails'],
  ] as const) {
    it(`keeps what had arrived when the thread ${how} in the middle, and starts another at once`, async (t) => {
      const { client, events, untilEvents } = await startClient(t);
      const first = client.collect([ANSWER, collector], TIMEOUT_MS);
      await first.done;
      assert.equal(first.ending, 'lost');
      assert.equal(first.parts.length, 1);
      assert.equal(client.isReady(), false);
      await untilEvents(3);
      assert.deepEqual(events, ['ready scripted', `lost ${reason}`, 'ready scripted']);
      const second = client.collect([ANSWER], TIMEOUT_MS);
      await second.done;
      assert.equal(second.ending, 'complete');
      assert.notDeepEqual(second.parts, first.parts, 'another thread has answered');
    });
  }

  it('ends all collections under way when the thread is lost', async (t) => {
    const { client } = await startClient(t);
    const started = [[BE_BUSY, DIE], [ANSWER]].map((collectors) => client.collect(collectors, TIMEOUT_MS));
    await Promise.all(started.map(({ done }) => done));
    assert.deepEqual(
      started.map(({ ending }) => ending),
      ['lost', 'lost'],
    );
  });

  it('ends a collection at its deadline, and ignores what comes later', async (t) => {
    const { client, advance } = await startClient(t);
    const late = client.collect([BE_BUSY, ANSWER], TIMEOUT_MS);
    advance(TIMEOUT_MS - 1);
    assert.equal(late.ending, undefined);
    advance(1);
    await late.done;
    assert.equal(late.ending, 'late');
    const next = client.collect([ANSWER], TIMEOUT_MS);
    await next.done;
    assert.equal(next.parts.length, 1);
    assert.equal(late.parts.length, 0);
    assert.equal(late.ending, 'late');
  });

  it('replaces a thread that never answers after the third missed deadline', async (t) => {
    const { client, events, advance, untilEvents } = await startClient(t);
    for (let miss = 1; miss <= 3; miss++) {
      assert.deepEqual(events, ['ready scripted'], `before miss ${miss}`);
      const collection = client.collect([HANG], STUCK_MS);
      advance(STUCK_MS);
      await collection.done;
      assert.equal(collection.ending, 'late');
    }
    await untilEvents(3);
    assert.deepEqual(events.slice(1), ['lost it missed 3 deadlines in a row', 'ready scripted']);
    const next = client.collect([ANSWER], TIMEOUT_MS);
    await next.done;
    assert.equal(next.ending, 'complete');
  });

  it('keeps a thread that is merely busy when requests in a hurry miss their deadlines', async (t) => {
    const { client, events, advance } = await startClient(t);
    for (let miss = 1; miss <= 20; miss++) {
      void client.collect([HANG], 1);
      advance(1);
    }
    assert.deepEqual(events, ['ready scripted']);
  });

  it('forgets missed deadlines when the thread answers, late as it may be', async (t) => {
    const { client, events, advance } = await startClient(t);
    for (let round = 0; round < 3; round++) {
      for (let miss = 1; miss <= 2; miss++) {
        void client.collect([BE_BUSY], STUCK_MS);
        advance(STUCK_MS);
      }
      await client.collect([ANSWER], TIMEOUT_MS).done;
    }
    assert.deepEqual(events, ['ready scripted']);
  });

  it('leaves no more than three threads behind that hang in the kernel', pipes, async (t) => {
    const { client, events, advance, untilEvents } = await startClient(t, { procfs: makePipe(t) });
    for (let thread = 1; thread <= 3; thread++) {
      await hangThread();
      advance(15_000); // whatever the back-off is
      await untilEvents(1 + thread * 2);
    }
    await hangThread();
    advance(15_000);
    await turn();
    assert.equal(events.length, 7, 'the fourth is kept');

    async function hangThread(): Promise<void> {
      const first = client.collect([ANSWER, HANG_IN_KERNEL], STUCK_MS);
      await until(() => first.parts.length > 0);
      await turn(); // from here on it hangs
      for (let miss = 1; miss <= 3; miss++) {
        advance(STUCK_MS);
        void client.collect([ANSWER], STUCK_MS);
      }
      advance(STUCK_MS);
    }
  });

  it('waits longer and longer before it starts a thread that does not come up', async (t) => {
    const { starts, advance, untilEvents } = startUnready(t, { sysfs: 'unable' });
    await untilEvents(2);
    for (const [index, delayMs] of [250, 1000, 5000, 15_000, 15_000].entries()) {
      assert.equal(starts(), index + 2);
      advance(delayMs - 1);
      await turn();
      assert.equal(starts(), index + 2, `${delayMs} ms are not over`);
      advance(1);
      await untilEvents(index + 3);
      assert.equal(starts(), index + 3);
    }
  });

  it('tells why a thread did not come up', async (t) => {
    const { events, untilEvents } = startUnready(t, { sysfs: 'unable' });
    await untilEvents(1);
    assert.deepEqual(events.slice(0, 1), ['lost there is nothing to read']);
  });

  it('starts at once again when a whole collection lies between two losses', async (t) => {
    const { client, starts, untilEvents } = await startClient(t);
    for (let loss = 1; loss <= 3; loss++) {
      await client.collect([ANSWER], TIMEOUT_MS).done;
      await client.collect([DIE], TIMEOUT_MS).done;
      await untilEvents(1 + loss * 2);
      assert.equal(starts(), 1 + loss);
    }
  });

  it('says that a collection is lost while there is no thread', async (t) => {
    const { client, untilEvents } = startUnready(t, { sysfs: 'unable' });
    await untilEvents(2);
    const collection = client.collect([ANSWER], TIMEOUT_MS);
    assert.equal(collection.ending, 'lost');
    await collection.done;
  });

  it('ends what is under way when it is closed, and starts nothing any more', async (t) => {
    const { client, events, starts } = await startClient(t);
    const collection = client.collect([HANG], TIMEOUT_MS);
    await client.close();
    await collection.done;
    assert.equal(collection.ending, 'lost');
    await turn();
    assert.deepEqual([events, starts()], [['ready scripted'], 1]);
  });
});

async function startClient(t: TestContext, options: Partial<CollectorOptions> = {}) {
  const started = startUnready(t, options);
  await started.untilEvents(1);
  return started;
}

/** A client of scripted threads whose clock is moved by the test. */
function startUnready(t: TestContext, options: Partial<CollectorOptions>) {
  let clockMs = 0;
  let threads = 0;
  const events: string[] = [];
  const onThread = () => {
    threads++;
  };
  process.on('worker', onThread);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(performance, 'now', () => clockMs);
  const client = createCollectorClient(
    {
      platform: 'linux',
      collectors: [],
      limits: DEFAULT_LIMITS,
      procfs: '',
      sysfs: '',
      kubeletLogs: '',
      ownersBudgetMs: 0,
      build: LINUX_BUILD,
      ...options,
    },
    {
      onReady: (notices) => events.push(`ready ${notices.map(({ message }) => message).join()}`),
      onLost: (reason) => events.push(`lost ${reason}`),
    },
    SCRIPTED,
  );
  t.after(async () => {
    process.off('worker', onThread);
    await client.close();
  });
  return { client, events, advance, untilEvents, starts: () => threads };

  function advance(milliseconds: number): void {
    clockMs += milliseconds;
    t.mock.timers.tick(milliseconds);
  }

  function untilEvents(count: number): Promise<void> {
    return until(() => events.length >= count);
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns++) {
    if (turns === MOST_TURNS) throw new Error('it never happens');
    await turn();
  }
}

/** A pipe that nobody writes to: a thread that opens it hangs until the test is over. */
function makePipe(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-pipe-'));
  const path = join(folder, 'pipe');
  const { status, stderr } = spawnSync('mkfifo', [path], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mkfifo: ${stderr}`);
  t.after(() => {
    openSync(path, constants.O_RDWR); // stays open: lets go who hangs now, and who opens it later
    rmSync(folder, { recursive: true });
  });
  return path;
}
