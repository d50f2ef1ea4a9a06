import type { Conntrack } from '../../../model/snapshot.ts';
import { readSysctl } from './sysctl.ts';

/**
 * Fill of the connection tracking table; undefined where the module is not loaded, or this network namespace does not
 * show it. A limit of 0 means none to the kernel (__nf_conntrack_alloc), which is Infinity here.
 */
export function readConntrack(procfs: string): Conntrack | undefined {
  const entries = readSysctl(procfs, 'net/netfilter/nf_conntrack_count');
  const limit = readSysctl(procfs, 'net/netfilter/nf_conntrack_max');
  if (entries === undefined || limit === undefined) return undefined;
  return { entries, limit: limit === 0 ? Number.POSITIVE_INFINITY : limit };
}
