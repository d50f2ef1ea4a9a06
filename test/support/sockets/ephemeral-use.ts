import { createCollection } from '../../../src/collector/collect.ts';
import { monotonicMs } from '../../../src/collector/protocol.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import type { EphemeralUse, SocketCounts } from '../../../src/model/socket-counts.ts';
import type { SocketSource } from '../../../src/model/socket-source.ts';
import { openLinuxPlatform } from '../../../src/platform/linux/index.ts';
import { addWalk } from '../../../src/platform/linux/walk-sources.ts';

/**
 * Reads this namespace's sockets and how its ephemeral ports are used, in this thread: nothing happens between a system
 * call of the test and the answer.
 */
export function createEphemeralReader(socketSource: SocketSource): {
  read(): EphemeralUse;
  readCounts(): SocketCounts;
  close(): void;
} {
  const options = {
    socketSource,
    procfs: '/proc',
    sysfs: '/sys',
    kubeletLogs: '/var/log',
    ownersBudgetMs: 0,
    collectors: new Set(['sockets', 'ephemeral_ports', 'counters'] as const),
  };
  const platform = openLinuxPlatform(options, { addWalk });
  if (platform.sockets.source !== socketSource) throw new Error(platform.notices[0]!.message);
  const collect = createCollection(platform, DEFAULT_LIMITS, monotonicMs);
  return { read, readCounts, close: () => platform.close() };

  function read(): EphemeralUse {
    const use = readCounts().ephemeral;
    if (use === undefined) throw new Error('the collection brought no ephemeral ports');
    return use;
  }

  function readCounts(): SocketCounts {
    let counts: SocketCounts = {};
    const collectors = ['sockets', 'ephemeral_ports', 'counters'] as const;
    collect({ collectors, deadlineMs: monotonicMs() + 10_000 }, ({ sockets, outcomes }) => {
      for (const { error } of outcomes) if (error !== undefined) throw new Error(error);
      counts = { ...counts, ...sockets };
    });
    return counts;
  }
}
