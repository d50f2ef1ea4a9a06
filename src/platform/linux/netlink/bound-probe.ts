import { release } from 'node:os';
import { SocketTable } from '../../../table/socket-table.ts';
import { type Libc, SystemCallError } from '../libc/libc.ts';
import { BOUND_SOCKETS } from './dump-request.ts';
import { createSockDiagReader } from './sock-diag.ts';

const AF_INET = 2;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
/**
 * struct sockaddr_in: family u16 @0, port @2 (0 = any free one), address @4; 16 bytes. An address of the loopback network
 * that hardly anybody uses: where every ephemeral port is taken elsewhere, one is still free here.
 */
const PROBE_ADDRESS = Uint8Array.of(AF_INET, 0, 0, 0, 127, 100, 48, 10, 0, 0, 0, 0, 0, 0, 0, 0);
const PROBE_MS = 2000;

/**
 * Whether inet_diag shows sockets that are bound and nothing else (Linux 6.8): binds one for a moment and looks.
 * A look at the version would be wrong for kernels that vendors patch; it decides only where nothing can be bound.
 */
export function seesBoundSockets(libc: Libc, kernelRelease = release()): boolean {
  const reader = createSockDiagReader(libc, BOUND_SOCKETS);
  const fd = libc.socket(AF_INET, SOCK_STREAM_CLOEXEC, 0);
  try {
    if (fd < 0) throw new SystemCallError('socket(AF_INET)', libc.errno());
    if (libc.bind(fd, PROBE_ADDRESS, PROBE_ADDRESS.length) < 0) return isSince68(kernelRelease);
    const table = new SocketTable();
    const now = () => performance.now();
    reader.read(table, { now, deadlineMs: now() + PROBE_MS });
    return table.length > 0;
  } finally {
    reader.close();
    if (fd >= 0) libc.close(fd);
  }
}

/** `6.8.0-45-generic` → true. */
function isSince68(kernelRelease: string): boolean {
  const [major = 0, minor = 0] = kernelRelease.split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 8);
}
