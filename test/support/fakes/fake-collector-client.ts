import type { Collection, CollectorEvents } from '../../../src/collector/client.ts';
import type { CollectedPart } from '../../../src/collector/protocol.ts';
import type { ExpositionFormat } from '../../../src/metrics/family.ts';
import type { CollectorName } from '../../../src/model/collectors.ts';
import { defer } from './deferred.ts';

/** A collection whose parts and end the test decides. */
export interface FakeCollection extends Collection {
  readonly collectors: readonly CollectorName[];
  readonly timeoutMs: number;
  readonly format: ExpositionFormat | undefined;
  readonly isCountsWanted: boolean;
  send(part: CollectedPart): void;
  end(ending: 'complete' | 'lost' | 'late', end?: Pick<Collection, 'page' | 'hasCounts'>): void;
}

/** A collector client without a thread. */
export function createFakeClient() {
  const collections: FakeCollection[] = [];
  const fake = { collections, events: undefined as CollectorEvents | undefined, isUp: true, isClosed: false, create };
  return fake;

  function create(_options: unknown, events: CollectorEvents) {
    fake.events = events;
    return {
      collect,
      isReady: () => fake.isUp,
      async close() {
        fake.isClosed = true;
      },
    };
  }

  function collect(collectors: readonly CollectorName[], timeoutMs: number, format?: ExpositionFormat): Collection {
    const { promise, resolve } = defer<void>();
    const parts: CollectedPart[] = [];
    const collection = {
      collectors,
      timeoutMs,
      format,
      isCountsWanted: false,
      done: promise,
      parts,
      ending: undefined as Collection['ending'],
      startedMs: performance.now(),
      page: undefined as Collection['page'],
      hasCounts: true,
      wantCounts() {
        collection.isCountsWanted = true;
      },
      send(part: CollectedPart) {
        parts.push(part);
      },
      end(
        ending: 'complete' | 'lost' | 'late',
        { page, hasCounts }: Pick<Collection, 'page' | 'hasCounts'> = { hasCounts: true },
      ) {
        Object.assign(collection, { ending, page, hasCounts });
        resolve();
      },
    };
    collections.push(collection);
    return collection;
  }
}
