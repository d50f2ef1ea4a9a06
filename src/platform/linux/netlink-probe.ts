import { SocketTable } from '../../model/socket-table.ts';
import { LISTENERS } from './inet-diag.ts';
import type { Libc } from './libc.ts';
import { createSockDiagReader } from './sock-diag.ts';

const PROBE_MS = 2000;

/** Dumps the listening sockets once. Returns why the kernel refuses inet_diag, undefined when it answers. */
export function checkNetlink(libc: Libc): string | undefined {
  const reader = createSockDiagReader(libc, LISTENERS);
  const now = () => performance.now();
  try {
    reader.read(new SocketTable(), { now, deadlineMs: now() + PROBE_MS });
    return undefined;
  } catch (error) {
    return (error as Error).message; // old kernels, gVisor, seccomp: the caller falls back and says so
  } finally {
    reader.close();
  }
}
