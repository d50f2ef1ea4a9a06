import type { EphemeralRange } from '../model/port-range.ts';
import { TcpState } from '../model/tcp-state.ts';
import { positionOf } from '../table/row-changes.ts';
import {
  Flag,
  hasFlag,
  localPortOf,
  ROW_WORDS,
  type RowWords,
  remotePortOf,
  stateOf,
  Word,
} from '../table/socket-row.ts';
import { SocketTable } from '../table/socket-table.ts';

/** A second walk over all sockets may take this share of the time of the first ones; a cheaper walk happens at once. */
const SHARE = 1 / 20;
const CHEAP_MS = 1;

/**
 * Reads the sockets whose program chose the port by bind(); accepted ones are not among them. `now`: monotonic
 * milliseconds.
 */
export interface SecondWalk {
  read(chosen: SocketTable): void;
  now(): number;
}

/**
 * Sets `Flag.dialled` on connections that this side opened although their ports say otherwise, as libp2p, NFS and
 * proxies with their own source ports do. It sets no others, so the result does not depend on when the walk happens.
 * `reader` reads the sockets whose program chose the port by bind(); accepted sockets are not among them.
 */
export function createDialledSearch() {
  const chosen = new SocketTable();
  const isListening = new Uint8Array(65_536);
  let isDue = false;
  let costMs = 0;
  let savedMs = 0;

  /** `readMs`: how long the walk took that filled `table`. */
  return function markDialled(
    table: SocketTable,
    range: EphemeralRange | undefined,
    readMs: number,
    { read, now }: SecondWalk,
  ) {
    noteListeners(table);
    isDue ||= hasSuspects(table, range);
    savedMs += readMs * SHARE;
    if (!isDue || (costMs > CHEAP_MS && savedMs < costMs)) return;
    const startMs = now();
    chosen.reset();
    read(chosen);
    mark(table, range, new Set(ownersOf(chosen)));
    costMs = now() - startMs;
    savedMs = 0;
    isDue = false;
  };

  function noteListeners({ listeners, words }: SocketTable): void {
    isListening.fill(0);
    for (const row of listeners) isListening[localPortOf(words, row * ROW_WORDS)] = 1;
  }

  function hasSuspects(table: SocketTable, range: EphemeralRange | undefined): boolean {
    const { added, words } = table;
    for (let index = 0; index < added.length; index++) {
      if (isSuspect(words, positionOf(added, index), range)) return true;
    }
    return false;
  }

  /**
   * Whether the ports make a connection inbound although bind() may have chosen its port: from a listening port to a
   * peer's port that no client here would use, or from a port outside the range to one inside it.
   */
  function isSuspect(words: RowWords, at: number, range: EphemeralRange | undefined): boolean {
    if (words[at + Word.owner] === 0 || stateOf(words, at) === TcpState.listen) return false;
    const isOfRange = (port: number) => range !== undefined && port >= range.first && port <= range.last;
    const isOfClient = isOfRange(remotePortOf(words, at));
    const port = localPortOf(words, at);
    return isListening[port] === 1 ? !isOfClient : isOfClient && !isOfRange(port);
  }

  function mark(table: SocketTable, range: EphemeralRange | undefined, owners: ReadonlySet<number>): void {
    const { words } = table;
    if (owners.size === 0) return;
    for (let row = 0, at = 0; row < table.length; row++, at += ROW_WORDS) {
      if (!isSuspect(words, at, range) || !owners.has(words[at + Word.owner]!)) continue;
      table.mark(row, Flag.dialled, true);
    }
  }
}

/** The sockets that are known to be dialled from here, by their inodes: for a table whose rows are about to be read anew. */
export function dialledOwners({ words, length }: SocketTable): ReadonlySet<number> {
  const owners = new Set<number>();
  for (let at = 0; at < length * ROW_WORDS; at += ROW_WORDS) {
    if (hasFlag(words, at, Flag.dialled) && words[at + Word.owner] !== 0) owners.add(words[at + Word.owner]!);
  }
  return owners;
}

/** Sets `Flag.dialled` of these sockets in a table that was just read, none of whose rows is counted yet. */
export function markOwners(table: SocketTable, owners: ReadonlySet<number>): void {
  if (owners.size === 0) return;
  for (let row = 0; row < table.length; row++) {
    if (owners.has(table.words[row * ROW_WORDS + Word.owner]!)) table.mark(row, Flag.dialled, true);
  }
}

function* ownersOf(table: SocketTable): Generator<number> {
  for (let at = 0; at < table.length * ROW_WORDS; at += ROW_WORDS) {
    const owner = table.words[at + Word.owner]!;
    if (owner !== 0) yield owner;
  }
}
