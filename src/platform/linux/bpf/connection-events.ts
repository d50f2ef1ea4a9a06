import { readlinkSync } from 'node:fs';
import type { EventCounts, EventFlow, EventReadings, LostEvents } from '../../../model/connection-events.ts';
import { EVENT_COUNTS } from '../../../model/connection-events.ts';
import type { OtherNamespaces } from '../../../table/other-namespaces.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { ConnectionEvents } from '../../platform.ts';
import { mapMemory } from './bpf-call.ts';
import { EventFlows, FLOW_BYTES, FLOW_KEY, grow, readCount } from './event-flows.ts';
import { EventOwners, OWNER_KEY, type OwnerNames } from './event-owners.ts';
import { KernelMap } from './kernel-map.ts';
import { CONNECTIONS_BYTES, KnownConnections } from './known-connections.ts';
import type { EventMaps } from './open-events.ts';

/** Places in the map of flows, and how many may be taken before idle ones are removed sooner. */
const MOST_FLOWS = 8192;
const MANY_FLOWS = MOST_FLOWS * 0.75;
const IDLE_MS = 3_600_000;
const IDLE_SOONER_MS = 300_000;
const SWEEP_EVERY_MS = 300_000;
const INBOUND = 1;
/** Of the map `other`: what found no place, outbound and inbound. */
const DIRECTIONS = [0, INBOUND];
/** struct state of c/events.bpf.c. */
const STATE = { length: 40, owners: 8, flows: 16, connections: 24 } as const;

/** Names of owners, which begin anew with each scrape. */
export type ScrapedNames = OwnerNames & { begin(): void };

/** What the programs of c/events.bpf.c know, attached with these maps. Without `names` a process is called as the kernel calls it. */
export function createConnectionEvents(
  maps: EventMaps,
  withProcesses: boolean,
  names?: ScrapedNames,
): ConnectionEvents & { close(): void } {
  const memory = mapMemory(maps.conns, CONNECTIONS_BYTES);
  const connections = new KnownConnections(memory.words);
  const owners = new EventOwners(new KernelMap(maps.owners, OWNER_KEY.length, 4), names);
  const flows = new EventFlows(new KernelMap(maps.flows, FLOW_KEY.length, FLOW_BYTES));
  const rest = new EventFlows(new KernelMap(maps.rest, FLOW_KEY.length, FLOW_BYTES));
  const other = new KernelMap(maps.other, 4, FLOW_BYTES);
  const state = new KernelMap(maps.state, 4, STATE.length);
  const full = new KernelMap(maps.full, 4, 4);
  const otherCounts = DIRECTIONS.map(() => new Float64Array(EVENT_COUNTS));
  let sweptMs: number | undefined;

  return { source: 'bpf', settle, settleOthers, read, close: () => memory.release() };

  function settle(table: SocketTable, withProcesses: boolean): void {
    names?.begin();
    owners.begin();
    connections.settle(table, owners, withProcesses);
  }

  function settleOthers(others: OtherNamespaces, withProcesses: boolean): void {
    owners.begin();
    connections.settleOthers(others, owners, withProcesses);
  }

  function read(nowMs: number): EventReadings {
    sweptMs ??= nowMs;
    owners.begin();
    const ownNamespace = readOwnNamespace();
    const read: EventFlow[] = [];
    const add = (key: Buffer, grown: EventCounts) => void read.push(describe(key, grown, ownNamespace));
    const addRest = (key: Buffer, grown: EventCounts) => void read.push(withoutPlace(describe(key, grown, undefined)));
    flows.read(nowMs, add);
    rest.read(nowMs, addRest);
    if (nowMs - sweptMs >= SWEEP_EVERY_MS) {
      sweptMs = nowMs;
      const idleMs = nowMs - (flows.length > MANY_FLOWS ? IDLE_SOONER_MS : IDLE_MS);
      flows.removeIdle(idleMs, add);
      rest.removeIdle(idleMs, addRest);
      removeOwners(nowMs);
    }
    for (const direction of DIRECTIONS) {
      const grown = grow(otherCounts[direction]!, other.read(toKey(direction))!, 0);
      if (grown === undefined) continue;
      const key = Buffer.alloc(FLOW_KEY.length);
      key[FLOW_KEY.direction] = direction;
      addRest(key, grown);
    }
    return { flows: read, lost: readLost() };
  }

  function describe(key: Buffer, counts: EventCounts, ownNamespace: number | undefined): EventFlow {
    const isOutbound = key[FLOW_KEY.direction] !== INBOUND;
    const port = key.readUInt16LE(FLOW_KEY.port);
    const wordAt = (index: number) => key.readInt32LE(FLOW_KEY.address + index * 4);
    return {
      owner: owners.describe(key.readUInt32LE(FLOW_KEY.owner), withProcesses),
      isOutbound,
      remote: isOutbound ? { words: [wordAt(0), wordAt(1), wordAt(2), wordAt(3)], port } : undefined,
      localPort: isOutbound ? undefined : port,
      isOwn: !isOutbound && key.readUInt32LE(FLOW_KEY.address) === ownNamespace,
      counts,
    };
  }

  function removeOwners(nowMs: number): void {
    const used = new Set([...flows.owners(), ...rest.owners(), ...connections.owners(nowMs)]);
    owners.removeUnused(used);
    full.write(toKey(0), Buffer.alloc(4)); // if it is full all the same, the next newcomer finds it so
  }

  function readLost(): LostEvents {
    const value = state.read(toKey(0))!;
    return {
      owners: readCount(value, STATE.owners),
      flows: readCount(value, STATE.flows),
      connections: readCount(value, STATE.connections),
    };
  }
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
