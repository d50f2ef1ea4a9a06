import type { Snapshot } from '../model/snapshot.ts';
import type { TcpState } from '../model/tcp-state.ts';
import type { Notice, Platform } from '../platform/platform.ts';
import type { SocketTable } from '../table/socket-table.ts';
import { createCollection } from './collect.ts';
import { type CollectedPart, type CollectorOptions, type CollectRequest, monotonicMs } from './protocol.ts';
import { assembleSnapshot } from './snapshot.ts';

/** What one collection found. */
export interface Found {
  readonly snapshot: Snapshot;
  /** The rows behind its counts; undefined if they could not be read. Valid until the next collection. */
  readonly table: SocketTable | undefined;
  /** States whose sockets the source of the rows does not show. */
  readonly unsupportedStates: readonly TcpState[];
}

export interface Collecting {
  /** Collects as a scrape does: the same collectors in the same order, with the same time. */
  collect(): Found;
  /** The source of the rows. */
  readonly source: string;
  readonly notices: readonly Notice[];
  close(): void;
}

/** Collects on the calling thread, because the collector thread would keep the rows to itself. */
export function createCollecting(
  platform: Platform,
  { collectors, limits, config }: Pick<CollectorOptions, 'collectors' | 'limits'> & Pick<CollectRequest, 'config'>,
  timeoutMs: number,
): Collecting {
  let table: SocketTable | undefined;
  const { sockets } = platform;
  const watched: Platform = {
    ...platform,
    sockets: {
      source: sockets.source,
      comparesRows: sockets.comparesRows ?? false,
      get unsupportedStates() {
        return sockets.unsupportedStates ?? [];
      },
      read(rows, budget, others) {
        sockets.read(rows, budget, others);
        table = rows;
      },
    },
  };
  const run = createCollection(watched, limits, monotonicMs);
  return { collect, source: sockets.source, notices: platform.notices, close: () => platform.close() };

  function collect(): Found {
    table = undefined;
    const parts: CollectedPart[] = [];
    const startedMs = performance.now();
    run({ collectors, deadlineMs: monotonicMs() + timeoutMs, ...(config && { config }) }, (part) => parts.push(part));
    const collection = { parts, startedMs, ending: 'complete' } as const;
    return {
      snapshot: assembleSnapshot(collection, collectors),
      table,
      unsupportedStates: sockets.unsupportedStates ?? [],
    };
  }
}
