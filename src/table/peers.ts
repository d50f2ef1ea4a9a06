import { formatAddress, isIpv4, maskAddress } from '../model/ip-address.ts';
import type { TallyLimits } from '../model/limits.ts';
import { positionOf } from './row-changes.ts';
import { Word } from './socket-row.ts';
import type { SocketTable } from './socket-table.ts';

/** How peers are grouped: each by itself, or by network prefix. */
export interface Peers {
  /** Address id of a row's peer → id of what it is counted under; below `table.addresses.length` once `prepare` was called. */
  groupOf(addressId: number): number;
  /** Text of such an id: an address, or a network in CIDR notation. */
  label(id: number): string;
  /** To be called before the new rows are counted. */
  prepare(): void;
}

/** The grouping for one table. Networks are interned in the table's address table, once per distinct peer, and stay there. */
export function groupPeers(table: SocketTable, limits: TallyLimits): Peers {
  const { addresses } = table;
  if (limits.remotePrefixV4 === 32 && limits.remotePrefixV6 === 128) {
    return { groupOf: (id) => id, label: (id) => formatAddress(addresses.wordsOf(id)), prepare() {} };
  }
  return { groupOf: (id) => addresses.networkOf(id), label, prepare };

  function prepare(): void {
    const rows = table.added;
    for (let index = 0; index < rows.length; index++) {
      const id = rows.words[positionOf(rows, index) + Word.remoteAddress]!;
      if (addresses.networkOf(id) >= 0) continue;
      addresses.setNetwork(id, addresses.intern(...maskAddress(addresses.wordsOf(id), prefixOf(id))));
    }
  }

  function prefixOf(id: number): number {
    const [w0, w1, w2] = addresses.wordsOf(id);
    return isIpv4(w0, w1, w2) ? limits.remotePrefixV4 : limits.remotePrefixV6;
  }

  function label(id: number): string {
    const prefix = prefixOf(id);
    const text = formatAddress(addresses.wordsOf(id));
    return prefix === (text.includes(':') ? 128 : 32) ? text : `${text}/${prefix}`;
  }
}
