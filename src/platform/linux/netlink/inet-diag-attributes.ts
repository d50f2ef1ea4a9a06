import { Flag } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { CloseWaitClock } from '../rows/close-wait-clock.ts';
import {
  INET_DIAG_CGROUP_ID,
  INET_DIAG_INFO,
  INET_DIAG_SKMEMINFO,
  INET_DIAG_SKV6ONLY,
  MESSAGE,
} from './inet-diag-layout.ts';
import { type NetlinkBuffer, NetlinkError } from './netlink.ts';

/** struct tcp_info (include/uapi/linux/tcp.h), milliseconds: since the program last sent data, and since the last ACK came in. */
const TCP_INFO_LAST_DATA_SENT = 44;
const TCP_INFO_LAST_ACK_RECV = 56;
/** SK_MEMINFO_DROPS (include/uapi/linux/sock_diag.h, Linux 4.7): one word of several. */
export const SK_MEMINFO_DROPS = 8 * 4;
/** Most milliseconds that a word of a row holds: 24 days. */
const MOST_MS = 0x7fffffff;

/** Reads four attributes: the cgroup id, the age in tcp_info, what a listener dropped, and whether an IPv6 socket takes IPv4, too. Skips others. */
export function decodeAttributes(
  buffer: NetlinkBuffer,
  start: number,
  length: number,
  row: number,
  table: SocketTable,
  clock: CloseWaitClock | undefined,
): void {
  const { halves, words, bytes } = buffer;
  const end = start + length;
  for (let at = start + MESSAGE.attributes; at + 4 <= end; ) {
    const size = halves[at >> 1]!;
    if (size < 4 || size > end - at)
      throw new NetlinkError(`inet_diag attribute of ${size} bytes in ${end - at}`, 'EBADMSG');
    const type = halves[(at + 2) >> 1]!;
    const payload = at + 4;
    if (type === INET_DIAG_CGROUP_ID && size >= 12) {
      table.setGroup(row, table.groups.intern(words[payload >> 2]!, words[(payload >> 2) + 1]!));
    } else if (type === INET_DIAG_INFO && size >= 4 + TCP_INFO_LAST_ACK_RECV + 4) {
      const sinceAck = words[(payload + TCP_INFO_LAST_ACK_RECV) >> 2]! & MOST_MS;
      const cookie = (start + MESSAGE.cookie) >> 2;
      const sinceSent = words[(payload + TCP_INFO_LAST_DATA_SENT) >> 2]! & MOST_MS;
      const age =
        clock?.ageOf(words[cookie]!, words[cookie + 1]!, sinceAck, sinceSent) ?? Math.min(sinceAck, sinceSent);
      table.setTime(row, Math.min(age, MOST_MS));
    } else if (type === INET_DIAG_SKMEMINFO && size >= 4 + SK_MEMINFO_DROPS + 4) {
      table.listenDrops.push({ row, drops: words[(payload + SK_MEMINFO_DROPS) >> 2]! >>> 0 });
    } else if (type === INET_DIAG_SKV6ONLY && size >= 5) {
      // the kernel sends it with LISTEN and bound sockets only
      table.mark(row, Flag.dualStack, bytes[payload] === 0);
    }
    at += (size + 3) & ~3;
  }
}
