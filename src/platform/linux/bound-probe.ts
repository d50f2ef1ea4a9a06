import { SocketTable } from '../../model/socket-table.ts';
import { BOUND_SOCKETS } from './inet-diag.ts';
import { type Libc, SystemCallError } from './libc.ts';
import { createSockDiagReader } from './sock-diag.ts';

const AF_INET = 2;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
/** struct sockaddr_in: family u16 @0, port @2 and address @4, both 0 = any; 16 bytes. */
const ANY_ADDRESS = new Uint8Array(16).fill(AF_INET, 0, 1);
const PROBE_MS = 2000;

/**
 * Whether inet_diag shows sockets that are bound and nothing else (Linux 6.8): binds one for a moment and looks.
 * A look at the version would be wrong for kernels that vendors patch.
 */
export function seesBoundSockets(libc: Libc): boolean {
  const fd = libc.socket(AF_INET, SOCK_STREAM_CLOEXEC, 0);
  if (fd < 0) throw new SystemCallError('socket(AF_INET)', libc.errno());
  const reader = createSockDiagReader(libc, BOUND_SOCKETS);
  try {
    if (libc.bind(fd, ANY_ADDRESS, ANY_ADDRESS.length) < 0) throw new SystemCallError('bind(0.0.0.0:0)', libc.errno());
    const table = new SocketTable();
    const now = () => performance.now();
    reader.read(table, { now, deadlineMs: now() + PROBE_MS });
    return table.length > 0;
  } finally {
    reader.close();
    libc.close(fd);
  }
}
