import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import { wordOfBytes } from '../model/ip-address.ts';
import { TcpState } from '../model/tcp-state.ts';
import { rowOf } from '../table/row-changes.ts';
import { Flag, hasFlag, ROW_WORDS, type RowWords, stateOf, Word } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';
import { createPeerTimestamps, type Evidence } from './peer-timestamps.ts';

/**
 * Sets `Flag.taken` on every row. For a TIME_WAIT row it depends on the age, so it may change from scrape to scrape:
 * connect() may take over its port, see tcp_twsk_unique() in net/ipv4/tcp_ipv4.c. That function checks the timestamps
 * of that very connection. Where the source does not show them, a port counts as taken until its peer was seen to use them.
 */
export function createTimeWaitReuse(table: SocketTable) {
  const timestamps = createPeerTimestamps(table);
  let hasReusable = false;

  return function markTaken(
    rules: EphemeralRules | undefined,
    evidence: Pick<Evidence, 'classes' | 'ask' | 'takenOver'>,
  ): void {
    const { added, words } = table;
    for (let index = 0; index < added.length; index++) table.mark(rowOf(added, index), Flag.taken, true);
    const belowMs = !table.knowsTimestamps && rules?.timeWaitReuse.isWithoutTimestamps ? 0 : reusableBelowMs(rules);
    if (belowMs === 0 && !hasReusable) return;
    hasReusable = false;
    const isReusablePeer = choosePeers(rules, { ...evidence, belowMs });
    for (let row = 0, at = 0; row < table.length; row++, at += ROW_WORDS) {
      if (stateOf(words, at) !== TcpState.timeWait) continue;
      const isReusable = words[at + Word.milliseconds]! < belowMs && isReusablePeer(at);
      if (isReusable) hasReusable = true;
      table.mark(row, Flag.taken, !isReusable);
    }
  };

  /** Says of a row in TIME_WAIT whether its connection allows it. */
  function choosePeers(rules: EphemeralRules | undefined, evidence: Omit<Evidence, 'rules'>): (at: number) => boolean {
    const isEverywhere = rules?.timeWaitReuse.scope === 'always';
    if (table.knowsTimestamps)
      return (at) => hasFlag(table.words, at, Flag.timestamps) && (isEverywhere || isLocal(table, at));
    const usesTimestamps = isEverywhere ? timestamps.learn({ ...evidence, rules }) : undefined;
    return (at) =>
      isLocal(table, at) || (usesTimestamps !== undefined && (isToItself(table.words, at) || usesTimestamps(at)));
  }
}

/** Whether connect() may take over the port of a row, where the source tells of timestamps. `belowMs`: see `reusableBelowMs`. */
export function isReusable(
  table: SocketTable,
  at: number,
  rules: EphemeralRules | undefined,
  belowMs: number,
): boolean {
  const { words } = table;
  if (stateOf(words, at) !== TcpState.timeWait || words[at + Word.milliseconds]! >= belowMs) return false;
  return hasFlag(words, at, Flag.timestamps) && (rules?.timeWaitReuse.scope === 'always' || isLocal(table, at));
}

/** connect() takes over no port that has this much time left, or more; 0 = none at all. */
export function reusableBelowMs(rules: EphemeralRules | undefined): number {
  if (rules?.timeWaitMs === undefined || rules.timeWaitReuse.scope === 'never') return 0;
  return Math.max(0, rules.timeWaitMs - rules.timeWaitReuse.afterMs);
}

/** Whether both ends are this host, whose own setting for timestamps is known: by an address, or bound to the loopback interface. */
function isLocal(table: SocketTable, at: number): boolean {
  const { words, addresses } = table;
  const remote = words[at + Word.remoteAddress]!;
  if (addresses.scopeOf(remote) === LOOPBACK_INTERFACE) return true;
  return isLoopback(table, remote) || isLoopback(table, words[at + Word.localAddress]!);
}

/** The peer's address is the socket's own: this host too, though not a loopback address. */
function isToItself(words: RowWords, at: number): boolean {
  return words[at + Word.remoteAddress] === words[at + Word.localAddress];
}

function isLoopback({ addresses }: SocketTable, addressId: number): boolean {
  const last = addresses.word(addressId, 3);
  if (addresses.isIpv4(addressId)) return (last & FIRST_BYTE_MASK) === LOOPBACK_NET;
  const isRestZero = (addresses.word(addressId, 0) | addresses.word(addressId, 1) | addresses.word(addressId, 2)) === 0;
  return isRestZero && last === LOOPBACK_V6_LAST;
}

/** LOOPBACK_IFINDEX of include/linux/netdevice.h. */
const LOOPBACK_INTERFACE = 1;
/** 127.0.0.0/8 and ::1, as address words. */
const FIRST_BYTE_MASK = wordOfBytes(0xff, 0, 0, 0);
const LOOPBACK_NET = wordOfBytes(127, 0, 0, 0);
const LOOPBACK_V6_LAST = wordOfBytes(0, 0, 0, 1);
