import { createDialledSearch, dialledOwners, markOwners } from '../enrich/dialled-sockets.ts';
import { collectGarbage } from '../memory/collect-garbage.ts';
import type { CollectorName } from '../model/collectors.ts';
import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import type { Filters } from '../model/filters.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { CollectorOutcome, Facts } from '../model/snapshot.ts';
import type { ProcessFds, SocketCounts } from '../model/socket-counts.ts';
import type { OwnerResolver, Platform, ScrapeBudget, SocketReader, UnitResolver } from '../platform/platform.ts';
import { OtherNamespaces } from '../table/other-namespaces.ts';
import { SocketCookies } from '../table/socket-cookies.ts';
import { SocketTable } from '../table/socket-table.ts';
import { listenersByLocalPort } from '../tally/local-listeners.ts';
import { isCounting, pickCounts } from './collector-counts.ts';
import { createCounting } from './counting.ts';
import { createInterfaceNames } from './interface-names.ts';
import type { CollectedPart } from './protocol.ts';
import { runCollector, type Source } from './run-collector.ts';

/** Scrapes after which the C library gives back the memory it keeps, mostly from loading and compiling. */
const TRIM_EVERY = 20;

/**
 * Above this number of listeners the exporter reads no drops. Each costs about a microsecond per scrape; and of only
 * some of them, the sums would rise and fall.
 */
const MOST_LISTENERS = 10_000;

const NO_TABLE = 'there is no socket table to work on';

type Runner = <Value>(collector: CollectorName, from: Source, collect: () => Value) => Value | undefined;

/**
 * The socket half of a collection: reads the rows, finds their owners, counts them, gives the requested counts. Returns the sockets of
 * other network namespaces, which are counted when it is known whose they are; undefined if nobody tells.
 */
export function createSocketCollection(platform: Platform, limits: TallyLimits, now: () => number) {
  const table = new SocketTable();
  const closeWaitTable = new SocketTable();
  const dropsTable = new SocketTable();
  const others = platform.netns === undefined ? undefined : new OtherNamespaces();
  for (const { addresses } of [table, dropsTable]) addresses.nameOfInterface = createInterfaceNames(platform);
  const count = createCounting(table, limits);
  const markDialled = createDialledSearch();
  let resizesSeen = 0;
  let isTrimDue = false;
  let hadOwners: boolean | undefined;
  let scrapes = 0;
  let lastReadMs = Number.NEGATIVE_INFINITY;

  if (platform.events !== undefined)
    for (const each of [table, others?.table]) if (each !== undefined) each.cookies = new SocketCookies();

  return { collectSockets, findListeners: () => listenersByLocalPort(table), readAnew };

  /** Has the next scrape find the owners of all sockets, as if it were the first one. */
  function readAnew(): void {
    hadOwners = undefined;
  }

  function collectSockets(
    wanted: ReadonlySet<CollectorName>,
    facts: Facts,
    budget: ScrapeBudget,
    give: (part: CollectedPart) => void,
    filters?: Filters,
  ): OtherNamespaces | undefined {
    const asked = new Set([...wanted].filter((name) => isCounting(name) && isAvailable(name)));
    if (asked.size === 0) return undefined;
    const outcomes = new Map<CollectorName, CollectorOutcome>();
    const run: Runner = (collector, from, collect) => {
      const { value, outcome } = runCollector(collector, from, now, collect);
      outcomes.set(collector, mergeOutcomes(outcomes.get(collector), outcome));
      return value;
    };
    const counts = gather(asked, wanted.has('netns') ? others : undefined, facts, budget, run, filters);
    asked.delete('ephemeral_ports'); // its outcome is that of reading the rules
    const { error = NO_TABLE, isLate = false } = outcomes.get('sockets') ?? {}; // one cause, logged once
    for (const name of asked) {
      if (!outcomes.has(name))
        outcomes.set(name, { collector: name, success: false, seconds: 0, error, ...(isLate && { isLate }) });
    }
    give({
      ...(counts && { sockets: pickCounts(counts, wanted) }),
      ...(platform.sourceRejections && { facts: { sourceRejections: { ...platform.sourceRejections } } }),
      outcomes: [...outcomes.values()].filter(({ collector }) => asked.has(collector)),
    });
    giveMemoryBack();
    return counts !== undefined && others?.isKnown ? others : undefined; // of a read that failed there may be a part
  }

  /** After a scrape that resized a table and its tallies; V8 frees their old arrays in the background. */
  function giveMemoryBack(): void {
    scrapes++;
    if (isTrimDue || scrapes % TRIM_EVERY === 0) platform.trimMemory?.();
    const resizes = table.resizes + closeWaitTable.resizes;
    isTrimDue = resizes > resizesSeen;
    resizesSeen = resizes;
    if (isTrimDue) collectGarbage();
  }

  /** Whether the platform, with its current source, has what a collector needs. */
  function isAvailable(name: CollectorName): boolean {
    if (name === 'processes') return platform.owners !== undefined;
    if (name === 'units') return platform.units !== undefined;
    return name !== 'close_wait' || platform.closeWait !== undefined;
  }

  function gather(
    asked: ReadonlySet<CollectorName>,
    wider: OtherNamespaces | undefined,
    { ephemeral: rules, counters }: Facts,
    budget: ScrapeBudget,
    run: Runner,
    filters: Filters | undefined,
  ): SocketCounts | undefined {
    const { sockets, owners, closeWait, listenerDrops, units } = platform;
    const wantsOwners = owners !== undefined && asked.has('processes');
    if (!run('sockets', sockets, () => readTable(wantsOwners, rules, budget, wider))) return undefined;
    const processFds = wantsOwners ? run('processes', owners, () => findOwners(owners, budget)) : undefined;
    const hasOwners = processFds !== undefined;
    if (wantsOwners && !hasOwners) table.forgetOwners();
    settleLeft(hasOwners);
    const waiting =
      closeWait && asked.has('close_wait')
        ? run('close_wait', table.knowsAges ? sockets : closeWait, () => readCloseWait(closeWait, hasOwners, budget))
        : undefined;
    const drops =
      listenerDrops && asked.has('sockets')
        ? run('sockets', listenerDrops, () => readListenerDrops(listenerDrops, budget))
        : undefined;
    const names = units && asked.has('units') ? run('units', units, () => nameUnits(units)) : undefined;
    return run('sockets', sockets, () =>
      count({
        rules,
        filters,
        hasOwners,
        nameOfGroup: names && ((groupId) => names.get(groupId)),
        closeWait: waiting,
        listenerDrops: drops,
        hostDrops: counters?.listenDrops,
        processFds,
        unsupportedStates: sockets.unsupportedStates ?? [],
        nowMs: budget.now(),
        timeWaitReused: counters?.timeWaitReused,
        askPeer: platform.usesTimestamps && ((row) => platform.usesTimestamps!(table, row)),
      }),
    );
  }

  /** Rows read without owners cannot be compared with rows read with them. */
  function readTable(
    wantsOwners: boolean,
    rules: EphemeralRules | undefined,
    budget: ScrapeBudget,
    wider: OtherNamespaces | undefined,
  ): true {
    const { sockets } = platform;
    const isComparing = sockets.comparesRows && wantsOwners === hadOwners;
    const dialled = isComparing ? undefined : dialledOwners(table);
    if (isComparing) table.turn();
    else table.reset();
    hadOwners = wantsOwners;
    const startMs = budget.now();
    table.elapsedMs = startMs - lastReadMs;
    lastReadMs = startMs;
    wider?.reset();
    sockets.read(table, budget, wider);
    if (dialled !== undefined) markOwners(table, dialled);
    if (platform.chosenPorts !== undefined) findDialled(platform.chosenPorts, rules, budget.now() - startMs, budget);
    return true;
  }

  /**
   * Worth a second walk for the direction, but not worth losing the rows of the first: without it such connections
   * count as inbound.
   */
  function findDialled(
    chosenPorts: SocketReader,
    rules: EphemeralRules | undefined,
    readMs: number,
    budget: ScrapeBudget,
  ): void {
    const read = (chosen: SocketTable) => chosenPorts.read(chosen, budget);
    try {
      markDialled(table, rules?.ranges.ipv4, readMs, { read, now: budget.now });
    } catch {
      // the next scrape tries again
    }
  }

  /** Sockets that no process holds any more keep what the kernel said of them if that fails. */
  function settleLeft(hasOwners: boolean): void {
    try {
      platform.events?.settle(table, hasOwners);
    } catch {
      // reading the events says why
    }
  }

  function findOwners(owners: OwnerResolver, budget: ScrapeBudget): readonly ProcessFds[] {
    owners.resolve(table, budget);
    return owners.readFds();
  }

  /** Without a CLOSE_WAIT socket in the first read there is no second one, nor where the first one told the ages. */
  function readCloseWait(reader: SocketReader, hasOwners: boolean, budget: ScrapeBudget): SocketTable {
    if (table.knowsAges) return table;
    closeWaitTable.reset();
    if (table.closeWaiting === 0) return closeWaitTable;
    reader.read(closeWaitTable, budget);
    if (hasOwners) platform.owners?.recall(closeWaitTable);
    return closeWaitTable;
  }

  function readListenerDrops(reader: SocketReader, budget: ScrapeBudget): SocketTable | undefined {
    if (table.listeners.length > MOST_LISTENERS) return undefined;
    if (table.listenDrops.length > 0) return table; // its source has told
    dropsTable.reset();
    if (table.listeners.length > 0) reader.read(dropsTable, budget);
    return dropsTable;
  }

  function nameUnits(units: UnitResolver): ReadonlyMap<bigint, string | undefined> {
    const ids = Array.from({ length: table.groups.length }, (_, index) => table.groups.idOf(index));
    return new Map(ids.map((id) => [id, units.nameOf(id)]));
  }
}

/** A collector that runs in two steps: both must succeed, and their times add up. */
function mergeOutcomes(first: CollectorOutcome | undefined, second: CollectorOutcome): CollectorOutcome {
  return first === undefined
    ? second
    : { ...second, success: first.success && second.success, seconds: first.seconds + second.seconds };
}
