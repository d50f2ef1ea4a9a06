import type { NetnsReader, PlatformOptions } from '../platform.ts';
import type { CgroupView } from './cgroups/cgroup-view.ts';
import type { Libc } from './libc/libc.ts';
import { createNetnsReader } from './netns/netns-reader.ts';
import type { SearchLimits } from './owners/owner-search.ts';
import { createOwnerResolver, type OwnerOptions } from './owners/owners.ts';
import { openCgroups, type SocketSources } from './socket-sources.ts';

/**
 * Effort per scrape for the processes of sockets in other namespaces. Nobody can say which of these sockets have ended since they were read,
 * and what has no holder must not be looked for everywhere, again and again.
 */
const LIMITS: SearchLimits = { linksAtOnce: 2000, linksPerSocket: 100, linksForShrunk: 200, leastChecks: 25 };
const MOST_MS = 100;

/**
 * The reader of the other network namespaces, with what names the processes, containers and units that their sockets belong to. A search of its
 * own, in the processes that are in these namespaces, comes after that for the exporter's own sockets and costs them nothing.
 */
export function openNetns(
  libc: Libc,
  options: PlatformOptions,
  { units }: Pick<SocketSources, 'units'>,
  owners: Omit<OwnerOptions, 'lookup' | 'groups' | 'limits'>,
  view: CgroupView,
): NetnsReader | undefined {
  const reader = createNetnsReader(options, undefined, owners.listPids, view);
  if (reader === undefined) return undefined;
  const { source, read, listPids } = reader;
  const cgroups = units ?? openCgroups(options);
  const budgetMs = Math.min(owners.budgetMs, MOST_MS);
  /** Undefined also where the tree of cgroups cannot be read: the collector of units says why, and all else is as it is. */
  const pathOf = (cgroupId: bigint) => {
    try {
      return cgroups?.pathOf(cgroupId);
    } catch {
      return undefined;
    }
  };
  return {
    source,
    read,
    owners: createOwnerResolver(libc, { ...owners, budgetMs, listPids, limits: LIMITS }),
    placeOf(cgroupId) {
      const path = pathOf(cgroupId);
      return path === undefined ? undefined : reader.placeOf(path);
    },
  };
}
