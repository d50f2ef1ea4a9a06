import { ownFile, readRequiredFile } from './proc-file.ts';

/** Whether the thread has the effective capabilities that open other users' processes. */
export interface Capabilities {
  readonly sysPtrace: boolean;
  readonly dacReadSearch: boolean;
}

/**
 * The capabilities of the calling thread. In a user namespace of its own they apply only inside it: all can be present
 * while the host's processes stay closed.
 */
export function readCapabilities(procfs: string): Capabilities {
  const path = ownFile(procfs, 'status');
  return parseCapabilities(readRequiredFile(path), path);
}

/** The `CapEff:` line of /proc/PID/status, a 64-bit mask in hex; bits of include/uapi/linux/capability.h. */
export function parseCapabilities(text: string, path: string): Capabilities {
  const match = /^CapEff:\s*([0-9a-f]{16})$/m.exec(text);
  if (match === null) throw new Error(`${path}: no CapEff line`);
  const mask = BigInt(`0x${match[1]}`);
  const has = (bit: bigint) => (mask & (1n << bit)) !== 0n;
  return { sysPtrace: has(19n), dacReadSearch: has(2n) };
}
