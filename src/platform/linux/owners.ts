import { Reason, type SocketTable } from '../../model/socket-table.ts';
import type { OwnerResolver, ScrapeBudget } from '../platform.ts';
import { createFdLinks } from './fd-links.ts';
import { createFdSearch } from './fd-search.ts';
import { KnownOwners } from './known-owners.ts';
import type { Libc } from './libc.ts';
import { createOwnerSearch } from './owner-search.ts';
import { PENDING } from './owner-table.ts';
import { createFdCounter, createFdReader, type NamedProcess } from './process-fds.ts';
import { createIdentityReader } from './process-identity.ts';
import { listPids } from './process-list.ts';
import type { ProcessRecord } from './process-table.ts';

/** Socket owners per scrape whose identity is read again: pids are reused, and exec() gives a new name. */
const CHECKED_PROCESSES = 500;
const NO_NAME = -1;

export interface OwnerOptions {
  readonly procfs: string;
  /** Most milliseconds a scrape spends looking for owners; it is never more than half of what is left of the scrape. */
  readonly budgetMs: number;
  /** Whether the exporter may read the descriptors of every process. */
  readonly isPrivileged: boolean;
}

/** Attributes sockets to processes through /proc/PID/fd; what was found is kept and only new sockets are looked for. */
export function createOwnerResolver(libc: Libc, { procfs, budgetMs, isPrivileged }: OwnerOptions): OwnerResolver {
  const known = new KnownOwners();
  const { processes, sockets } = known;
  const links = createFdLinks(libc, procfs);
  const readIdentity = createIdentityReader(libc, procfs);
  const countFds = createFdCounter(procfs);
  const search = createOwnerSearch(known, { fds: createFdSearch(known, links, readIdentity), readIdentity, countFds });
  const readFds = createFdReader(procfs, countFds, links);
  let owners: readonly NamedProcess[] = [];
  let nextCheck = 0;
  let isCutShort = false;

  return { source: 'procfs', resolve, recall, readFds: () => readFds(owners) };

  function resolve(table: SocketTable, { deadlineMs, now }: ScrapeBudget): void {
    const pids = listPids(procfs);
    processes.keepOnly(new Set(pids));
    checkIdentities();
    known.begin();
    noteRows(table);
    known.dropUnseen();
    sockets.arrange(table.columns.ownerEntry, table.columns.owner, table.length);
    const startMs = now();
    const lateAtMs = startMs + Math.min(budgetMs, (deadlineMs - startMs) / 2);
    search(pids, now, lateAtMs);
    isCutShort = now() > lateAtMs;
    settleRows(table);
    owners = namedProcesses(table);
  }

  function checkIdentities(): void {
    const slots = processes.records.length;
    let checked = 0;
    for (let step = 0; step < slots && checked < CHECKED_PROCESSES; step++) {
      nextCheck = (nextCheck + 1) % slots;
      const record = processes.at(nextCheck);
      if (!record?.isAlive || record.held.sockets === 0) continue;
      processes.update(nextCheck, readIdentity(record.pid));
      checked++;
    }
  }

  /** Every row, once: known sockets get their process at once, unknown ones are noted for the search. */
  function noteRows(table: SocketTable): void {
    for (const record of processes.records) if (record !== undefined) record.nameId = NO_NAME;
    const { owner, ownerEntry, process, reason } = table.columns;
    const { length } = table;
    const notFound = reasonsNow().notFound;
    for (let row = 0; row < length; row++) {
      const inode = owner[row]!;
      if (inode === 0) continue;
      const slot = known.note(inode, ownerEntry[row]!);
      ownerEntry[row] = known.noted;
      if (slot >= 0) process[row] = nameIdOf(processes.records[slot]!, table);
      else if (slot !== PENDING) reason[row] = notFound;
    }
  }

  /** Rows that waited for the search; all rows when it found that sockets have changed hands. */
  function settleRows(table: SocketTable): void {
    const { owner, ownerEntry, process, reason } = table.columns;
    const { length } = table;
    const reasons = reasonsNow();
    for (let row = 0; row < length; row++) {
      const inode = owner[row]!;
      if (inode === 0 || (!known.isChanged && (process[row] !== 0 || reason[row] !== Reason.none))) continue;
      const slot = slotOf(sockets.isAt(ownerEntry[row]!, inode) ? ownerEntry[row]! : sockets.find(inode));
      if (slot >= 0) {
        process[row] = nameIdOf(processes.records[slot]!, table);
        reason[row] = Reason.none;
      } else if (process[row] === 0) reason[row] = slot === PENDING ? reasons.pending : reasons.notFound; // else the process that had it when it was dumped stays
    }
  }

  function recall(table: SocketTable): void {
    const nameIds = new Int32Array(processes.records.length).fill(NO_NAME);
    const { owner, process, reason } = table.columns;
    const reasons = reasonsNow();
    for (let row = 0; row < table.length; row++) {
      if (owner[row] === 0) continue;
      const slot = slotOf(sockets.find(owner[row]!));
      if (slot < 0) reason[row] = slot === PENDING ? reasons.pending : reasons.notFound;
      else {
        if (nameIds[slot] === NO_NAME) nameIds[slot] = table.processNames.intern(processes.records[slot]!.name);
        process[row] = nameIds[slot]!;
      }
    }
  }

  function slotOf(entry: number): number {
    return entry < 0 ? PENDING : sockets.processOf(entry);
  }

  /** Why sockets have no owner, by their state in the table. What time did not allow is no question of privileges. */
  function reasonsNow(): { readonly pending: Reason; readonly notFound: Reason } {
    const notFound = isPrivileged && !processes.hasDenied() ? Reason.unresolved : Reason.permission;
    return { pending: isCutShort ? Reason.unresolved : notFound, notFound };
  }

  function namedProcesses(table: SocketTable): NamedProcess[] {
    return processes.records.flatMap((record) =>
      record === undefined || record.nameId === NO_NAME
        ? []
        : [{ record, name: table.processNames.nameOf(record.nameId) }],
    );
  }
}

function nameIdOf(record: ProcessRecord, table: SocketTable): number {
  if (record.nameId === NO_NAME) record.nameId = table.processNames.intern(record.name);
  return record.nameId;
}
