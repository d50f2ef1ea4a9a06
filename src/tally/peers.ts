import { formatAddress, isIpv4, maskAddress } from '../model/ip-address.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { SocketTable } from '../model/socket-table.ts';

/** How peers are grouped: each by itself, or by network prefix. */
export interface Peers {
  /** Address id of a row's peer → id of what it is counted under. */
  groupOf(addressId: number): number;
  /** Text of such an id: an address, or a network in CIDR notation. */
  label(id: number): string;
}

/** The grouping for one table. Networks are interned in the table's address table, once per distinct peer. */
export function groupPeers(table: SocketTable, limits: TallyLimits): Peers {
  const { addresses } = table;
  if (limits.remotePrefixV4 === 32 && limits.remotePrefixV6 === 128) {
    return { groupOf: (id) => id, label: (id) => formatAddress(addresses.wordsOf(id)) };
  }
  const networks = new Int32Array(addresses.length);
  for (let id = 0; id < networks.length; id++) {
    networks[id] = addresses.intern(...maskAddress(addresses.wordsOf(id), prefixOf(id)));
  }
  return { groupOf: (id) => networks[id]!, label };

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
