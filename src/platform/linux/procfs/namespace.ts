import { readOptionalLink } from './proc-file.ts';

/** PID_NS_INIT_INO of include/uapi/linux/nsfs.h: the host's first pid namespace has had this number since Linux 3.8. */
const HOST_PID_NAMESPACE = 'pid:[4026531836]';
/** NET_NS_INIT_INO of the same header, since Linux 6.18. Older kernels number all from 4026531840 on, so nothing else has it. */
const HOST_NET_NAMESPACE = 'net:[4026531833]';

/**
 * Whether the calling thread is in the network namespace of the host, that is of PID 1. Undefined where nobody can
 * tell: following the links of PID 1 takes ptrace access (CAP_SYS_PTRACE), and in a container that has its own
 * processes PID 1 is the container's.
 *
 * Our own link comes from our own /proc: the mount in `procfs` may be one of the host's, in which a thread of a pid
 * namespace that is not below it has no entry.
 */
export function readIsHostNamespace(procfs: string, ownProcfs = '/proc'): boolean | undefined {
  const own = readOptionalLink(`${ownProcfs}/thread-self/ns/net`);
  if (own === HOST_NET_NAMESPACE) return true;
  const isHostInit = readOptionalLink(`${procfs}/1/ns/pid`) === HOST_PID_NAMESPACE;
  const init = readOptionalLink(`${procfs}/1/ns/net`);
  if (own === undefined || init === undefined || !isHostInit) return undefined;
  return own === init;
}
