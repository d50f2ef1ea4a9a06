import { maskAddress } from '../model/ip-address.ts';
import type { TallyLimits } from '../model/limits.ts';
import { positionOf } from './row-changes.ts';
import { Word } from './socket-row.ts';
import type { SocketTable } from './socket-table.ts';

/** How peers are grouped: one by one, or by network prefix. */
export interface Peers {
  /** Address id of a row's peer → id of its group; below `table.addresses.length` after `prepare`. */
  groupOf(addressId: number): number;
  /** Text of such an id: an address, or a CIDR. */
  label(id: number): string;
  /** Call before the new rows are counted. */
  prepare(): void;
}

/** The grouping for one table. Networks are interned in its address table, once per distinct peer, and stay there. */
export function groupPeers(table: SocketTable, limits: TallyLimits): Peers {
  const { addresses } = table;
  if (limits.remotePrefixV4 === 32 && limits.remotePrefixV6 === 128) {
    return { groupOf: (id) => id, label: (id) => addresses.textOf(id), prepare() {} };
  }
  return { groupOf: (id) => addresses.networkOf(id), label, prepare };

  function prepare(): void {
    const rows = table.added;
    for (let index = 0; index < rows.length; index++) {
      const id = rows.words[positionOf(rows, index) + Word.remoteAddress]!;
      if (addresses.networkOf(id) >= 0) continue;
      addresses.setNetwork(
        id,
        addresses.intern(...maskAddress(addresses.wordsOf(id), prefixOf(id)), addresses.scopeOf(id)),
      );
    }
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
