import type { NetnsLabels } from '../model/netns-sockets.ts';
import type { Breakdown, SocketRangeUse } from '../model/socket-counts.ts';
import type { NamespacePorts } from '../table/other-namespaces.ts';
import type { PortClasses } from '../table/port-classes.ts';
import type { CountedTable } from '../table/socket-table.ts';
import type { Destinations } from './destinations.ts';
import { countRanges, keepFullest, rangeText, watchRanges } from './socket-ranges.ts';

type InNamespace = NetnsLabels & SocketRangeUse;

/** As `createSocketRanges`, for each of the other network namespaces. */
export function createNetnsSocketRanges(
  table: CountedTable,
  destinations: Pick<Destinations, 'cellOf' | 'isIpv6'>,
  limit: number,
) {
  /** By number of the namespace: when a socket last showed each range. */
  const watched = new Map<number, Map<number, number>>();
  let found = new Map<number, readonly SocketRangeUse[]>();
  let nowMs = 0;

  return { begin, count, select };

  function begin(ms: number): void {
    nowMs = ms;
    found = new Map();
  }

  /** All rows of one namespace, whose destinations are counted. */
  function count(inum: number, rows: Int32Array, classes: PortClasses, { rules, portRanges }: NamespacePorts): void {
    const seenMs = watched.get(inum) ?? new Map<number, number>();
    if (rules === undefined || portRanges.size + seenMs.size === 0) return;
    watchRanges(seenMs, portRanges, rules, nowMs);
    if (seenMs.size === 0) return;
    watched.set(inum, seenMs);
    const all = { words: table.words, length: rows.length, numbers: rows };
    found.set(inum, countRanges(all, seenMs.keys(), destinations, classes, rules) ?? []);
  }

  function select(labels: ReadonlyMap<number, NetnsLabels>): Breakdown<InNamespace> {
    for (const [inum, seenMs] of watched) if (!labels.has(inum) || seenMs.size === 0) watched.delete(inum);
    const uses = [...found].flatMap(([inum, all]) => {
      const { netns, namespace, pod } = labels.get(inum)!;
      return all.map((use): InNamespace => ({ netns, namespace, pod, ...use }));
    });
    return keepFullest(uses, limit, (use) => `${use.netns} ${rangeText(use)}`);
  }
}
