import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createCollection } from '../../src/collector/collect.ts';
import { monotonicMs } from '../../src/collector/protocol.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { CloseWaitAges } from '../../src/model/socket-counts.ts';
import { openLinuxPlatform } from '../../src/platform/linux/index.ts';
import type { Platform } from '../../src/platform/platform.ts';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const skip = enterNetworkNamespace() ?? false;

describe('age of CLOSE_WAIT under TCP keep-alive', { skip }, () => {
  let sockets: ReturnType<typeof createRawSockets>;
  let platform: Platform;
  let read: () => CloseWaitAges;

  beforeEach(() => {
    enterNetworkNamespace();
    sockets = createRawSockets();
    platform = openLinuxPlatform({
      procfs: '/proc',
      sysfs: '/sys',
      kubeletLogs: '/var/log',
      ownersBudgetMs: 0,
      collectors: new Set(['sockets', 'close_wait']),
    });
    const collect = createCollection(platform, { ...DEFAULT_LIMITS, closeWaitStuckAfterMs: 3500 }, monotonicMs);
    read = () => {
      let ages: CloseWaitAges | undefined;
      const request = { collectors: ['close_wait' as const], deadlineMs: monotonicMs() + 10_000 };
      collect(request, ({ sockets: counts }) => {
        ages = counts?.closeWait ?? ages;
      });
      return ages!;
    };
  });

  afterEach(() => {
    sockets.closeAll();
    platform.close();
  });

  for (const address of ['10.0.0.1', '::1']) {
    it(`is that since it was first seen, where probes make the kernel's start anew: ${address}`, async () => {
      const listener = sockets.listen(address, 8081);
      const client = sockets.open(address);
      sockets.connect(client, address, 8081);
      sockets.keepAlive(sockets.accept(listener), 1);
      sockets.closeWrite(client);
      read();
      await delay(2200);
      read();
      await delay(1700);
      const { oldest, stuck } = read();
      assert.ok(oldest[0]!.seconds > 3.8 && oldest[0]!.seconds < 6, `${oldest[0]!.seconds} s`);
      assert.deepEqual(
        stuck.filter(({ sockets: count }) => count > 0).map(({ reason, sockets: count }) => [reason, count]),
        [['unclosed', 1]],
      );
    });
  }
});

describe('a connection whose peer reads on after it has shut down its side', { skip }, () => {
  for (const [source, address, missing] of [
    ['sock_diag', '10.0.0.1', false],
    ['bpf', '::1', missingBpf() ?? false],
  ] as const) {
    it(`is stuck only when the program sends no more, by ${source}`, { skip: missing }, async (t) => {
      enterNetworkNamespace();
      const sockets = createRawSockets();
      t.after(() => sockets.closeAll());
      const listener = sockets.listen(address, 8081);
      const [sending, leaked] = [1, 2].map(() => {
        const client = sockets.open(address);
        sockets.connect(client, address, 8081);
        const accepted = sockets.accept(listener);
        sockets.closeWrite(client);
        return accepted;
      }) as [number, number];
      const exporter = await startExporter(t, {
        args: [`--collector.sockets.source=${source}`, '--close-wait.stuck-after=2s'],
      });
      const stuck = async () => sumOf(await exporter.scrape(), 'tcpstate_close_wait_stuck_sockets');
      const oldest = async () => sumOf(await exporter.scrape(), 'tcpstate_close_wait_oldest_seconds');
      await stuck();
      for (let sent = 0; sent < 15; sent++) {
        sockets.send(sending, 'more');
        await delay(200);
      }
      assert.equal(await stuck(), 1);
      sockets.close(leaked);
      assert.ok((await oldest()) < 1, `${await oldest()} s`);
      await delay(2500);
      assert.equal(await stuck(), 1);
      assert.ok((await oldest()) > 2.4 && (await oldest()) < 3.5, `${await oldest()} s`);
    });
  }
});

function sumOf(page: ReadonlyMap<string, ParsedFamily>, family: string): number {
  return page.get(family)!.samples.reduce((sum, { value }) => sum + value, 0);
}
