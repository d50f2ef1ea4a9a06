import type { Libc } from './libc/libc.ts';

/** _LINUX_CAPABILITY_VERSION_3 (include/uapi/linux/capability.h) */
const VERSION_3 = 0x20080522;
/** struct __user_cap_header_struct: version, pid; 0 is the calling thread. */
const CALLING_THREAD = [VERSION_3, 0];
/** struct __user_cap_data_struct, twice: effective, permitted, inheritable of capabilities 0 … 31, then of 32 … 63. */
const SET_WORDS = 6;
const EFFECTIVE = 0;
const CAP_NET_ADMIN = 12;

/**
 * Takes CAP_NET_ADMIN from the effective set of the calling thread, which nothing here needs: to who has it the kernel also
 * tells mark, MD5 keys and upper protocol of each socket, and looks for them, which is a twentieth of a dump's CPU time.
 * Where it cannot be given up, it stays.
 */
export function giveUpNetAdmin({ capget, capset }: Libc): void {
  const header = bytesOf(CALLING_THREAD);
  const sets = new Uint32Array(SET_WORDS);
  if (capget === undefined || capset === undefined || capget(header, new Uint8Array(sets.buffer)) < 0) return;
  if ((sets[EFFECTIVE]! & (1 << CAP_NET_ADMIN)) === 0) return; // a sandbox may punish the call
  sets[EFFECTIVE]! &= ~(1 << CAP_NET_ADMIN);
  capset(header, new Uint8Array(sets.buffer));
}

function bytesOf(words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}
