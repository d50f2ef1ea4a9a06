import { HEADERS } from '../dll/headers.ts';
import type { Handle, Kernel32 } from '../dll/kernel32.ts';

/** Opens a process while `use` runs. Undefined if it ended, is protected, or we may not open it. */
export function withProcess<Value>(
  kernel32: Kernel32,
  pid: number,
  use: (process: Handle) => Value,
): Value | undefined {
  const process = kernel32.openProcess(HEADERS.PROCESS_QUERY_LIMITED_INFORMATION, 0, pid);
  if (Number(process) === 0) return undefined;
  try {
    return use(process);
  } finally {
    kernel32.closeHandle(process);
  }
}
