import type { Conntrack } from '../../../model/snapshot.ts';
import { readConntrackStat } from './conntrack-stat.ts';
import { readSysctl } from './sysctl.ts';

/**
 * Entries of the connection tracking table and what it refused; undefined if the module is not loaded, or hidden in
 * this network namespace. A limit of 0 means no limit to the kernel (__nf_conntrack_alloc), here Infinity.
 */
export function readConntrack(procfs: string): Conntrack | undefined {
  const entries = readSysctl(procfs, 'net/netfilter/nf_conntrack_count');
  const limit = readSysctl(procfs, 'net/netfilter/nf_conntrack_max');
  if (entries === undefined || limit === undefined) return undefined;
  return { entries, limit: limit === 0 ? Number.POSITIVE_INFINITY : limit, ...readConntrackStat(procfs) };
}
