import { TcpState } from '../../../model/tcp-state.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { Reference } from '../../reference.ts';
import { createProcNetTcpReader } from './proc-net-tcp.ts';

/** /proc/net/tcp and tcp6: another code path of the kernel, and another decoder, than inet_diag. */
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
      return { untold: new Map(), ignored: findRepeated(table) };
    },
  };
}

/**
 * The file is printed a page at a time, and while connections come and go the kernel prints some of them on several pages.
 * No two connections have the same two ends.
 */
function findRepeated(table: SocketTable): ReadonlySet<number> {
  const seen = new Set<string>();
  const repeated = new Set<number>();
  for (let row = 0; row < table.length; row++) {
    const { localAddress, localPort, remoteAddress, remotePort } = table.rowAt(row);
    if (remotePort === 0) continue; // listeners may share their address and port
    const ends = `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
    if (seen.has(ends)) repeated.add(row);
    else seen.add(ends);
  }
  return repeated;
}
