import { readlinkSync } from 'node:fs';
import type { EventFlow, EventGrowth, LostEvents } from '../../../model/connection-events.ts';
import type { OtherNamespaces } from '../../../table/other-namespaces.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { ConnectionEvents } from '../../platform.ts';
import { mapMemory } from './bpf-call.ts';
import {
  COUNTS_BYTES,
  EventCountsMemory,
  EventFlows,
  FLOW,
  FLOW_KEY_BYTES,
  MOST_FLOWS,
  MOST_REST,
} from './event-flows.ts';
import { EventOwners, OWNER_KEY, type OwnerNames } from './event-owners.ts';
import { KernelMap } from './kernel-map.ts';
import { CONNECTIONS_BYTES, KnownConnections } from './known-connections.ts';
import type { EventMaps } from './open-events.ts';

/** How many places of flows may be taken before idle ones are removed sooner. */
const MANY_FLOWS = MOST_FLOWS * 0.75;
const IDLE_MS = 3_600_000;
const IDLE_SOONER_MS = 300_000;
const SWEEP_EVERY_MS = 300_000;
const INBOUND = 1;
const DIRECTIONS = 2;
/** struct state of c/events.bpf.c. */
const STATE = { length: 56, lostOwners: 8, lostFlows: 16, lostConnections: 24, newFlows: 40, newRest: 48 } as const;

/** Names of owners, which begin anew with each scrape. */
export type ScrapedNames = OwnerNames & { begin(): void };

/** What the programs of c/events.bpf.c know, attached with these maps. Without `names` a process is called as the kernel calls it. */
export function createConnectionEvents(
  maps: EventMaps,
  withProcesses: boolean,
  names?: ScrapedNames,
): ConnectionEvents & { close(): void } {
  const memory = mapMemory(maps.conns, CONNECTIONS_BYTES);
  const countsMemory = mapMemory(maps.counts, COUNTS_BYTES);
  const { words } = countsMemory;
  const connections = new KnownConnections(memory.words);
  const owners = new EventOwners(new KernelMap(maps.owners, OWNER_KEY.length, 4), names);
  const counts = new KernelMap(maps.counts, 4, FLOW.words * 4);
  const state = new KernelMap(maps.state, 4, STATE.length);
  const full = new KernelMap(maps.full, 4, 4);
  const places = new EventCountsMemory(words);
  const flows = new EventFlows(places, 0, MOST_FLOWS);
  const rest = new EventFlows(places, MOST_FLOWS, MOST_REST);
  const other = new EventFlows(places, MOST_FLOWS + MOST_REST, DIRECTIONS);
  const flowMaps = placeMaps(maps.flows, maps.freeFlows);
  const restMaps = placeMaps(maps.rest, maps.freeRest);
  let sweptMs: number | undefined;

  return { source: 'bpf', settle, settleOthers, read, close };

  function settle(table: SocketTable, withProcesses: boolean): void {
    names?.begin();
    owners.begin();
    connections.settle(table, owners, withProcesses);
  }

  function settleOthers(others: OtherNamespaces, withProcesses: boolean): void {
    owners.begin();
    connections.settleOthers(others, owners, withProcesses);
  }

  function read(nowMs: number, each: (flow: EventFlow) => void): LostEvents {
    sweptMs ??= nowMs;
    owners.begin();
    const ownNamespace = readOwnNamespace();
    const add = (at: number, grown: EventGrowth) => each(describe(at, grown, ownNamespace));
    const addRest = (at: number, grown: EventGrowth) => each(withoutPlace(describe(at, grown, undefined)));
    const given = state.read(toKey(0))!;
    flows.read(readCount(given, STATE.newFlows), nowMs, add);
    rest.read(readCount(given, STATE.newRest), nowMs, addRest);
    other.read(DIRECTIONS, nowMs, addRest);
    if (nowMs - sweptMs >= SWEEP_EVERY_MS) {
      sweptMs = nowMs;
      sweep(nowMs);
    }
    return readLost();
  }

  function describe(at: number, grown: EventGrowth, ownNamespace: number | undefined): EventFlow {
    const place = words[at + FLOW.place]!;
    const [port, isOutbound] = [place & 0xffff, ((place >> 16) & 0xff) !== INBOUND];
    const wordAt = (index: number) => words[at + FLOW.address + index]!;
    const peer = [wordAt(0), wordAt(1), wordAt(2), wordAt(3), words[at + FLOW.interface]!] as const;
    return {
      owner: owners.describe(words[at + FLOW.owner]! >>> 0, withProcesses),
      isOutbound,
      remote: isOutbound ? { words: peer, port } : undefined,
      localPort: isOutbound ? undefined : port,
      isOwn: words[at + FLOW.netns]! >>> 0 === ownNamespace,
      grown,
    };
  }

  function sweep(nowMs: number): void {
    const clear = (place: number) => counts.write(toKey(place), Buffer.alloc(counts.valueSize));
    const idleMs = nowMs - (flows.length > MANY_FLOWS ? IDLE_SOONER_MS : IDLE_MS);
    flows.removeIdle(idleMs, flowMaps, clear);
    rest.removeIdle(idleMs, restMaps, clear);
    const used = new Set([...flows.owners(), ...rest.owners(), ...connections.owners(nowMs)]);
    owners.removeUnused(used);
    full.write(toKey(0), Buffer.alloc(4)); // if it is full all the same, the next newcomer finds it so
  }

  function readLost(): LostEvents {
    const value = state.read(toKey(0))!;
    return {
      owners: readCount(value, STATE.lostOwners),
      flows: readCount(value, STATE.lostFlows),
      connections: readCount(value, STATE.lostConnections),
    };
  }

  function close(): void {
    memory.release();
    countsMemory.release();
  }
}

function placeMaps(places: number, free: number) {
  return { places: new KernelMap(places, FLOW_KEY_BYTES, 4), free: new KernelMap(free, 0, 4) };
}

function withoutPlace(flow: EventFlow): EventFlow {
  return { ...flow, remote: undefined, localPort: undefined };
}

/** Undefined where nobody says it. */
function readOwnNamespace(): number | undefined {
  try {
    return Number(/^net:\[(\d+)\]$/.exec(readlinkSync('/proc/thread-self/ns/net'))?.[1]);
  } catch {
    return undefined;
  }
}

function toKey(number: number): Buffer {
  const key = Buffer.alloc(4);
  key.writeUInt32LE(number);
  return key;
}

/** A 64-bit number that stays below 2⁵³. */
function readCount(value: Buffer, at: number): number {
  return Number(value.readBigUInt64LE(at));
}
