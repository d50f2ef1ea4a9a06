import { SocketTable } from '../../../table/socket-table.ts';
import type { Libc } from '../libc/libc.ts';
import { LISTENERS } from './dump-request.ts';
import { createSockDiagReader } from './sock-diag.ts';

const PROBE_MS = 2000;

/** Errors that pass: descriptors or memory ran out, or the kernel is too busy. */
const PASSING = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOBUFS',
  'EAGAIN',
  'EINTR',
  'NLM_F_DUMP_INTR',
  'NLMSG_OVERRUN',
]);

/**
 * Dumps the listening sockets once. Returns why the kernel refuses inet_diag. Undefined if it answers, or if the error
 * may pass: that must not cost this source for good.
 */
export function checkNetlink(libc: Libc): string | undefined {
  const reader = createSockDiagReader(libc, LISTENERS);
  const now = () => performance.now();
  try {
    reader.read(new SocketTable(), { now, deadlineMs: now() + PROBE_MS });
    return undefined;
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    return PASSING.has(code ?? '') ? undefined : message; // old kernels, gVisor, seccomp: the caller falls back and logs it
  } finally {
    reader.close();
  }
}
