import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import { wordOfBytes } from '../model/ip-address.ts';
import { TcpState } from '../model/tcp-state.ts';
import { positionOf } from '../table/row-changes.ts';
import { Flag, hasFlag, ROW_WORDS, setFlag, stateOf, Word } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';

/**
 * Sets `Flag.taken` of every row. Of a TIME_WAIT one it depends on its age, so that it may change from scrape to scrape:
 * connect() may take over its port, see tcp_twsk_unique() in net/ipv4/tcp_ipv4.c.
 */
export function createTimeWaitReuse(table: SocketTable) {
  let hasReusable = false;

  return function markTaken(rules: EphemeralRules | undefined): void {
    const { added, words } = table;
    for (let index = 0; index < added.length; index++) setFlag(words, positionOf(added, index), Flag.taken, true);
    const mayReuse = rules !== undefined && rules.timeWaitMs !== undefined && rules.timeWaitReuse.scope !== 'never';
    if (!mayReuse && !hasReusable) return;
    hasReusable = false;
    const reusableBelowMs = mayReuse ? rules.timeWaitMs! - rules.timeWaitReuse.afterMs : 0;
    const isAnywhere = mayReuse && rules.timeWaitReuse.scope === 'always';
    for (let row = 0, at = 0; row < table.length; row++, at += ROW_WORDS) {
      if (stateOf(words, at) !== TcpState.timeWait) continue;
      const isReusable = words[at + Word.milliseconds]! < reusableBelowMs && (isAnywhere || isLocal(table, at));
      if (isReusable) hasReusable = true;
      if (hasFlag(words, at, Flag.taken) !== isReusable) continue;
      table.touch(row);
      setFlag(words, at, Flag.taken, !isReusable);
    }
  };
}

function isLocal(table: SocketTable, at: number): boolean {
  const { words } = table;
  return isLoopback(table, words[at + Word.remoteAddress]!) || isLoopback(table, words[at + Word.localAddress]!);
}

function isLoopback({ addresses }: SocketTable, addressId: number): boolean {
  const last = addresses.word(addressId, 3);
  if (addresses.isIpv4(addressId)) return (last & FIRST_BYTE_MASK) === LOOPBACK_NET;
  const isRestZero = (addresses.word(addressId, 0) | addresses.word(addressId, 1) | addresses.word(addressId, 2)) === 0;
  return isRestZero && last === LOOPBACK_V6_LAST;
}

/** 127.0.0.0/8 and ::1, in words. */
const FIRST_BYTE_MASK = wordOfBytes(0xff, 0, 0, 0);
const LOOPBACK_NET = wordOfBytes(127, 0, 0, 0);
const LOOPBACK_V6_LAST = wordOfBytes(0, 0, 0, 1);
