import { release } from 'node:os';
import type { Namespaces } from '../../../model/snapshot.ts';
import { isSinceKernel } from '../libc/kernel-release.ts';
import { ownFile, readOptionalFile, readOptionalLink } from './proc-file.ts';

/** PID_NS_INIT_INO of include/uapi/linux/nsfs.h: the host's first pid namespace has had this number since Linux 3.8. */
const HOST_PID_NAMESPACE = 'pid:[4026531836]';
/**
 * NET_NS_INIT_INO of the same header, since Linux 6.18. Older kernels number all from 4026531840 on, so no other
 * namespace has it.
 */
const HOST_NET_NAMESPACE = 'net:[4026531833]';
/** USER_NS_INIT_INO of the same header, since Linux 3.8. */
const INITIAL_USER_NAMESPACE = 'user:[4026531837]';

/** Where this process sees itself in /proc, and the kernel version. */
export interface Self {
  readonly procfs: string;
  readonly kernelRelease: string;
}

/** Whether the calling thread's network, and the processes that `procfs` shows, are the host's. */
export function readNamespaces(procfs: string, own?: Self): Namespaces {
  return createNamespaceReader(procfs, own)();
}

/** The same, for every scrape. Whose processes a mount shows never changes, so it is read until known. */
export function createNamespaceReader(
  procfs: string,
  own: Self = { procfs: '/proc', kernelRelease: release() },
): () => Namespaces {
  let isHostPid: boolean | undefined;
  return function readNow() {
    const isHostNetwork = readIsHostNetwork(procfs, own);
    isHostPid ??= readShowsHostProcesses(procfs, own.procfs);
    return {
      ...(isHostNetwork === undefined ? {} : { isHostNetwork }),
      ...(isHostPid === undefined ? {} : { isHostPid }),
    };
  };
}

/**
 * Whether the calling thread is in the host's network namespace, that of PID 1. Before Linux 6.18 the exporter cannot
 * tell if it may not follow the links of PID 1, which takes ptrace access (CAP_SYS_PTRACE), or if it sees a container's
 * PID 1.
 *
 * Our own link comes from our own /proc: the mount in `procfs` may be the host's, in which a thread has no entry if its
 * pid namespace is not below that mount's.
 */
function readIsHostNetwork(procfs: string, own: Self): boolean | undefined {
  const link = readOptionalLink(`${own.procfs}/thread-self/ns/net`);
  if (link === undefined) return undefined;
  if (link === HOST_NET_NAMESPACE) return true;
  if (isSinceKernel(own.kernelRelease, 6, 18)) return false;
  const isHostInit = readOptionalLink(`${procfs}/1/ns/pid`) === HOST_PID_NAMESPACE;
  const init = readOptionalLink(`${procfs}/1/ns/net`);
  return init === undefined || !isHostInit ? undefined : link === init;
}

/**
 * Whether `procfs` shows the processes of the host. It depends on the mount, not on the exporter: a container may have
 * the host's /proc beside its own. If we may look at PID 1 of the mount, that answers; else what the mount shows about
 * us does.
 */
export function readShowsHostProcesses(procfs: string, ownProcfs = '/proc'): boolean | undefined {
  const init = readOptionalLink(`${procfs}/1/ns/pid`);
  if (init !== undefined) return init === HOST_PID_NAMESPACE;
  const own = readOptionalLink(`${ownProcfs}/self/ns/pid`);
  const depth = readNamespaceDepth(procfs);
  if (own === undefined || depth === undefined) return undefined;
  if (own === HOST_PID_NAMESPACE) return true; // nothing is above it
  return depth === 0 ? false : undefined;
}

/**
 * How many levels our pid namespace is below that of the mount. Undefined if it cannot be read: the reader of
 * capabilities, in the same file, reports why.
 */
export function readNamespaceDepth(procfs: string): number | undefined {
  try {
    return parseNamespaceDepth(readOptionalFile(ownFile(procfs, 'status')) ?? '');
  } catch {
    return undefined;
  }
}

/**
 * Whether a process, by its folder below `procfs`, is in the calling thread's network namespace; false if we may not
 * look.
 */
export function createNetworkComparison(procfs: string, ownProcfs = '/proc'): (folder: string) => boolean {
  const own = readOptionalLink(`${ownProcfs}/thread-self/ns/net`);
  return (folder) => own !== undefined && readOptionalLink(`${procfs}/${folder}/ns/net`) === own;
}

/**
 * How many levels our pid namespace is below that of the mount that this status file of ours is from: NSpid has our
 * number in each of them. Undefined before Linux 4.1.
 */
export function parseNamespaceDepth(status: string): number | undefined {
  const numbers = /^NSpid:((?:[ \t]+\d+)+)$/m.exec(status)?.[1];
  return numbers === undefined ? undefined : numbers.trim().split(/[ \t]+/).length - 1;
}

/** Whether the calling thread's capabilities apply to every process of the host; false if unknown. */
export function isInitialUserNamespace(ownProcfs = '/proc'): boolean {
  try {
    return readOptionalLink(`${ownProcfs}/thread-self/ns/user`) === INITIAL_USER_NAMESPACE;
  } catch {
    return false; // it only affects a reason
  }
}
