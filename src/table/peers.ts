import type { Filters } from '../model/filters.ts';
import { maskAddress } from '../model/ip-address.ts';
import type { TallyLimits } from '../model/limits.ts';
import { positionOf } from './row-changes.ts';
import { Word } from './socket-row.ts';
import type { SocketTable } from './socket-table.ts';

/** How peers are grouped: one by one, or by network prefix. */
export interface Peers {
  /** Address id of a row's peer → id of its group, below `table.addresses.length` after `prepare`; negative: filters leave it out. */
  groupOf(addressId: number): number;
  /** Text of such an id: an address, or a CIDR. */
  label(id: number): string;
  /** Call before the new rows are counted, and before all rows are counted by other filters. */
  prepare(filters: Filters | undefined): void;
}

const UNSET = -1;
const LEFT_OUT = -2;

/**
 * The grouping for one table, decided once per distinct peer. Networks are interned in its address table and stay there. Filters look at the
 * whole address.
 */
export function groupPeers(table: SocketTable, limits: TallyLimits): Peers {
  const { addresses } = table;
  const isWhole = limits.remotePrefixV4 === 32 && limits.remotePrefixV6 === 128;
  let isPeerOut: Filters['isPeerOut'];
  let isEachItself = isWhole;
  return { groupOf: (id) => (isEachItself ? id : addresses.networkOf(id)), label, prepare };

  function prepare(filters: Filters | undefined): void {
    let rows = table.added;
    if (filters?.isPeerOut !== isPeerOut) {
      isPeerOut = filters?.isPeerOut;
      isEachItself = isWhole && isPeerOut === undefined;
      addresses.forgetNetworks();
      rows = table.all;
    }
    if (isEachItself) return;
    for (let index = 0; index < rows.length; index++) {
      const id = rows.words[positionOf(rows, index) + Word.remoteAddress]!;
      if (addresses.networkOf(id) === UNSET) addresses.setNetwork(id, findGroup(id));
    }
  }

  function findGroup(id: number): number {
    const words = addresses.wordsOf(id);
    if (isPeerOut?.(words) === true) return LEFT_OUT;
    return isWhole ? id : addresses.intern(...maskAddress(words, prefixOf(id)), addresses.scopeOf(id));
  }

  function prefixOf(id: number): number {
    return addresses.isIpv4(id) ? limits.remotePrefixV4 : limits.remotePrefixV6;
  }

  function label(id: number): string {
    const prefix = prefixOf(id);
    const text = addresses.textOf(id);
    return prefix === (addresses.isIpv4(id) ? 32 : 128) ? text : `${text}/${prefix}`;
  }
}
