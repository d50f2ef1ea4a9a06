import { release } from 'node:os';
import { SocketTable } from '../../../table/socket-table.ts';
import { isSinceKernel } from '../libc/kernel-release.ts';
import { type Libc, SystemCallError } from '../libc/libc.ts';
import { BOUND_SOCKETS } from './dump-request.ts';
import { createSockDiagReader } from './sock-diag.ts';

const AF_INET = 2;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
/**
 * struct sockaddr_in: family u16 @0, port @2 (0 = any free one), address @4; 16 bytes. The address is one of the
 * loopback network that hardly any program uses: even if every ephemeral port is taken elsewhere, one is still free
 * here.
 */
const PROBE_ADDRESS = Uint8Array.of(AF_INET, 0, 0, 0, 127, 100, 48, 10, 0, 0, 0, 0, 0, 0, 0, 0);
const PROBE_MS = 2000;

/**
 * Whether inet_diag shows sockets that are only bound (Linux 6.8): binds one for a moment and looks for it. The version
 * would be wrong for kernels that vendors patch; it decides only if nothing can be bound.
 */
export function seesBoundSockets(libc: Libc, kernelRelease = release()): boolean {
  const reader = createSockDiagReader(libc, BOUND_SOCKETS);
  const fd = libc.socket(AF_INET, SOCK_STREAM_CLOEXEC, 0);
  try {
    if (fd < 0) throw new SystemCallError('socket(AF_INET)', libc.errno());
    if (libc.bind(fd, PROBE_ADDRESS, PROBE_ADDRESS.length) < 0) return isSinceKernel(kernelRelease, 6, 8);
    const table = new SocketTable();
    const now = () => performance.now();
    reader.read(table, { now, deadlineMs: now() + PROBE_MS });
    return table.length > 0;
  } finally {
    reader.close();
    if (fd >= 0) libc.close(fd);
  }
}
