import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createFaultShim } from '../support/fakes/fault-shim.ts';
import { countDescriptors, failingIn, type Page, takePage } from '../support/fakes/outlived-fault.ts';
import { createThreadFaults } from '../support/fakes/thread-faults.ts';
import { ownFamilies } from '../support/pages/own-families.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';
import { createCrowd } from '../support/sockets/crowd.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';

const SCRAPES = 20;
/** So many that all tables have to grow. */
const SOCKETS = 5000;
/** Of the arrays that are made, every so many fails once. */
const STEP = 9;
/** Waits for a thread that is started again: the back-off after a few losses, on a loaded machine. */
const MOST_WAITS = 1000;
const LOST = 'lost the collector thread, restarting it';
const UP = 'the collector thread is up again';
const MAY_FAIL = new Set(['close_wait', 'netns', 'processes', 'sockets', 'units']);

const skip = missingCompiler() ?? enterNetworkNamespace() ?? false;

test('a collector thread that dies in each scrape', { skip }, async (t) => {
  const faults = createThreadFaults(t);
  const exporter = await startExporter(t, { launcher: faults.launcher });
  for (const [fault, reason] of [
    ['out of memory', /reaching memory limit/],
    ['exit', /ended by itself/],
    ['throw', /thrown by a test/],
  ] as const) {
    await t.test(fault, async () => {
      const whole = await wholePage(exporter);
      const logged = exporter.log.length;
      const descriptors = countDescriptors(exporter);
      faults.begin(fault);
      for (let scrape = 0; scrape < SCRAPES; scrape++) {
        const page = await takePage(exporter);
        assert.ok(failingIn(page).length > 5 && failingIn(page).length === successes(page), `scrape ${scrape}`);
        assert.equal(page.has('tcpstate_sockets'), false);
        assert.equal(page.has('tcpstate_exporter_build_info'), true);
      }
      faults.end();
      assert.deepEqual(ownFamilies(await wholePage(exporter)), ownFamilies(whole));
      assert.deepEqual(await messagesSince(exporter, logged, 2), [LOST, UP]);
      assert.match(String(exporter.log[logged]!.reason), reason);
      assert.ok(countDescriptors(exporter) <= descriptors, `${countDescriptors(exporter)}, before ${descriptors}`);
    });
  }
});

test('a system that gives no more threads', { skip }, async (t) => {
  const faults = createThreadFaults(t);
  const shim = createFaultShim(t);
  const exporter = await startExporter(t, { launcher: [...shim.launcher, ...faults.launcher] });
  await wholePage(exporter);
  const logged = exporter.log.length;
  shim.begin({ action: 'thread', errno: 'EAGAIN' });
  faults.begin('exit');
  for (let scrape = 0; scrape < SCRAPES; scrape++) {
    assert.ok(failingIn(await takePage(exporter)).length > 5);
    assert.equal((await exporter.get('/-/ready')).status, 503);
  }
  faults.end();
  await delay(300);
  shim.end();
  await wholePage(exporter);
  assert.deepEqual(await messagesSince(exporter, logged, 3), [LOST, LOST, UP]);
  assert.match(String(exporter.log[logged + 1]!.reason), /cannot be started: .*EAGAIN/);
});

test('memory that runs out at any point of a scrape', { skip }, async (t) => {
  const faults = createThreadFaults(t);
  const exporter = await startExporter(t, { launcher: faults.launcher });
  holdSockets(t);
  let failures = 0;
  for (let nth = 1; ; nth += STEP) {
    await renewThread(exporter, faults);
    faults.begin(`no array ${nth}`);
    const page = await takePage(exporter); // what is there adds up
    faults.end();
    const failing = failingIn(page);
    assert.ok(
      failing.every((name) => MAY_FAIL.has(name)),
      failing.join(),
    );
    const after = await takePage(exporter);
    assert.deepEqual(failingIn(after), [], `after array ${nth}`);
    assert.equal(establishedOf(after), SOCKETS + 2, `after array ${nth}`);
    if (failing.length === 0) break;
    failures++;
  }
  assert.ok(failures > 3, `${failures} allocations only`);
});

/** Starts the thread anew, so that its tables are small. */
async function renewThread(exporter: RunningExporter, faults: ReturnType<typeof createThreadFaults>): Promise<void> {
  faults.begin('exit');
  await takePage(exporter);
  faults.end();
  await untilReady(exporter);
}

async function wholePage(exporter: RunningExporter): Promise<Page> {
  await untilReady(exporter);
  const page = await takePage(exporter);
  assert.deepEqual(failingIn(page), []);
  return page;
}

async function untilReady(exporter: RunningExporter): Promise<void> {
  for (let waits = 0; (await exporter.get('/-/ready')).status !== 200; waits++) {
    if (waits === MOST_WAITS) throw new Error('it is never ready');
    await delay(10);
  }
}

/** What was logged about the thread; waits for so many lines. */
async function messagesSince({ log }: RunningExporter, from: number, count: number): Promise<string[]> {
  for (let waits = 0; log.length < from + count && waits < MOST_WAITS; waits++) await delay(10);
  await delay(10);
  return log.slice(from).map(({ msg }) => msg);
}

function successes(page: Page): number {
  return page.get('tcpstate_scrape_collector_success')!.samples.length;
}

function establishedOf(page: Page): number {
  const { samples } = page.get('tcpstate_sockets')!;
  return samples.find(({ labels }) => labels.family === 'ipv4' && labels.state === 'established')!.value;
}

function holdSockets(t: TestContext): void {
  const crowd = createCrowd();
  t.after(crowd.disperse);
  crowd.hold(
    Array.from({ length: SOCKETS }, (_, index) => ({
      local: ['10.0.0.1', 20_000 + index],
      remote: [`10.1.${index >> 8}.${index & 255}`, 443],
    })),
  );
}
