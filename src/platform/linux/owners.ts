import { Reason, type SocketTable } from '../../model/socket-table.ts';
import type { OwnerResolver, ScrapeBudget } from '../platform.ts';
import { createFdLinks } from './fd-links.ts';
import { KnownOwners } from './known-owners.ts';
import type { Libc } from './libc.ts';
import { canKeep } from './owner-table.ts';
import { createOwnerSearch } from './owner-search.ts';
import { createFdReader } from './process-fds.ts';
import { createIdentityReader } from './process-identity.ts';

/** Sockets per scrape whose owner is checked again: descriptors move between processes without a trace. */
const CHECKED_SOCKETS = 1000;
/** Processes per scrape whose identity is read again: pids are reused, and exec() gives a new name. */
const CHECKED_PROCESSES = 200;
/** Freed descriptors that are remembered for the search of one scrape. */
const MOST_FREED = 100_000;

export interface OwnerOptions {
  readonly procfs: string;
  /** Most milliseconds a scrape spends looking for owners. */
  readonly budgetMs: number;
  /** Whether the exporter may read the descriptors of every process. */
  readonly isPrivileged: boolean;
}

/** Attributes sockets to processes through /proc/PID/fd; what was found is kept and only new sockets are looked for. */
export function createOwnerResolver(libc: Libc, options: OwnerOptions): OwnerResolver {
  const { procfs } = options;
  const known = new KnownOwners();
  const links = createFdLinks(libc, procfs);
  const readIdentity = createIdentityReader(libc, procfs);
  const search = createOwnerSearch(known, links, readIdentity, procfs);
  const fds = createFdReader(procfs);
  let socketCursor = 0;
  let processCursor = 0;

  return { source: 'procfs', resolve, recall: attribute, readFds: () => fds.read(known.processes) };

  function resolve(table: SocketTable, budget: ScrapeBudget): void {
    const lateAt = Math.min(budget.deadlineMs, budget.now() + options.budgetMs);
    known.begin();
    checkProcesses();
    noteSockets(table);
    const freed = known.dropUnseen(MOST_FREED);
    known.processes.removeDead(); // no entry refers to them any more
    checkSockets();
    search(freed, { nowMs: budget.now(), isLate: () => budget.now() > lateAt });
    fds.noteOwners(attribute(table));
  }

  function noteSockets(table: SocketTable): void {
    const { owner } = table.columns;
    for (let row = 0; row < table.length; row++) {
      if (canKeep(owner[row]!)) known.note(owner[row]!);
    }
  }

  /** Writes process or reason into every row that has an owner. Returns the name id of each process slot, −1 = owns none. */
  function attribute(table: SocketTable): Int32Array {
    const { sockets, processes } = known;
    const { owner, process, reason } = table.columns;
    const unfound = unfoundReason();
    const nameIds = new Int32Array(processes.slots).fill(-1);
    for (let row = 0; row < table.length; row++) {
      const inode = owner[row]!;
      if (inode === 0) continue;
      const entry = sockets.find(inode);
      const slot = entry < 0 ? -1 : sockets.processOf(entry);
      if (slot < 0 || !processes.at(slot)!.isAlive) {
        reason[row] = unfound;
        continue;
      }
      if (nameIds[slot] === -1) nameIds[slot] = table.processNames.intern(processes.at(slot)!.name);
      process[row] = nameIds[slot]!;
    }
    return nameIds;
  }

  function unfoundReason(): Reason {
    return options.isPrivileged && !known.processes.hasDenied() ? Reason.unresolved : Reason.permission;
  }

  function checkSockets(): void {
    socketCursor = known.sockets.visitSome(socketCursor, CHECKED_SOCKETS, (entry) => {
      const record = known.processes.at(known.sockets.processOf(entry));
      if (record === undefined) return;
      if (links.inodeOf(record.pid, known.sockets.fdOf(entry)) !== known.sockets.inodeOf(entry)) known.disown(entry);
    });
  }

  function checkProcesses(): void {
    const { processes } = known;
    for (let step = 0; step < Math.min(CHECKED_PROCESSES, processes.slots); step++) {
      processCursor = (processCursor + 1) % processes.slots;
      const record = processes.at(processCursor);
      if (record?.isAlive && record.highestFd >= 0) processes.update(processCursor, readIdentity(record.pid));
    }
  }
}
