import { createNamespaceClasses } from '../enrich/namespace-classes.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { NetnsCounts } from '../model/netns.ts';
import type { NetnsLabels, NetnsSockets } from '../model/netns-sockets.ts';
import { UNKNOWN_NAME } from '../table/name-table.ts';
import type { OtherNamespaces } from '../table/other-namespaces.ts';
import { groupPeers } from '../table/peers.ts';
import { createNetnsSocketsTally, type NamedNamespaces } from '../tally/netns-sockets.ts';

const NO_ROWS = new Int32Array(0);

/** Enriches and counts the sockets of the other network namespaces: those with an identity each, the rest together. */
export function createNamespaceCounting(limits: TallyLimits) {
  let made: ReturnType<typeof createCounting> | undefined;

  return function count(others: OtherNamespaces, netns: NetnsCounts): NetnsSockets {
    made ??= createCounting(others, limits);
    return made(netns);
  };
}

function createCounting(others: OtherNamespaces, limits: TallyLimits) {
  const { table } = others;
  const classify = createNamespaceClasses(table);
  const peers = groupPeers(table, limits);
  const tally = createNetnsSocketsTally(others, peers, limits);

  return function count(netns: NetnsCounts): NetnsSockets {
    const { labels, byName, idOf } = nameAll(netns);
    const rowsOf = others.rowsByNamespace();
    peers.prepare();
    tally.reset();
    for (const [inum, ports] of others.byNumber) {
      const rows = rowsOf.get(inum) ?? NO_ROWS;
      if (rows.length === 0 && !labels.has(inum)) continue;
      tally.count(inum, rows, labels.has(inum), classify(rows, ports, idOf.get(inum) ?? UNKNOWN_NAME), ports);
    }
    return tally.select({ labels, byName });
  };

  function nameAll({
    cells,
    withoutProcess,
  }: NetnsCounts): NamedNamespaces & { readonly idOf: ReadonlyMap<number, number> } {
    const labels = new Map<number, NetnsLabels>();
    const byName = new Map<string, NetnsLabels>();
    const idOf = new Map<number, number>();
    for (const { inum, netns, namespace, pod } of [...cells, ...withoutProcess]) {
      if (inum === undefined || !others.byNumber.has(inum)) continue;
      const id = table.processNames.intern(netns);
      idOf.set(inum, id);
      labels.set(inum, { netns, namespace, pod });
      byName.set(table.processNames.nameOf(id), { netns, namespace, pod });
    }
    return { labels, byName, idOf };
  }
}
