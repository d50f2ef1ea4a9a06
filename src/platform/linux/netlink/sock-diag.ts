import { MissedDeadline } from '../../../model/missed-deadline.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { ScrapeBudget, SocketReader } from '../../platform.ts';
import type { Libc } from '../libc/libc.ts';
import type { CloseWaitClock } from '../rows/close-wait-clock.ts';
import { RepeatedRows } from '../rows/repeated-rows.ts';
import { type DumpQuery, encodeDumpRequest } from './dump-request.ts';
import { decodeDump } from './inet-diag.ts';
import { allocateNetlinkBuffer } from './netlink.ts';
import { openSockDiag, receiveDatagram, sendRequest } from './sock-diag-socket.ts';

/** The kernel fills at most 32 KiB per datagram of a dump (net/netlink/af_netlink.c, netlink_dump). */
const BUFFER_LENGTH = 64 * 1024;
/**
 * Restarts of a dump within one read, if the kernel reports that it was disturbed (ENOBUFS, EINTR, NLM_F_DUMP_INTR).
 */
const MAX_TRIES = 3;

/**
 * Reads sockets by inet_diag dumps. It keeps one netlink socket, and replaces it after a failure. It ends a dump,
 * without an error, after more than `most` rows. `clock`: remembers how long CLOSE_WAIT sockets have waited.
 */
export function createSockDiagReader(
  libc: Libc,
  query: DumpQuery,
  most = Number.POSITIVE_INFINITY,
  clock?: CloseWaitClock,
  repeated = new RepeatedRows(),
): SocketReader & { close(): void } {
  const buffer = allocateNetlinkBuffer(BUFFER_LENGTH);
  let fd = -1;
  let sequence = 0;

  return { source: 'sock_diag', comparesRows: true, read, close };

  function read(table: SocketTable, budget: ScrapeBudget): void {
    for (let attempt = 1; ; attempt++) {
      try {
        dump(table, budget);
        return;
      } catch (error) {
        close(); // the rest of a broken dump must not answer the next request
        if (attempt === MAX_TRIES || !isDisturbed(error)) throw error;
        table.reset();
      }
    }
  }

  function dump(table: SocketTable, budget: ScrapeBudget): void {
    if (fd < 0) fd = openSockDiag(libc);
    sequence = (sequence + 1) & 0x7fffffff;
    repeated.begin();
    clock?.begin(budget.now());
    sendRequest(libc, fd, encodeDumpRequest(query, sequence));
    for (let isComplete = false; !isComplete; ) {
      if (budget.now() > budget.deadlineMs) throw new MissedDeadline('the socket dump', `at ${table.length} sockets`);
      isComplete = decodeDump(buffer, receiveDatagram(libc, fd, buffer), sequence, table, repeated, clock);
      if (!isComplete && table.length > most) {
        close();
        break;
      }
    }
    table.finish();
    clock?.finish();
  }

  function close(): void {
    if (fd >= 0) libc.close(fd);
    fd = -1;
  }
}

function isDisturbed(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === 'ENOBUFS' || code === 'EINTR' || code === 'NLM_F_DUMP_INTR' || code === 'NLMSG_OVERRUN';
}
