import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import type { PortClasses } from '../table/port-classes.ts';
import { localPortOf, ROW_WORDS } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';
import { markDialled } from './dialled.ts';
import { inheritOwners } from './inherit-owners.ts';
import { ListenerChanges } from './listener-changes.ts';
import { listenersByPort } from './listeners-by-port.ts';
import { OwnRanges } from './own-ranges.ts';
import type { AskPeer } from './peer-timestamps.ts';
import { PortClassTable } from './port-class-table.ts';
import { createTimeWaitReuse } from './time-wait-reuse.ts';

/** What is known besides the rows. If a part is absent, what depends on it stays unknown. */
export interface EnrichInput {
  readonly rules: EphemeralRules | undefined;
  /** Whether the owners of the rows were searched for. */
  readonly hasOwners: boolean;
  /** CLOSE_WAIT sockets and listeners, read for their age; the table itself if its source tells it. */
  readonly closeWait: SocketTable | undefined;
  /** Absent if the platform does not know. */
  readonly askPeer?: AskPeer | undefined;
  /** TIME_WAIT sockets that connect() took over since boot. */
  readonly timeWaitReused?: number | undefined;
}

/** Classes of all ports: now, and as they were when the rows that left were counted. */
export interface Classes {
  readonly now: PortClasses;
  readonly before: PortClasses;
}

/**
 * Adds what the OS did not say to the rows of a table: direction, owners inherited from listeners, ports that are free
 * for another connection. Called once per scrape, after reading and before counting; nothing writes a row after it.
 */
export function createEnrichment(table: SocketTable): (input: EnrichInput) => Classes {
  const ports = new PortClassTable();
  const ownRanges = new OwnRanges();
  const listenerChanges = new ListenerChanges();
  /** 1 for every port whose sockets count differently than before. */
  const changedPorts = new Uint8Array(65_536);
  const markTaken = createTimeWaitReuse(table);

  return function enrich({ rules, hasOwners, closeWait, askPeer, timeWaitReused }) {
    const { changes } = table;
    if (changes.isFullRecount) for (const part of [ports, ownRanges]) part.reset();
    ports.count(changes.removed, -1);
    ports.count(table.added, 1);
    const before = ports.classes;
    changedPorts.fill(0);
    markDialled(table);
    ports.update(table, rules, changedPorts);
    const listeners = listenersByPort(table);
    listenerChanges.update(table, listeners, changedPorts);
    if (!changes.isFullRecount && changedPorts.includes(1)) touchPorts(table, changedPorts);
    inheritOwners(table, table.added, listeners, hasOwners); // before anything that reads the name of a new row
    markTaken(rules, { classes: ports.classes, ask: askPeer, takenOver: timeWaitReused });
    ownRanges.count(changes.removed, -1, before);
    ownRanges.count(table.added, 1, ports.classes);
    ownRanges.mark(table, ports.classes);
    if (closeWait !== undefined && closeWait !== table)
      inheritOwners(closeWait, closeWait.added, listenersByPort(closeWait), hasOwners);
    return { now: ports.classes, before };
  };
}

/** Has the rows on these ports recounted. */
function touchPorts(table: SocketTable, ports: Uint8Array): void {
  const { words } = table;
  for (let row = 0; row < table.length; row++) {
    if (ports[localPortOf(words, row * ROW_WORDS)] === 1) table.touch(row);
  }
}
