import { familyOf, groupOf, localPortOf, ROW_WORDS, type RowWords, reasonOf, Word } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';

/** Listeners of one address and port: one, or several that share it (SO_REUSEPORT). */
export interface ListenerGroup {
  /** Where the first one's row begins; all have its address and family. */
  readonly at: number;
  readonly members: readonly Listener[];
  /** Whether it matters which one a connection came through: their processes or cgroups differ. */
  readonly isMixed: boolean;
}

export interface Listener {
  /** Where its row begins. */
  readonly at: number;
  /** Whether connections wait in its accept queue. */
  readonly isAwaited: boolean;
}

/** By port: the listeners that a row on that port may have come through. */
export type Listeners = ReadonlyMap<number, readonly ListenerGroup[]>;

/** `rows`: numbers of LISTEN rows; `awaited`: of those in whose queue connections wait. */
export function listenersByPort(
  table: SocketTable,
  rows: readonly number[] = table.listeners,
  awaited = findAwaited(table),
): Listeners {
  const { words } = table;
  const byPort = new Map<number, Map<string, Listener[]>>();
  for (const row of rows) {
    const at = row * ROW_WORDS;
    if (words[at + Word.owner] === 0) continue;
    const port = localPortOf(words, at);
    const byAddress = byPort.get(port) ?? new Map<string, Listener[]>();
    byPort.set(port, byAddress);
    const address = `${familyOf(words, at)} ${words[at + Word.localAddress]} ${words[at + Word.remoteAddress]}`;
    const members = byAddress.get(address) ?? [];
    byAddress.set(address, members);
    members.push({ at, isAwaited: awaited.has(row) });
  }
  return new Map(
    [...byPort].map(([port, byAddress]) => [port, [...byAddress.values()].map((each) => toGroup(words, each))]),
  );
}

export function findAwaited({ listenQueues }: SocketTable): ReadonlySet<number> {
  return new Set(listenQueues.filter(({ length }) => length > 0).map(({ row }) => row));
}

function toGroup(words: RowWords, members: readonly Listener[]): ListenerGroup {
  const first = members[0]!.at;
  return { at: first, members, isMixed: !members.every(({ at }) => isAlike(words, at, first)) };
}

/** Whether a connection through either of two listeners looks the same on the page. */
function isAlike(words: RowWords, left: number, right: number): boolean {
  return (
    words[left + Word.process] === words[right + Word.process] &&
    reasonOf(words, left) === reasonOf(words, right) &&
    groupOf(words, left) === groupOf(words, right)
  );
}
