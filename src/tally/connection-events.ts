import {
  type ConnectionEventCounts,
  EVENT_COUNTS,
  EventCount,
  type EventCounts,
  type EventFlow,
  type EventOwner,
  type EventReadings,
  type InboundCell,
  type LifetimeCell,
  type OutboundCell,
} from '../model/connection-events.ts';
import type { Filters } from '../model/filters.ts';
import { formatAddress, isIpv4, maskAddress } from '../model/ip-address.ts';
import type { TallyLimits } from '../model/limits.ts';
import { labelOf, OTHER_LABEL, UNKNOWN_LABEL } from '../table/name-table.ts';
import { KeptCounters } from './counting/kept-counters.ts';
import type { LocalListener } from './local-listeners.ts';

/** What is known besides the events. */
export interface EventContext {
  /** Undefined if unknown. */
  unitOf(cgroup: bigint): string | undefined;
  /** Listeners of the exporter's own namespace by port. */
  readonly listeners: ReadonlyMap<number, LocalListener>;
  readonly nowMs: number;
  /** The same object until they change: then the counters begin anew. */
  readonly filters?: Filters | undefined;
}

/** Labels of an owner. */
interface NamedOwner {
  readonly process: string;
  readonly unit: string;
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
): (readings: EventReadings, context: EventContext) => ConnectionEventCounts {
  const most = limits.connectionEvents;
  const toOutbound = (label: string) => ({ process: label, unit: label, remoteIp: label, remotePort: label });
  const outbound = new KeptCounters<Labels<OutboundCell>>(most, EVENT_COUNTS, toOutbound, EVENTS);
  const toInbound = (label: string) => ({ process: label, unit: label, localPort: label });
  const inbound = new KeptCounters<Labels<InboundCell>>(most, EVENT_COUNTS, toInbound, EVENTS);
  /** Of the owners of one scrape's flows. */
  const names = new Map<EventOwner, NamedOwner>();
  /** Of the flows of one scrape, by process. */
  const ages = new Map<string, EventCounts>();
  const toLifetime = (label: string) => ({ process: label });
  const lifetimes = new KeptCounters<Labels<LifetimeCell>>(most, EVENT_COUNTS, toLifetime, EVENTS);
  /** 1 = somebody has listened on the port of the own namespace. */
  const served = new Uint8Array(65_536);
  let filters: Filters | undefined;
  let waiting: { readonly flow: EventFlow; readonly waits: number }[] = [];

  return function tally({ flows, lost }, context) {
    for (const port of context.listeners.keys()) served[port] = 1;
    if (context.filters !== filters) {
      filters = context.filters;
      for (const counters of [outbound, inbound, lifetimes]) counters.reset();
    }
    const came = [...waiting, ...flows.map((flow) => ({ flow, waits: 0 }))];
    waiting = [];
    for (const { flow, waits } of came) {
      if (flow.isOutbound) addOutbound(flow, context);
      else if (waits < MOST_WAITS && isNameless(flow, context)) waiting.push({ flow, waits: waits + 1 });
      else addInbound(flow, context);
    }
    addLifetimes();
    names.clear();
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

  function addOutbound({ owner, remote, counts }: EventFlow, { unitOf }: EventContext): void {
    const { process, unit } = nameKnown(owner, unitOf);
    const remoteIp = remote === undefined ? OTHER_LABEL : labelPeer(remote.words);
    const remotePort = remote === undefined ? OTHER_LABEL : String(remote.port);
    if (isOwnerOut(process, unit) || isPeerOut(remote)) outbound.addFiltered(counts);
    else {
      const key = process + SEPARATOR + unit + SEPARATOR + remoteIp + SEPARATOR + remotePort;
      outbound.add(key, { process, unit, remoteIp, remotePort }, counts);
    }
    if (!hasLifetimes(counts)) return;
    const known = ages.get(process);
    if (known === undefined) ages.set(process, onlyLifetimes(counts));
    else for (let index = EventCount.lifetimes; index < EVENT_COUNTS; index++) known[index]! += counts[index]!;
  }

  function addLifetimes(): void {
    for (const [process, counts] of ages) {
      if (isProcessOut(process)) lifetimes.addFiltered(counts);
      else lifetimes.add(process, { process }, counts);
    }
    ages.clear();
  }

  function addInbound({ owner, localPort, isOwn, counts }: EventFlow, { unitOf, listeners }: EventContext): void {
    const listener = isOwn && localPort !== undefined ? listeners.get(localPort) : undefined;
    const { process, unit } = owner === 'unknown' ? nameListener(listener, unitOf) : nameKnown(owner, unitOf);
    // nobody connects to a port without a listener: such a connection was opened from it, before the programs were attached
    const isKnown = localPort !== undefined && (!isOwn || listeners.size === 0 || served[localPort] === 1);
    const group = { process, unit, localPort: isKnown ? String(localPort) : OTHER_LABEL };
    const isOut = isOwnerOut(process, unit) || (isKnown && filters?.localPorts?.[localPort] === 1);
    if (isOut) inbound.addFiltered(counts);
    else inbound.add(Object.values(group).join(SEPARATOR), group, counts);
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
    const named = nameOwner(owner, unitOf);
    names.set(owner, named);
    return named;
  }

  function labelPeer(words: readonly [number, number, number, number]): string {
    const isV4 = isIpv4(words[0], words[1], words[2]);
    const [prefix, whole] = isV4 ? [limits.remotePrefixV4, 32] : [limits.remotePrefixV6, 128];
    return prefix === whole ? formatAddress(words) : `${formatAddress(maskAddress(words, prefix))}/${prefix}`;
  }
}

/** Whether a later scrape may know who listens there. */
function isNameless({ owner, localPort, isOwn }: EventFlow, { listeners }: EventContext): boolean {
  if (owner !== 'unknown' || !isOwn || localPort === undefined) return false;
  return listeners.get(localPort)?.isPending ?? true;
}

function nameOwner(owner: EventOwner, unitOf: EventContext['unitOf']): NamedOwner {
  if (owner === 'other') return { process: OTHER_LABEL, unit: OTHER_LABEL };
  if (owner === 'unknown') return { process: UNKNOWN_LABEL, unit: UNKNOWN_LABEL };
  return {
    process: owner.name === undefined ? UNKNOWN_LABEL : labelOf(owner.name),
    unit: nameUnit(owner.cgroup, unitOf),
  };
}

/** What an interrupt does to a connection, it does to one that came through the listener. */
function nameListener(listener: LocalListener | undefined, unitOf: EventContext['unitOf']): NamedOwner {
  return {
    process: listener?.process ?? UNKNOWN_LABEL,
    unit: listener === undefined ? UNKNOWN_LABEL : nameUnit(listener.cgroup, unitOf),
  };
}

function nameUnit(cgroup: bigint, unitOf: EventContext['unitOf']): string {
  const name = cgroup === 0n ? undefined : unitOf(cgroup);
  return name === undefined ? UNKNOWN_LABEL : labelOf(name);
}

/** Whether a connection has ended. */
function hasLifetimes(counts: EventCounts): boolean {
  for (let index = EventCount.lifetimes; index < EVENT_COUNTS; index++) if (counts[index] !== 0) return true;
  return false;
}

function onlyLifetimes(counts: EventCounts): EventCounts {
  return counts.map((count, index) => (index < EventCount.lifetimes ? 0 : count));
}

/** A histogram is whole or not there: where one class was on a page, the others are, too. */
function withAllLifetimes(counts: EventCounts): EventCounts {
  return counts.map((count, index) => (index >= EventCount.lifetimes && Number.isNaN(count) ? 0 : count));
}
