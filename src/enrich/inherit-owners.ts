import { compareText } from '../model/compare-text.ts';
import { TcpState } from '../model/tcp-state.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import {
  Flag,
  familyOf,
  groupOf,
  hasFlag,
  localPortOf,
  Reason,
  ROW_WORDS,
  reasonOf,
  setFlag,
  setGroup,
  setProcess,
  stateOf,
  Word,
} from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';

/** By port: the rows that listen on it, in an order that tells which of them another row belongs to. */
export type Listeners = ReadonlyMap<number, readonly number[]>;

/**
 * Gives every row of a list for which the kernel keeps no owner (TIME_WAIT, SYN_RECV, waiting for accept(), orphans) what
 * can be known: an inbound one takes process and group of the listener it came through, the others get the reason.
 */
export function inheritOwners(table: SocketTable, rows: Rows, listeners: Listeners, withProcesses: boolean): void {
  const { words } = table;
  for (let index = 0; index < rows.length; index++) {
    const at = positionOf(rows, index);
    if (words[at + Word.owner] !== 0) continue;
    const listener = findListener(table, at, listeners);
    inheritGroup(words, at, listener);
    if (!withProcesses) continue;
    if (listener < 0) setProcess(words, at, 0, reasonWithoutListener(stateOf(words, at)));
    else setProcess(words, at, words[listener + Word.process]!, reasonOf(words, listener));
  }
}

function inheritGroup(words: Int32Array, at: number, listener: number): void {
  const isInherited = hasFlag(words, at, Flag.inheritedGroup);
  if (!isInherited && groupOf(words, at) !== 0) return;
  setGroup(words, at, listener < 0 ? 0 : groupOf(words, listener));
  setFlag(words, at, Flag.inheritedGroup, listener >= 0);
}

/** Only a connection that is fully open can wait for accept(); of all others the kernel has dropped the owner. */
function reasonWithoutListener(state: number): Reason {
  const canWait = state === TcpState.established || state === TcpState.closeWait;
  return canWait ? Reason.unaccepted : Reason.kernel;
}

export function listenersByPort(table: SocketTable): Listeners {
  const { words } = table;
  const byPort = new Map<number, number[]>();
  for (const row of table.listeners) {
    const at = row * ROW_WORDS;
    if (words[at + Word.owner] === 0) continue;
    const port = localPortOf(words, at);
    const rows = byPort.get(port);
    if (rows === undefined) byPort.set(port, [row]);
    else rows.push(row);
  }
  for (const [port, rows] of byPort) if (rows.length > 1) byPort.set(port, firstOfEachAddress(table, rows));
  return byPort;
}

/**
 * Of several listeners on one address (SO_REUSEPORT) nobody can tell which one a row came through: one with a known process
 * counts, the first by name, so that it stays the same. What is left is looked through for every row.
 */
function firstOfEachAddress({ words, processNames }: SocketTable, rows: number[]): number[] {
  const processOf = (row: number) => words[row * ROW_WORDS + Word.process]!;
  const nameOf = (row: number) => processNames.nameOf(processOf(row));
  rows.sort((a, b) => Number(processOf(a) === 0) - Number(processOf(b) === 0) || compareText(nameOf(a), nameOf(b)));
  const firsts = new Map<string, number>();
  for (const row of rows) {
    const at = row * ROW_WORDS;
    const address = `${familyOf(words, at)} ${words[at + Word.localAddress]}`;
    if (!firsts.has(address)) firsts.set(address, row);
  }
  return [...firsts.values()];
}

/** Where the listener begins that a row came through: on its own address, else on a wildcard address; −1 for none. */
function findListener({ words }: SocketTable, at: number, listeners: Listeners): number {
  const rows = listeners.get(localPortOf(words, at));
  if (rows === undefined) return -1;
  let best = -1;
  let bestRank = 0;
  for (const row of rows) {
    const listener = row * ROW_WORDS;
    const address = words[listener + Word.localAddress];
    // a listener's remote address is its family's wildcard, so a local address equal to it listens on all
    const isWildcard = address === words[listener + Word.remoteAddress];
    const isSameFamily = familyOf(words, listener) === familyOf(words, at);
    const isExact = address === words[at + Word.localAddress];
    const rank = isExact ? 3 : !isWildcard ? 0 : isSameFamily ? 2 : 1;
    if (rank > bestRank) {
      best = listener;
      bestRank = rank;
    }
  }
  return best;
}
