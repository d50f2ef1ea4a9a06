import { rowOf } from '../../../table/row-changes.ts';
import { Reason, ROW_WORDS, Word } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { OwnerResolver, ScrapeBudget } from '../../platform.ts';
import type { Libc } from '../libc/libc.ts';
import type { SocketLookup } from '../netlink/socket-lookup.ts';
import { listPids as listAllPids } from '../procfs/process-list.ts';
import { lookUpEnds } from './ended-sockets.ts';
import type { EventSources } from './event-names.ts';
import { createFdLinks, type FdLinks } from './fd-links.ts';
import { createFdReport, type NamedProcess } from './fd-report.ts';
import { createFdSearch } from './fd-search.ts';
import { KnownOwners } from './known-owners.ts';
import { createOwnerSearch, type SearchLimits } from './owner-search.ts';
import { ENDED, PENDING } from './owner-table.ts';
import { createProcessCheck, createProcessRecheck } from './process-check.ts';
import { createFdCounter } from './process-fds.ts';
import type { ProcessGroups } from './process-groups.ts';
import { createIdentityReader } from './process-identity.ts';
import type { KnownProcesses, ProcessNames } from './process-names.ts';
import { NO_NAME, type ProcessRecord } from './process-table.ts';
import { openThreadTables } from './thread-tables.ts';

export interface OwnerOptions {
  readonly procfs: string;
  /** Absent = the links of `procfs`. */
  readonly links?: FdLinks;
  /** The processes that are searched; absent = all in `procfs`. */
  readonly listPids?: (budget: ScrapeBudget) => readonly number[];
  /** Most milliseconds per scrape for finding owners; never more than half of what is left of the scrape. */
  readonly budgetMs: number;
  /** Whether the exporter may read the descriptors of every process. */
  readonly isPrivileged: boolean;
  /** Whether there may be processes that `procfs` does not show: those outside a container's pid namespace. */
  readonly hasHiddenProcesses?: boolean;
  /**
   * Whether the exporter runs in the initial user namespace: then a process that it may not read is closed to
   * everybody, and no privilege is missing.
   */
  readonly isInitialUser?: boolean;
  /** Finds out which sockets have ended since the dump; absent if the kernel cannot say. */
  readonly lookup?: SocketLookup | undefined;
  /** Rows with a process get its cgroup; absent = they keep the one in which their socket was created. */
  readonly groups?: ProcessGroups | undefined;
  /** Absent = processes are called as the kernel calls them. */
  readonly names?: ProcessNames | undefined;
  readonly limits?: SearchLimits;
}

const MARK_BITS = 0xffff;

/** Attributes sockets to processes through /proc/PID/fd. It keeps what it found and searches for new sockets only. */
export function createOwnerResolver(
  libc: Libc,
  options: OwnerOptions,
): OwnerResolver & Pick<EventSources, 'recheck'> & { readonly records: KnownProcesses } {
  const { procfs, links = createFdLinks(libc, procfs), budgetMs, isPrivileged, hasHiddenProcesses } = options;
  const { isInitialUser = false, lookup, groups, names, limits } = options;
  const { listPids = () => listAllPids(procfs) } = options;
  const known = new KnownOwners();
  const { processes } = known;
  const readIdentity = createIdentityReader(libc, procfs);
  const checkProcesses = createProcessCheck(known, readIdentity);
  const recheck = createProcessRecheck(known, readIdentity);
  const countFds = createFdCounter(procfs);
  const fds = createFdSearch(known, links, readIdentity);
  const tools = { fds, readIdentity, countFds, tables: openThreadTables(libc, procfs) };
  const search = createOwnerSearch(known, tools, limits);
  const reportFds = createFdReport({ libc, procfs, known, links, countFds });
  let owners: readonly NamedProcess[] = [];
  let nameInTable = ({ name }: ProcessRecord) => name;
  let isCutShort = false;
  let lost: readonly number[] = [];
  const marks = new Uint8Array(MARK_BITS + 1);
  let reasons = reasonsNow();
  /** The entry of each new row's socket. */
  let entries = new Int32Array(0);

  return {
    get source() {
      return links.source;
    },
    get sourceReason() {
      return links.sourceReason;
    },
    resolve,
    recall,
    readFds: () => reportFds(owners, nameInTable),
    records: processes.records,
    recheck,
  };

  function resolve(table: SocketTable, budget: ScrapeBudget): void {
    const { deadlineMs, now } = budget;
    const pids = listPids(budget);
    known.begin(table.changes.isFullRecount);
    checkProcesses(pids);
    noteRows(table);
    const startMs = now();
    const lateAtMs = startMs + Math.min(budgetMs, (deadlineMs - startMs) / 2);
    search(pids, now, lateAtMs, lookup && ((...asked) => lookUpEnds(lookup, table, ...asked)));
    isCutShort = now() > lateAtMs;
    settleRows(table);
    nameInTable = (record) => table.processNames.nameOf(nameIdOf(record, table));
    owners = namedProcesses();
  }

  /** Notes sockets that came and left. Known ones get their process at once, the others go to the search. */
  function noteRows(table: SocketTable): void {
    const { words, changes, added } = table;
    if (changes.isFullRecount) processes.forgetNameIds();
    if (entries.length < added.length || entries.length > added.length * 8) entries = new Int32Array(added.length * 2);
    for (let index = 0; index < added.length; index++) {
      const row = rowOf(added, index);
      const inode = words[row * ROW_WORDS + Word.owner]!;
      if (inode === 0) continue;
      const entry = known.note(inode);
      entries[index] = entry;
      const slot = known.ownerAt(entry);
      if (slot >= 0) setOwner(table, row, processes.records[slot]!);
    }
    if (changes.isFullRecount) known.dropUnseen();
    else releaseRows(table);
    known.awaitShownAgain();
    known.dropDead();
  }

  function releaseRows({ changes }: SocketTable): void {
    const { removed } = changes;
    for (let at = 0; at < removed.length * ROW_WORDS; at += ROW_WORDS) {
      const inode = removed.words[at + Word.owner]!;
      if (inode !== 0) known.release(inode);
    }
  }

  /** Settles new rows, and those whose owner the search changed; or all rows if a name, a group or a reason changed. */
  function settleRows(table: SocketTable): void {
    const before = reasons;
    reasons = reasonsNow();
    const isMoved = groups?.refresh(processes.records) ?? false;
    const isRenamed = processes.takeRenamed();
    const isOther = reasons.pending !== before.pending || reasons.notFound !== before.notFound;
    const { words, added } = table;
    for (let index = 0; index < added.length; index++) {
      const row = rowOf(added, index);
      if (words[row * ROW_WORDS + Word.owner] !== 0) settleRow(table, row, entries[index]!);
    }
    const changed = [...lost, ...known.news];
    lost = [...known.news]; // an owner lost in this scrape counts until the next one
    if (table.changes.isFullRecount) return;
    const isEvery = isRenamed || isMoved || isOther;
    if (isEvery || changed.length > 0) settleAgain(table, isEvery ? undefined : changed);
  }

  /** Rows with one of these inodes and, as nothing is compared but their last 16 bits, a few others; undefined = all rows. */
  function settleAgain(table: SocketTable, inodes: readonly number[] | undefined): void {
    const { words, length } = table;
    marks.fill(inodes === undefined ? 1 : 0);
    for (const inode of inodes ?? []) marks[inode & MARK_BITS] = 1;
    for (let row = 0, at: number = Word.owner; row < length; row++, at += ROW_WORDS) {
      const inode = words[at]!;
      if (inode !== 0 && marks[inode & MARK_BITS] === 1) settleRow(table, row, known.entryOf(inode));
    }
  }

  function settleRow(table: SocketTable, row: number, entry: number): void {
    const slot = known.ownerAt(entry);
    const hadOwner = table.words[row * ROW_WORDS + Word.process] !== 0;
    if (slot >= 0) setOwner(table, row, processes.records[slot]!);
    else if (slot === PENDING && hadOwner && known.lostOwnerThisScrape(entry))
      return; // it had it when it was dumped
    else table.setOwner(row, 0, reasonOfNone(slot));
  }

  function setOwner(table: SocketTable, row: number, record: ProcessRecord): void {
    table.setOwner(row, nameIdOf(record, table), Reason.none, groups?.indexOf(record, table));
  }

  function recall(table: SocketTable): void {
    const nameIds = new Int32Array(processes.records.length).fill(NO_NAME);
    const { words } = table;
    for (let row = 0; row < table.length; row++) {
      const inode = words[row * ROW_WORDS + Word.owner]!;
      if (inode === 0) continue;
      const slot = known.ownerAt(known.entryOf(inode));
      if (slot < 0) table.setOwner(row, 0, reasonOfNone(slot));
      else {
        if (nameIds[slot] === NO_NAME) nameIds[slot] = table.processNames.intern(nameOf(processes.records[slot]!));
        table.setOwner(row, nameIds[slot]!, Reason.none);
      }
    }
  }

  function reasonOfNone(state: number): Reason {
    if (state === ENDED) return Reason.kernel; // like an orphan: only the kernel has what is left of it
    return state === PENDING ? reasons.pending : reasons.notFound;
  }

  /**
   * Why sockets have no owner, by their state in the table. A search cut short reports `unresolved`, not `permission`;
   * so does a process that even full privileges do not open.
   */
  function reasonsNow(): { readonly pending: Reason; readonly notFound: Reason } {
    const hasDenied = processes.hasDenied();
    if (hasHiddenProcesses) {
      return { pending: isCutShort ? Reason.unresolved : Reason.pidNamespace, notFound: Reason.pidNamespace };
    }
    if (!isPrivileged || (hasDenied && !isInitialUser)) {
      return { pending: isCutShort ? Reason.unresolved : Reason.permission, notFound: Reason.permission };
    }
    const isAllSeen = !hasDenied && !processes.hasUnlistedSockets();
    return { pending: Reason.unresolved, notFound: isAllSeen ? Reason.kernel : Reason.unresolved };
  }

  /** The sockets of a ring, or of a thread, belong to its process. */
  function namedProcesses(): NamedProcess[] {
    const found = new Map<ProcessRecord, string>();
    for (const record of processes.records) {
      if (record === undefined || record.held.sockets === 0) continue;
      found.set(processes.processOf(record), nameInTable(record));
    }
    return Array.from(found, ([record, name]) => ({ record, name }));
  }

  function nameIdOf(record: ProcessRecord, table: SocketTable): number {
    if (record.nameId === NO_NAME) record.nameId = table.processNames.intern(nameOf(record));
    return record.nameId;
  }

  function nameOf(record: ProcessRecord): string {
    return names === undefined ? record.name : names.nameOf(record);
  }
}
