import { createNamespaceClasses } from '../enrich/namespace-classes.ts';
import { NamespaceOwners } from '../enrich/namespace-owners.ts';
import type { Filters } from '../model/filters.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { CgroupPlace, NetnsCounts, NetnsIdentity } from '../model/netns.ts';
import type { NetnsSockets } from '../model/netns-sockets.ts';
import type { OtherNamespaces } from '../table/other-namespaces.ts';
import { groupPeers } from '../table/peers.ts';
import { createNetnsSocketsTally } from '../tally/netns-sockets.ts';

const NO_ROWS = new Int32Array(0);

/**
 * Enriches and counts the sockets of the other network namespaces: those with an identity each, the rest together. `placeOf`: container or
 * unit of a cgroup by its id; `nowMs`: monotonic.
 */
export function createNamespaceCounting(
  limits: TallyLimits,
  placeOf: (cgroupId: bigint) => CgroupPlace | undefined = () => undefined,
) {
  let made: ReturnType<typeof createCounting> | undefined;

  return function count(others: OtherNamespaces, netns: NetnsCounts, nowMs = 0, filters?: Filters): NetnsSockets {
    made ??= createCounting(others, limits, placeOf);
    return made(netns, nowMs, filters);
  };
}

function createCounting(
  others: OtherNamespaces,
  limits: TallyLimits,
  placeOf: (cgroupId: bigint) => CgroupPlace | undefined,
) {
  const classify = createNamespaceClasses(others.table);
  const owners = new NamespaceOwners(others, placeOf);
  const peers = groupPeers(others.table, limits);
  const tally = createNetnsSocketsTally(others, peers, limits);

  return function count(
    { cells, withoutProcess }: NetnsCounts,
    nowMs: number,
    filters: Filters | undefined,
  ): NetnsSockets {
    const known = identitiesOf([...cells, ...withoutProcess]);
    const rowsOf = others.rowsByNamespace();
    peers.prepare(filters);
    owners.begin();
    tally.begin(nowMs, owners.byName, filters);
    for (const [inum, ports] of others.byNumber) {
      const rows = rowsOf.get(inum) ?? NO_ROWS;
      const identity = known.get(inum);
      if (rows.length === 0 && identity === undefined) continue;
      owners.complete(rows, identity);
      tally.count(inum, rows, identity !== undefined, classify(rows, ports), ports);
    }
    return tally.select({ labels: known, owners: owners.byName });
  };

  /** By the numbers of the namespaces. */
  function identitiesOf(identities: readonly NetnsIdentity[]): ReadonlyMap<number, NetnsIdentity> {
    return new Map(
      identities.flatMap((identity) =>
        identity.inum === undefined || !others.byNumber.has(identity.inum) ? [] : [[identity.inum, identity] as const],
      ),
    );
  }
}
