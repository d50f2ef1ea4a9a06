import { TcpState } from '../../../model/tcp-state.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { Reference } from '../../reference.ts';
import { createProcNetTcpReader } from './proc-net-tcp.ts';

/** /proc/net/tcp and tcp6: the kernel's code path and our decoder both differ from inet_diag's. */
export function createProcNetTcpReference(procfs: string): Reference {
  const reader = createProcNetTcpReader(procfs);
  return {
    name: '/proc/net/tcp and tcp6',
    source: reader.source,
    ownerIs: 'inode',
    isOptional: false,
    shows: (state) => state !== TcpState.bound,
    async read(table) {
      reader.read(table, { deadlineMs: Number.POSITIVE_INFINITY, now: () => 0 });
      return { unknownStateWords: new Map(), ignored: findRepeated(table) };
    },
  };
}

/**
 * The kernel prints the file page by page, and repeats connections on several pages while others come and go. No two
 * connections have the same two ends.
 */
function findRepeated(table: SocketTable): ReadonlySet<number> {
  const seen = new Set<string>();
  const repeated = new Set<number>();
  for (let row = 0; row < table.length; row++) {
    const { localAddress, localPort, remoteAddress, remotePort } = table.rowAt(row);
    if (remotePort === 0) continue; // listeners may share address and port
    const ends = `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
    if (seen.has(ends)) repeated.add(row);
    else seen.add(ends);
  }
  return repeated;
}
