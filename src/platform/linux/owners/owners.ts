import { positionOf } from '../../../table/row-changes.ts';
import { Reason, ROW_WORDS, reasonOf, setProcess, Word } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { OwnerResolver, ScrapeBudget } from '../../platform.ts';
import type { Libc } from '../libc/libc.ts';
import { listPids } from '../procfs/process-list.ts';
import { createFdLinks } from './fd-links.ts';
import { createFdSearch } from './fd-search.ts';
import { KnownOwners } from './known-owners.ts';
import { createOwnerSearch } from './owner-search.ts';
import { PENDING } from './owner-table.ts';
import { createFdCounter, createFdReader, type NamedProcess } from './process-fds.ts';
import { createIdentityReader } from './process-identity.ts';
import { NO_NAME, type ProcessRecord } from './process-table.ts';

/** Socket owners per scrape whose identity is read again: pids are reused, and exec() gives a new name. */
const CHECKED_PROCESSES = 500;

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
  const { processes } = known;
  const links = createFdLinks(libc, procfs);
  const readIdentity = createIdentityReader(libc, procfs);
  const countFds = createFdCounter(procfs);
  const search = createOwnerSearch(known, { fds: createFdSearch(known, links, readIdentity), readIdentity, countFds });
  const readFds = createFdReader(procfs, countFds, links);
  let owners: readonly NamedProcess[] = [];
  let nextCheck = 0;
  let isCutShort = false;
  let hadNews = false;
  let reasons = reasonsNow();
  /** Of each new row the entry of its socket. */
  let entries = new Int32Array(0);

  return { source: 'procfs', resolve, recall, readFds: () => readFds(owners) };

  function resolve(table: SocketTable, { deadlineMs, now }: ScrapeBudget): void {
    const pids = listPids(procfs);
    processes.keepOnly(new Set(pids));
    known.begin(table.changes.isFresh);
    noteRows(table);
    const startMs = now();
    const lateAtMs = startMs + Math.min(budgetMs, (deadlineMs - startMs) / 2);
    search(pids, now, lateAtMs);
    checkIdentities();
    isCutShort = now() > lateAtMs;
    settleRows(table);
    owners = namedProcesses(table);
  }

  /** Of processes whose identity the search did not need to know. What ended meanwhile is noticed in the next scrape. */
  function checkIdentities(): void {
    const slots = processes.records.length;
    let checked = 0;
    for (let step = 0; step < slots && checked < CHECKED_PROCESSES; step++) {
      nextCheck = (nextCheck + 1) % slots;
      const record = processes.at(nextCheck);
      if (!record?.isAlive || record.held.sockets === 0 || record.seenIn === known.generation) continue;
      processes.update(nextCheck, readIdentity(record.pid));
      checked++;
    }
  }

  /** Sockets that came and sockets that left. Those known get their process at once, the others are for the search. */
  function noteRows(table: SocketTable): void {
    const { words, changes, added } = table;
    if (changes.isFresh) processes.forgetNameIds();
    if (entries.length < added.length || entries.length > added.length * 8) entries = new Int32Array(added.length * 2);
    for (let index = 0; index < added.length; index++) {
      const at = positionOf(added, index);
      const inode = words[at + Word.owner]!;
      if (inode === 0) continue;
      const entry = known.note(inode);
      entries[index] = entry;
      const slot = known.ownerAt(entry);
      if (slot >= 0) setProcess(words, at, nameIdOf(processes.records[slot]!, table), Reason.none);
    }
    if (changes.isFresh) known.dropUnseen();
    else releaseRows(table);
    known.dropDead();
  }

  function releaseRows({ changes }: SocketTable): void {
    const { removed } = changes;
    for (let at = 0; at < removed.length * ROW_WORDS; at += ROW_WORDS) {
      const inode = removed.words[at + Word.owner]!;
      if (inode !== 0) known.release(inode);
    }
  }

  /** The rows that are new; all rows when the search, or a name, has changed what is known of others. */
  function settleRows(table: SocketTable): void {
    const before = reasons;
    reasons = reasonsNow();
    const hasNews = processes.takeRenamed() || known.hasNews;
    const isOther = reasons.pending !== before.pending || reasons.notFound !== before.notFound;
    const { words, added } = table;
    for (let index = 0; index < added.length; index++) {
      const at = positionOf(added, index);
      if (words[at + Word.owner] !== 0) settleRow(table, at / ROW_WORDS, entries[index]!);
    }
    if (!table.changes.isFresh && (hasNews || hadNews || isOther)) settleAll(table);
    hadNews = hasNews; // who was lost in this scrape counts as the owner until the next one
  }

  function settleAll(table: SocketTable): void {
    for (let row = 0; row < table.length; row++) {
      const inode = table.words[row * ROW_WORDS + Word.owner]!;
      if (inode !== 0) settleRow(table, row, known.entryOf(inode));
    }
  }

  function settleRow(table: SocketTable, row: number, entry: number): void {
    const { words } = table;
    const at = row * ROW_WORDS;
    const slot = known.ownerAt(entry);
    if (slot === PENDING && words[at + Word.process] !== 0 && known.hasJustLost(entry)) return; // it had it when it was dumped
    const process = slot >= 0 ? nameIdOf(processes.records[slot]!, table) : 0;
    const reason = slot >= 0 ? Reason.none : slot === PENDING ? reasons.pending : reasons.notFound;
    if (words[at + Word.process] === process && reasonOf(words, at) === reason) return;
    table.touch(row);
    setProcess(words, at, process, reason);
  }

  function recall(table: SocketTable): void {
    const nameIds = new Int32Array(processes.records.length).fill(NO_NAME);
    const { words } = table;
    for (let at = 0; at < table.length * ROW_WORDS; at += ROW_WORDS) {
      const inode = words[at + Word.owner]!;
      if (inode === 0) continue;
      const slot = known.ownerAt(known.entryOf(inode));
      if (slot < 0) setProcess(words, at, 0, slot === PENDING ? reasons.pending : reasons.notFound);
      else {
        if (nameIds[slot] === NO_NAME) nameIds[slot] = table.processNames.intern(processes.records[slot]!.name);
        setProcess(words, at, nameIds[slot]!, Reason.none);
      }
    }
  }

  /** Why sockets have no owner, by their state in the table. What time did not allow is no question of privileges. */
  function reasonsNow(): { readonly pending: Reason; readonly notFound: Reason } {
    const notFound = isPrivileged && !processes.hasDenied() ? Reason.unresolved : Reason.permission;
    return { pending: isCutShort ? Reason.unresolved : notFound, notFound };
  }

  function namedProcesses(table: SocketTable): NamedProcess[] {
    return processes.records.flatMap((record) =>
      record === undefined || record.held.sockets === 0
        ? []
        : [{ record, name: table.processNames.nameOf(nameIdOf(record, table)) }],
    );
  }
}

function nameIdOf(record: ProcessRecord, table: SocketTable): number {
  if (record.nameId === NO_NAME) record.nameId = table.processNames.intern(record.name);
  return record.nameId;
}
