import type { TallyLimits } from '../model/limits.ts';
import type {
  NetnsCloseWait,
  NetnsEphemeralUse,
  NetnsLabels,
  NetnsSockets,
  NetnsSocketsCell,
} from '../model/netns-sockets.ts';
import type { Breakdown, FamilyLabel, ListenerCell, StateCounts } from '../model/socket-counts.ts';
import { KNOWN_STATES, STATE_SLOTS, TcpState } from '../model/tcp-state.ts';
import { OTHER_LABEL } from '../table/name-table.ts';
import type { NamespacePorts, OtherNamespaces } from '../table/other-namespaces.ts';
import type { Peers } from '../table/peers.ts';
import type { PortClasses } from '../table/port-classes.ts';
import { chunksOf } from '../table/row-changes.ts';
import { createConnectionsTally } from './connections.ts';
import { createDestinationsTally } from './destinations.ts';
import { foldStates } from './fold-states.ts';
import { countListeners, fillOf } from './listeners.ts';
import { createNamespaceFigures, type NamespaceFigures, type NamespaceRange } from './namespace-figures.ts';

/** Series of `tcpstate_netns_sockets` for each namespace that the limit allows, on average, with those of `other`. */
const STATES_PER_NAMESPACE = 3.5;

/** Numbers by namespace and state that are on the page at most, without those of `other`. */
export function mostStates({ netns }: Pick<TallyLimits, 'netns'>): number {
  return Math.max(0, Math.floor(netns * STATES_PER_NAMESPACE) - KNOWN_STATES.length);
}

/** What of a namespace has been on the page. */
interface Shown {
  readonly states: ReadonlySet<number>;
  readonly hasCloseWait: boolean;
}

const NOTHING: Shown = { states: new Set(), hasCloseWait: false };
const OTHER: NetnsLabels = { netns: OTHER_LABEL, namespace: '', pod: '' };

/** The names in `table.processNames` of an `OtherNamespaces` are those of namespaces; what has none belongs to `other`. */
export interface NamedNamespaces {
  /** By number. */
  readonly labels: ReadonlyMap<number, NetnsLabels>;
  /** By the name in `table.processNames`. */
  readonly byName: ReadonlyMap<string, NetnsLabels>;
}

/** Counts the sockets of the other network namespaces, from nothing in each scrape, one namespace after the other. */
export function createNetnsSocketsTally(others: OtherNamespaces, peers: Peers, limits: TallyLimits) {
  const { table } = others;
  const connections = createConnectionsTally(table, limits.connections, peers);
  const destinations = createDestinationsTally(table, limits.destinations, true);
  const countFigures = createNamespaceFigures(table, limits.closeWaitStuckAfterMs);
  let figures = new Map<number, NamespaceFigures>();
  let shown: ReadonlyMap<number, Shown> = new Map();
  let shownOfOther = NOTHING;

  return { reset, count, select };

  function reset(): void {
    connections.reset();
    destinations.reset();
    figures = new Map();
  }

  /** All rows of one namespace, by their numbers. Destinations have no `other`: those of a namespace without a name are not counted. */
  function count(inum: number, rows: Int32Array, isNamed: boolean, classes: PortClasses, ports: NamespacePorts): void {
    for (const chunk of chunksOf({ words: table.words, length: rows.length, numbers: rows })) {
      connections.count(chunk, 1, classes);
      if (isNamed) destinations.count(chunk, 1, classes);
    }
    figures.set(inum, countFigures(rows, classes, ports));
  }

  function select({ labels, byName }: NamedNamespaces): NetnsSockets {
    const busiest = findBusiest();
    const queues = findFullestQueues();
    const remembered = new Map<number, Shown>();
    const cells = [...labels].flatMap(([inum, of]): NetnsSocketsCell[] => {
      const counted = figures.get(inum);
      if (counted === undefined) return [];
      const seen = addShown(shown.get(inum) ?? NOTHING, counted.states);
      remembered.set(inum, seen);
      const ephemeral = counted.ports && toUse(counted.ports, busiest.get(inum));
      const fullestQueue = queues.get(inum);
      return [
        {
          ...of,
          states: statesOf(counted.states, seen),
          ...(ephemeral && { ephemeral }),
          ...(fullestQueue && { fullestQueue }),
          ...(seen.hasCloseWait && { closeWait: closeWaitOf(counted) }),
        },
      ];
    });
    shown = remembered;
    const { cells: kept, taken, folded } = foldStates(cells, mostStates(limits));
    const rest = sumOfOthers(labels, taken);
    const labelsOf = (name: string) => byName.get(name) ?? OTHER;
    return {
      cells: rest === undefined ? kept : [...kept, rest],
      foldedStates: folded,
      connections: relabel(connections.select(), ({ process, ...cell }) => ({ ...cell, ...labelsOf(process) })),
      destinations: relabel(destinations.selectByGroup(), ({ group, cell }) => ({
        ...cell,
        ...(labels.get(Number(group)) ?? OTHER),
      })),
      listeners: relabel(countListeners(table, limits.destinations), ({ process, ...cell }) => ({
        ...cell,
        ...labelsOf(process),
      })),
    };
  }

  /** Ports that the next connect() to the busiest destination cannot get, without blocked ones, by namespace. */
  function findBusiest(): ReadonlyMap<number, Record<FamilyLabel, number>> {
    const busiest = new Map<number, Record<FamilyLabel, number>>();
    destinations.each((cell, taken) => {
      const inum = Number(destinations.groupIdOf(cell));
      const known = busiest.get(inum) ?? { ipv4: 0, ipv6: 0 };
      const family = destinations.isIpv6(cell) ? 'ipv6' : 'ipv4';
      known[family] = Math.max(known[family], taken);
      busiest.set(inum, known);
    });
    return busiest;
  }

  function findFullestQueues(): ReadonlyMap<number, Omit<ListenerCell, 'process' | 'localIp'>> {
    const fullest = new Map<number, Omit<ListenerCell, 'process' | 'localIp'>>();
    for (const { row, length, limit } of table.listenQueues) {
      const { group, localPort } = table.rowAt(row);
      const inum = Number(table.groups.idOf(group));
      const queue = { localPort, queueLength: length, queueLimit: limit };
      const known = fullest.get(inum);
      const isFuller = known === undefined || fillOf(queue) > fillOf(known);
      if (isFuller || (fillOf(queue) === fillOf(known) && localPort < known.localPort)) fullest.set(inum, queue);
    }
    return fullest;
  }

  /** Undefined as long as every socket has been one of a namespace with labels. */
  function sumOfOthers(labels: ReadonlyMap<number, NetnsLabels>, taken: StateCounts): NetnsSocketsCell | undefined {
    const states = Int32Array.from({ length: STATE_SLOTS }, (_, state) => taken[state] ?? 0);
    const stuck = { unclosed: 0, unaccepted: 0 };
    for (const [inum, counted] of figures) {
      if (labels.has(inum)) continue;
      for (const [state, sockets] of counted.states.entries()) states[state]! += sockets;
      stuck.unclosed += counted.unclosed;
      stuck.unaccepted += counted.unaccepted;
    }
    const hasCloseWait = shownOfOther.hasCloseWait || stuck.unclosed + stuck.unaccepted > 0;
    shownOfOther = { ...addShown(shownOfOther, states), hasCloseWait };
    if (shownOfOther.states.size === 0) return undefined;
    const closeWait = shownOfOther.hasCloseWait && { closeWait: stuck };
    return { ...OTHER, states: statesOf(states, shownOfOther), ...closeWait };
  }

  /** A state is on the page from its first socket on. */
  function statesOf(states: Int32Array, seen: Shown): StateCounts {
    const hidden = others.hasBound ? -1 : TcpState.bound;
    return Array.from(states, (sockets, state) => (seen.states.has(state) && state !== hidden ? sockets : undefined));
  }
}

function addShown({ states: before, hasCloseWait }: Shown, states: Int32Array): Shown {
  const added = [...states.keys()].filter((state) => states[state] !== 0);
  return {
    states: new Set([...before, ...added]),
    hasCloseWait: hasCloseWait || states[TcpState.closeWait] !== 0,
  };
}

function closeWaitOf({ oldestMs, unclosed, unaccepted }: NamespaceFigures): NetnsCloseWait {
  return { oldestSeconds: oldestMs / 1000, unclosed, unaccepted };
}

function toUse(
  { ports, used, hasIpv6, blocked, passedOver }: NamespaceRange,
  busiest: Readonly<Record<FamilyLabel, number>> = { ipv4: 0, ipv6: 0 },
): NetnsEphemeralUse | undefined {
  if (ports === 0) return undefined;
  const share = (taken: number) => Math.min(1, (taken + blocked) / Math.max(1, ports - passedOver));
  return { ports, used, ipv4: share(busiest.ipv4), ...(hasIpv6 && { ipv6: share(busiest.ipv6) }) };
}

function relabel<From, To>({ cells, folded }: Breakdown<From>, toCell: (cell: From) => To): Breakdown<To> {
  return { cells: cells.map(toCell), folded };
}
