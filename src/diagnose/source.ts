import type { Snapshot } from '../model/snapshot.ts';
import type { SocketTable } from '../table/socket-table.ts';

/** One look at a host. */
export interface Look {
  readonly snapshot: Snapshot;
  /** The rows behind its counts, until the next look; a page has none. */
  readonly table?: SocketTable | undefined;
  /** On the clock of `performance.now`. */
  readonly atMs: number;
}

/** Where looks come from: this host, or the page of another one's exporter. */
export interface Source {
  /** Throws where nothing could be read at all. */
  look(): Promise<Look>;
  /** Whose numbers these are. */
  readonly place: string;
  /** What the reader should know of how they were read. */
  readonly notes: readonly string[];
  close(): void;
}

/** Two looks, or one where no time between them is wanted. */
export interface Looks {
  readonly now: Look;
  readonly before?: { readonly snapshot: Snapshot; readonly secondsAgo: number };
}

export function pairLooks(now: Look, earlier: Look | undefined): Looks {
  if (earlier === undefined) return { now };
  return { now, before: { snapshot: earlier.snapshot, secondsAgo: (now.atMs - earlier.atMs) / 1000 } };
}
