import { TcpState } from '../model/tcp-state.ts';
import { type Rows, rowOf } from '../table/row-changes.ts';
import {
  Flag,
  familyOf,
  groupOf,
  hasFlag,
  localPortOf,
  Reason,
  ROW_WORDS,
  type RowWords,
  reasonOf,
  stateOf,
  Word,
} from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';
import type { Listener, ListenerGroup, Listeners } from './listeners-by-port.ts';

/**
 * Completes every row of a list whose owner the kernel does not keep (TIME_WAIT, SYN_RECV, waiting for accept(),
 * orphans), unless somebody saw who it was. An inbound row gets process and group of the listener it came through; the others get the reason. If
 * several listeners share the address and more than one fits, the row gets neither process nor group.
 */
export function inheritOwners(table: SocketTable, rows: Rows, listeners: Listeners, withProcesses: boolean): void {
  const { words } = table;
  for (let index = 0; index < rows.length; index++) {
    const row = rowOf(rows, index);
    const at = row * ROW_WORDS;
    if (words[at + Word.owner] !== 0 || reasonOf(words, at) === Reason.witnessed) continue;
    const group = findListeners(table, at, listeners);
    if (group?.isMixed) inheritFrom(table, row, narrow(words, at, group.members), withProcesses);
    else inheritFromOne(table, row, group?.at, withProcesses);
  }
}

/** `listener`: where its row begins; undefined = no listener. */
function inheritFromOne(table: SocketTable, row: number, listener: number | undefined, withProcesses: boolean): void {
  const { words } = table;
  inheritGroup(table, row, listener === undefined ? 0 : groupOf(words, listener));
  if (!withProcesses) return;
  if (listener === undefined) table.setOwner(row, 0, reasonWithoutListener(stateOf(words, row * ROW_WORDS)));
  else table.setOwner(row, words[listener + Word.process]!, reasonOf(words, listener));
}

function inheritFrom(table: SocketTable, row: number, members: readonly Listener[], withProcesses: boolean): void {
  const { words } = table;
  const first = members[0]!.at;
  const isSame = (word: (listener: number) => number) => members.every(({ at }) => word(at) === word(first));
  const hasOneGroup = isSame((listener) => groupOf(words, listener));
  const hasOneProcess = isSame((listener) => words[listener + Word.process]!);
  inheritGroup(table, row, hasOneGroup ? groupOf(words, first) : 0);
  if (!withProcesses) return;
  if (hasOneProcess) table.setOwner(row, words[first + Word.process]!, reasonOf(words, first));
  else table.setOwner(row, 0, reasonWithoutListener(stateOf(words, row * ROW_WORDS)));
}

/** Of listeners that share an address: those in whose queue an unaccepted connection may wait. */
function narrow(words: RowWords, at: number, members: readonly Listener[]): readonly Listener[] {
  if (!canWait(stateOf(words, at))) return members;
  const own = hasFlag(words, at, Flag.inheritedGroup) ? 0 : groupOf(words, at);
  const ofCgroup = members.filter((member) => own !== 0 && groupOf(words, member.at) === own);
  const fitting = ofCgroup.length > 0 ? ofCgroup : members;
  const awaited = fitting.filter(({ isAwaited }) => isAwaited);
  return awaited.length > 0 ? awaited : fitting;
}

/** `group` 0 = unknown. */
function inheritGroup(table: SocketTable, row: number, group: number): void {
  const at = row * ROW_WORDS;
  if (groupOf(table.words, at) !== 0 && !hasFlag(table.words, at, Flag.inheritedGroup)) return;
  table.setGroup(row, group, group !== 0);
}

function reasonWithoutListener(state: number): Reason {
  return canWait(state) ? Reason.unaccepted : Reason.kernel;
}

/** Only a fully open connection can wait for accept(); of all others the kernel has dropped the owner. */
function canWait(state: number): boolean {
  return state === TcpState.established || state === TcpState.closeWait;
}

/** The listeners that a row may have come through: on its own address, else on a wildcard address. */
function findListeners({ words }: SocketTable, at: number, listeners: Listeners): ListenerGroup | undefined {
  const groups = listeners.get(localPortOf(words, at));
  if (groups === undefined) return undefined;
  let best: ListenerGroup | undefined;
  let bestRank = 0;
  for (const group of groups) {
    const listener = group.at;
    const address = words[listener + Word.localAddress];
    // a listener's remote address is its family's wildcard; if the local address equals it, it listens on all addresses
    const isWildcard = address === words[listener + Word.remoteAddress];
    const isSameFamily = familyOf(words, listener) === familyOf(words, at);
    const isExact = address === words[at + Word.localAddress];
    const rank = isExact ? 3 : !isWildcard ? 0 : isSameFamily ? 2 : 1;
    if (rank > bestRank) {
      best = group;
      bestRank = rank;
    }
  }
  return best;
}
