import type { Filters } from '../model/filters.ts';
import type { TallyLimits } from '../model/limits.ts';
import type {
  NetnsEphemeralUse,
  NetnsLabels,
  NetnsOwner,
  NetnsQueue,
  NetnsSockets,
  NetnsSocketsCell,
} from '../model/netns-sockets.ts';
import type { Breakdown, StateCounts } from '../model/socket-counts.ts';
import { KNOWN_STATES, STATE_SLOTS, TcpState } from '../model/tcp-state.ts';
import { FILTERED_LABEL, OTHER_LABEL, UNKNOWN_LABEL } from '../table/name-table.ts';
import type { NamespacePorts, OtherNamespaces } from '../table/other-namespaces.ts';
import type { Peers } from '../table/peers.ts';
import type { PortClasses } from '../table/port-classes.ts';
import { chunksOf } from '../table/row-changes.ts';
import { type BusiestPorts, MostTaken } from './bound-ports.ts';
import { createConnectionsTally } from './connections.ts';
import { findDestinationOwners } from './destination-owners.ts';
import { createDestinationsTally } from './destinations.ts';
import { foldStates } from './fold-states.ts';
import { LeftOut } from './left-out.ts';
import { countListeners, fillOf } from './listeners.ts';
import { createNamespaceFigures, type NamespaceFigures, type NamespaceRange } from './namespace-figures.ts';
import { countNetnsCloseWait } from './netns-close-wait.ts';
import { createNetnsSocketRanges } from './netns-socket-ranges.ts';

/** Series of `tcpstate_netns_sockets` for each namespace that the limit allows, on average, with those of `other`. */
const STATES_PER_NAMESPACE = 3.25;

/** Numbers by namespace and state that are on the page at most, without those of `other`. */
export function mostStates({ netns }: Pick<TallyLimits, 'netns'>): number {
  return Math.max(0, Math.floor(netns * STATES_PER_NAMESPACE) - KNOWN_STATES.length);
}

/** States of a namespace that have been on the page. */
type Shown = ReadonlySet<number>;

const NOTHING: Shown = new Set();
const OTHER: NetnsLabels = { netns: OTHER_LABEL, namespace: '', pod: '' };
const OTHER_OWNER = ownerOfSum(OTHER_LABEL);
const FILTERED_OWNER = ownerOfSum(FILTERED_LABEL);
const NO_ROWS = new Int32Array(0);
const NO_DESTINATION: BusiestPorts = { ipv4: 0, ipv6: 0, cells: [] };
/** From this share of its ports on, the busiest destination of a namespace is on the page before larger ones of others. */
const PRESSED = 0.5;

/** What counts in a namespace without a name belongs to `other`. */
export interface NamedNamespaces {
  /** By number. */
  readonly labels: ReadonlyMap<number, NetnsLabels>;
  /** By the name of a row's process in `table.processNames`. */
  readonly owners: ReadonlyMap<string, NetnsOwner>;
}

/** Counts the sockets of the other network namespaces, from nothing in each scrape, one namespace after the other. */
export function createNetnsSocketsTally(others: OtherNamespaces, peers: Peers, limits: TallyLimits) {
  const { table } = others;
  let ownersNow: NamedNamespaces['owners'] = new Map();
  const leftOut = new LeftOut(table.processNames, isNameOut);
  const connections = createConnectionsTally(table, limits.connections, peers, leftOut);
  const destinations = createDestinationsTally(table, limits.destinations, true);
  const countFigures = createNamespaceFigures(table);
  const socketRanges = createNetnsSocketRanges(table, destinations, limits.destinations);
  let figures = new Map<number, NamespaceFigures>();
  let rowsOf = new Map<number, Int32Array>();
  let shown: ReadonlyMap<number, Shown> = new Map();
  let shownOfOther = NOTHING;

  return { begin, count, select };

  /** `nowMs`: monotonic. `owners`: as in `select`; it grows until then. */
  function begin(nowMs: number, owners: NamedNamespaces['owners'], filters?: Filters): void {
    ownersNow = owners;
    leftOut.begin(filters);
    connections.reset(filters);
    destinations.reset();
    socketRanges.begin(nowMs);
    figures = new Map();
    rowsOf = new Map();
  }

  /** All rows of one namespace, by their numbers. Destinations have no `other`: those of a namespace without a name are not counted. */
  function count(inum: number, rows: Int32Array, isNamed: boolean, classes: PortClasses, ports: NamespacePorts): void {
    leftOut.learnNames();
    for (const chunk of chunksOf({ words: table.words, length: rows.length, numbers: rows })) {
      connections.count(chunk, 1, classes);
      if (isNamed) destinations.count(chunk, 1, classes);
    }
    figures.set(inum, countFigures(rows, classes, ports));
    rowsOf.set(inum, rows);
    if (isNamed) socketRanges.count(inum, rows, classes, ports);
  }

  function select({ labels, owners }: NamedNamespaces): NetnsSockets {
    const ownerOf = (name: string) => owners.get(name);
    const busiest = findBusiest();
    const queues = findFullestQueues(owners);
    const remembered = new Map<number, Shown>();
    const pressed: { readonly share: number; readonly cells: readonly number[] }[] = [];
    const cells = [...labels].flatMap(([inum, of]): NetnsSocketsCell[] => {
      const counted = figures.get(inum);
      if (counted === undefined) return [];
      const seen = addShown(shown.get(inum) ?? NOTHING, counted.states);
      remembered.set(inum, seen);
      const towards = busiest.get(inum)?.busiest() ?? NO_DESTINATION;
      const ephemeral = counted.ports && toUse(counted.ports, towards);
      const share = Math.max(ephemeral?.ipv4 ?? 0, ephemeral?.ipv6 ?? 0);
      if (share > PRESSED) pressed.push({ share, cells: towards.cells });
      const fullestQueue = queues.get(inum);
      return [
        {
          ...labelsOf(of),
          states: statesOf(counted.states, seen),
          ...(ephemeral && { ephemeral }),
          ...(fullestQueue && { fullestQueue }),
        },
      ];
    });
    shown = remembered;
    const { cells: kept, taken, folded } = foldStates(cells, mostStates(limits));
    const rest = sumOfOthers(labels, taken);
    const byName = <Cell extends { readonly process: string }>(cell: Cell) => ({
      ...cell,
      ...(owners.get(cell.process) ?? (cell.process === FILTERED_LABEL ? FILTERED_OWNER : OTHER_OWNER)),
    });
    return {
      cells: rest === undefined ? kept : [...kept, rest],
      foldedStates: folded,
      connections: relabel(connections.select(), byName),
      destinations: nameDestinations(labels, ownerOf, firstOf(pressed)),
      listeners: relabel(countListeners(table, limits.destinations), byName),
      closeWait: countNetnsCloseWait(table, limits.closeWaitStuckAfterMs, limits.processes, ownerOf, OTHER_OWNER),
      socketRanges: socketRanges.select(labels),
    };
  }

  /** A row that counts in `other` has no owner, and what is in a container no unit. */
  function isNameOut({ isProcessOut, isUnitOut }: Filters, name: string): boolean {
    const owner = ownersNow.get(name);
    if (owner === undefined) return false;
    return isProcessOut?.(owner.process) === true || (owner.unit !== '' && isUnitOut?.(owner.unit) === true);
  }

  function nameDestinations(
    labels: ReadonlyMap<number, NetnsLabels>,
    ownerOf: (name: string) => NetnsOwner | undefined,
    first: readonly number[],
  ): NetnsSockets['destinations'] {
    const kept = destinations.selectByGroup(first);
    const rows = (group: bigint) => rowsOf.get(Number(group)) ?? NO_ROWS;
    const owners = findDestinationOwners(table, kept.cells, rows, destinations.cellOf, ownerOf);
    return relabel(kept, ({ number, group, cell }) => {
      const of = labelsOf(labels.get(Number(group)) ?? OTHER);
      return { ...OTHER_OWNER, ...cell, process: UNKNOWN_LABEL, ...owners.get(number), ...of };
    });
  }

  /** The destinations of the fullest namespaces, so that others leave room for them. */
  function firstOf(pressed: { readonly share: number; readonly cells: readonly number[] }[]): number[] {
    const fullest = pressed.sort((one, other) => other.share - one.share).flatMap(({ cells }) => cells);
    return fullest.slice(0, Math.ceil(limits.destinations / 2));
  }

  /** Ports that the next connect() to the busiest destination cannot get, without blocked ones, by namespace. */
  function findBusiest(): ReadonlyMap<number, MostTaken> {
    const busiest = new Map<number, MostTaken>();
    destinations.each((cell, taken) => {
      const inum = Number(destinations.groupIdOf(cell));
      const known = busiest.get(inum) ?? new MostTaken();
      known.note(destinations.isIpv6(cell), cell, taken);
      busiest.set(inum, known);
    });
    return busiest;
  }

  function findFullestQueues(owners: NamedNamespaces['owners']): ReadonlyMap<number, NetnsQueue> {
    const fullest = new Map<number, NetnsQueue>();
    for (const { row, length, limit } of table.listenQueues) {
      const { group, localPort, process } = table.rowAt(row);
      const inum = Number(table.groups.idOf(group));
      const { container, unit, process: name } = owners.get(table.processNames.nameOf(process)) ?? OTHER_OWNER;
      const queue = { container, unit, process: name, localPort, queueLength: length, queueLimit: limit };
      const known = fullest.get(inum);
      const isFuller = known === undefined || fillOf(queue) > fillOf(known);
      if (isFuller || (fillOf(queue) === fillOf(known) && localPort < known.localPort)) fullest.set(inum, queue);
    }
    return fullest;
  }

  /** Undefined as long as every socket has been one of a namespace with labels. */
  function sumOfOthers(labels: ReadonlyMap<number, NetnsLabels>, taken: StateCounts): NetnsSocketsCell | undefined {
    const states = Int32Array.from({ length: STATE_SLOTS }, (_, state) => taken[state] ?? 0);
    for (const [inum, counted] of figures) {
      if (labels.has(inum)) continue;
      for (const [state, sockets] of counted.states.entries()) states[state]! += sockets;
    }
    shownOfOther = addShown(shownOfOther, states);
    return shownOfOther.size === 0 ? undefined : { ...OTHER, states: statesOf(states, shownOfOther) };
  }

  /** A state is on the page from its first socket on. */
  function statesOf(states: Int32Array, seen: Shown): StateCounts {
    const hidden = others.hasBound ? -1 : TcpState.bound;
    return Array.from(states, (sockets, state) => (seen.has(state) && state !== hidden ? sockets : undefined));
  }
}

function ownerOfSum(label: string): NetnsOwner {
  return { netns: label, namespace: '', pod: '', container: '', unit: '', process: label };
}

function addShown(before: Shown, states: Int32Array): Shown {
  return new Set([...before, ...[...states.keys()].filter((state) => states[state] !== 0)]);
}

function labelsOf({ netns, namespace, pod }: NetnsLabels): NetnsLabels {
  return { netns, namespace, pod };
}

function toUse(
  { ports, used, hasIpv6, blocked, passedOver }: NamespaceRange,
  busiest: BusiestPorts,
): NetnsEphemeralUse | undefined {
  if (ports === 0) return undefined;
  const share = (taken: number) => Math.min(1, (taken + blocked) / Math.max(1, ports - passedOver));
  return { ports, used, ipv4: share(busiest.ipv4), ...(hasIpv6 && { ipv6: share(busiest.ipv6) }) };
}

function relabel<From, To>({ cells, ...rest }: Breakdown<From>, toCell: (cell: From) => To): Breakdown<To> {
  return { ...rest, cells: cells.map(toCell) };
}
