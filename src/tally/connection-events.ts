import {
  type ConnectionEventCounts,
  EVENT_COUNTS,
  EventCount,
  type EventCounts,
  type EventFlow,
  type EventGrowth,
  type EventOwner,
  type InboundCell,
  type LifetimeCell,
  type OutboundCell,
  type ReadEvents,
} from '../model/connection-events.ts';
import type { Filters } from '../model/filters.ts';
import type { TallyLimits } from '../model/limits.ts';
import { labelOf, OTHER_LABEL, UNKNOWN_LABEL } from '../table/name-table.ts';
import { KeptCounters } from './counting/kept-counters.ts';
import { createEventPeers } from './event-peers.ts';
import type { LocalListener } from './local-listeners.ts';

/** What is known besides the events. */
export interface EventContext {
  /** Undefined if unknown. */
  unitOf(cgroup: bigint): string | undefined;
  /** Of the exporter's own namespace. */
  nameOfInterface(index: number): string;
  /** Listeners of the exporter's own namespace by port. */
  readonly listeners: ReadonlyMap<number, LocalListener>;
  readonly nowMs: number;
  /** The same object until they change: then the counters begin anew. */
  readonly filters?: Filters | undefined;
}

interface OwnerLabels {
  readonly process: string;
  readonly unit: string;
}

/** And what the keys of its groups begin with; whether filters leave out what it does, and its process. */
interface NamedOwner extends OwnerLabels {
  readonly key: string;
  readonly isOut: boolean;
  readonly isProcessOut: boolean;
}

type Labels<Cell> = Omit<Cell, 'counts'>;

/** Counts of events; behind them are milliseconds, of which a single connection may have millions. */
const EVENTS = EventCount.lifetimeMs;
/** Scrapes that wait for the name of a listener that is new, or whose process is still searched for. */
const MOST_WAITS = 5;
/** No label value contains it: names on the page are printable. */
const SEPARATOR = '\0';

/** Adds up what was seen of connections by who it was and where to, as long as the exporter's thread lives. */
export function createEventsTally(
  limits: Pick<TallyLimits, 'connectionEvents' | 'remotePrefixV4' | 'remotePrefixV6'>,
): (read: ReadEvents, context: EventContext) => ConnectionEventCounts {
  const peers = createEventPeers(limits);
  const shape = { limit: limits.connectionEvents, width: EVENT_COUNTS, sized: EVENTS };
  const outbound = new KeptCounters<Labels<OutboundCell>>({
    ...shape,
    toGroup(key) {
      const [process, unit, remote] = splitKey(key);
      return { process, unit, ...peers.label(remote) };
    },
    toSum: (label) => ({ process: label, unit: label, remoteIp: label, remotePort: label }),
  });
  const inbound = new KeptCounters<Labels<InboundCell>>({
    ...shape,
    toGroup(key) {
      const [process, unit, localPort] = splitKey(key);
      return { process, unit, localPort };
    },
    toSum: (label) => ({ process: label, unit: label, localPort: label }),
  });
  const lifetimes = new KeptCounters<Labels<LifetimeCell>>({
    ...shape,
    toGroup: (process) => ({ process }),
    toSum: (label) => ({ process: label }),
  });
  /** Of the owners of one scrape's flows. */
  const names = new Map<EventOwner, NamedOwner>();
  /** Of interfaces in the own namespace, asked for in one scrape. */
  const interfaces = new Map<number, string>();
  /** 1 = somebody has listened on the port of the own namespace. */
  const served = new Uint8Array(65_536);
  let filters: Filters | undefined;
  let waiting: { readonly flow: EventFlow; readonly waits: number }[] = [];

  return function tally(read, context) {
    for (const port of context.listeners.keys()) served[port] = 1;
    if (context.filters !== filters) {
      filters = context.filters;
      for (const counters of [outbound, inbound, lifetimes]) counters.reset();
    }
    names.clear();
    interfaces.clear();
    const waited = waiting;
    waiting = [];
    for (const { flow, waits } of waited) addFlow(flow, waits, context);
    const lost = read((flow) => addFlow(flow, 0, context));
    const out = outbound.turn(context.nowMs);
    const into = inbound.turn(context.nowMs);
    const lived = lifetimes.turn(context.nowMs);
    return {
      outbound: out.counters.map(({ group, counts }) => ({ ...group, counts })),
      inbound: into.counters.map(({ group, counts }) => ({ ...group, counts })),
      lifetimes: lived.counters.map(({ group, counts }) => ({ ...group, counts: withAllLifetimes(counts) })),
      folded: { outbound: out.folded, inbound: into.folded, lifetimes: lived.folded },
      lost,
    };
  };

  function addFlow(flow: EventFlow, waits: number, context: EventContext): void {
    if (flow.isOutbound) addOutbound(flow, context);
    else if (waits < MOST_WAITS && isNameless(flow, context)) waiting.push({ flow, waits: waits + 1 });
    else addInbound(flow, context);
  }

  function addOutbound(flow: EventFlow, { unitOf, nameOfInterface }: EventContext): void {
    const { owner, remote, grown } = flow;
    const { process, key, isOut, isProcessOut } = nameKnown(owner, unitOf);
    if (isOut || isPeerOut(remote)) outbound.addFiltered(grown);
    else if (owner === 'other' && remote === undefined) outbound.addOther(grown);
    else outbound.add(key + peers.keyOf(remote, nameInterface(flow, nameOfInterface)), grown);
    const ages = lifetimesOf(grown);
    if (ages.length === 0) return;
    if (isProcessOut) lifetimes.addFiltered(ages);
    else if (owner === 'other') lifetimes.addOther(ages);
    else lifetimes.add(process, ages);
  }

  function addInbound({ owner, localPort, isOwn, grown }: EventFlow, { unitOf, listeners }: EventContext): void {
    const listener = isOwn && localPort !== undefined ? listeners.get(localPort) : undefined;
    const { process, unit } = owner === 'unknown' ? nameListener(listener, unitOf) : nameKnown(owner, unitOf);
    // a listener that no scrape saw was short-lived, as those of FTP for data are, and its port is another one each time
    const isKnown = localPort !== undefined && (!isOwn || listeners.size === 0 || served[localPort] === 1);
    const isOut = isOwnerOut(process, unit) || (isKnown && filters?.localPorts?.[localPort] === 1);
    if (isOut) inbound.addFiltered(grown);
    else if (owner === 'other' && !isKnown) inbound.addOther(grown);
    else inbound.add(keyOfOwner({ process, unit }) + (isKnown ? localPort : OTHER_LABEL), grown);
  }

  function isPeerOut(remote: EventFlow['remote']): boolean {
    if (remote === undefined) return false;
    return filters?.isPeerOut?.(remote.words) === true || filters?.remotePorts?.[remote.port] === 1;
  }

  function isOwnerOut(process: string, unit: string): boolean {
    return isProcessOut(process) || (unit !== OTHER_LABEL && filters?.isUnitOut?.(unit) === true);
  }

  /** Of what found no place nobody knows what it is. */
  function isProcessOut(process: string): boolean {
    return process !== OTHER_LABEL && filters?.isProcessOut?.(process) === true;
  }

  function nameKnown(owner: EventOwner, unitOf: EventContext['unitOf']): NamedOwner {
    const known = names.get(owner);
    if (known !== undefined) return known;
    const labels = nameOwner(owner, unitOf);
    const { process, unit } = labels;
    const isOut = isOwnerOut(process, unit);
    const named = { ...labels, key: keyOfOwner(labels), isOut, isProcessOut: isProcessOut(process) };
    names.set(owner, named);
    return named;
  }

  /** Empty where the destination has none; in a namespace whose names nobody tells, its number. */
  function nameInterface({ remote, isOwn }: EventFlow, nameOf: EventContext['nameOfInterface']): string {
    const index = remote?.words[4] ?? 0;
    if (index === 0) return '';
    if (!isOwn) return String(index);
    const name = interfaces.get(index) ?? nameOf(index);
    interfaces.set(index, name);
    return name;
  }
}

/** Whether a later scrape may know who listens there. */
function isNameless({ owner, localPort, isOwn }: EventFlow, { listeners }: EventContext): boolean {
  if (owner !== 'unknown' || !isOwn || localPort === undefined) return false;
  return listeners.get(localPort)?.isPending ?? true;
}

function nameOwner(owner: EventOwner, unitOf: EventContext['unitOf']): OwnerLabels {
  if (owner === 'other') return { process: OTHER_LABEL, unit: OTHER_LABEL };
  if (owner === 'unknown') return { process: UNKNOWN_LABEL, unit: UNKNOWN_LABEL };
  return {
    process: owner.name === undefined ? UNKNOWN_LABEL : labelOf(owner.name),
    unit: nameUnit(owner.cgroup, unitOf),
  };
}

/** What an interrupt does to a connection, it does to one that came through the listener. */
function nameListener(listener: LocalListener | undefined, unitOf: EventContext['unitOf']): OwnerLabels {
  return {
    process: listener?.process ?? UNKNOWN_LABEL,
    unit: listener === undefined ? UNKNOWN_LABEL : nameUnit(listener.cgroup, unitOf),
  };
}

function nameUnit(cgroup: bigint, unitOf: EventContext['unitOf']): string {
  const name = cgroup === 0n ? undefined : unitOf(cgroup);
  return name === undefined ? UNKNOWN_LABEL : labelOf(name);
}

function keyOfOwner({ process, unit }: OwnerLabels): string {
  return process + SEPARATOR + unit + SEPARATOR;
}

/** Process, unit and what comes behind them. */
function splitKey(key: string): [string, string, string] {
  const first = key.indexOf(SEPARATOR);
  const second = key.indexOf(SEPARATOR, first + 1);
  return [key.slice(0, first), key.slice(first + 1, second), key.slice(second + 1)];
}

/** What grew of the lifetimes: nothing unless a connection has ended. */
function lifetimesOf(grown: EventGrowth): EventGrowth {
  for (let at = 0; at < grown.length; at += 2) if (grown[at]! >= EventCount.lifetimes) return grown.slice(at);
  return [];
}

/** A histogram is whole or not there: where one class was on a page, the others are, too. */
function withAllLifetimes(counts: EventCounts): EventCounts {
  return counts.map((count, index) => (index >= EventCount.lifetimes && Number.isNaN(count) ? 0 : count));
}
