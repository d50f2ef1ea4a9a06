import { createCollection } from '../../../src/collector/collect.ts';
import { monotonicMs } from '../../../src/collector/protocol.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import type { EphemeralUse } from '../../../src/model/socket-counts.ts';
import { openLinuxPlatform } from '../../../src/platform/linux/index.ts';

/** Reads how this namespace's ephemeral ports are used, in this thread: nothing happens between a system call of the test and the answer. */
export function createEphemeralReader(): { read(): EphemeralUse; close(): void } {
  const platform = openLinuxPlatform({
    procfs: '/proc',
    sysfs: '/sys',
    ownersBudgetMs: 0,
    collectors: new Set(['sockets', 'ephemeral_ports']),
  });
  const collect = createCollection(platform, DEFAULT_LIMITS, monotonicMs);
  return { read, close: () => platform.close() };

  function read(): EphemeralUse {
    let use: EphemeralUse | undefined;
    const request = { id: 1, collectors: ['ephemeral_ports' as const], deadlineMs: monotonicMs() + 10_000 };
    collect(request, ({ sockets, outcomes }) => {
      for (const { error } of outcomes) if (error !== undefined) throw new Error(error);
      use = sockets?.ephemeral ?? use;
    });
    if (use === undefined) throw new Error('the collection brought no ephemeral ports');
    return use;
  }
}
