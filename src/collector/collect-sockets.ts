import { collectGarbage } from '../memory/collect-garbage.ts';
import type { CollectorName } from '../model/collectors.ts';
import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { CollectorOutcome } from '../model/snapshot.ts';
import type { ProcessFds, SocketCounts } from '../model/socket-counts.ts';
import type { OwnerResolver, Platform, ScrapeBudget, SocketReader, UnitResolver } from '../platform/platform.ts';
import { Reason, ROW_WORDS, setProcess } from '../table/socket-row.ts';
import { SocketTable } from '../table/socket-table.ts';
import { createTally } from '../tally/index.ts';
import { runCollector } from './collect.ts';
import { COUNTS_OF, pickCounts } from './counts-of.ts';
import type { CollectedPart } from './protocol.ts';

/** Scrapes after which memory that the C library keeps is given back: what loading and compiling took, above all. */
const TRIM_EVERY = 20;

const NO_TABLE = 'there is no socket table to work on';

type Runner = <Value>(collector: CollectorName, source: string, collect: () => Value) => Value | undefined;

/** The socket half of a collection: read the rows, give them owners, count them, send what was asked for. */
export function createSocketCollection(platform: Platform, limits: TallyLimits, now: () => number) {
  const table = new SocketTable();
  const closeWaitTable = new SocketTable();
  const tally = createTally(table, limits);
  let resizesSeen = 0;
  let isTrimDue = false;
  let hadOwners: boolean | undefined;
  let scrapes = 0;

  return function collectSockets(
    wanted: ReadonlySet<CollectorName>,
    rules: EphemeralRules | undefined,
    budget: ScrapeBudget,
    send: (part: CollectedPart) => void,
  ): void {
    const asked = new Set([...wanted].filter((name) => name in COUNTS_OF && isAvailable(name)));
    if (asked.size === 0) return;
    const outcomes = new Map<CollectorName, CollectorOutcome>();
    const run: Runner = (collector, source, collect) => {
      const { value, outcome } = runCollector(collector, source, now, collect);
      outcomes.set(collector, mergeOutcomes(outcomes.get(collector), outcome));
      return value;
    };
    const counts = gather(asked, rules, budget, run);
    asked.delete('ephemeral_ports'); // its outcome is that of reading the rules
    const error = outcomes.get('sockets')?.error ?? NO_TABLE; // one cause, said once in the log
    for (const name of asked) {
      if (!outcomes.has(name)) outcomes.set(name, { collector: name, success: false, seconds: 0, error });
    }
    send({
      ...(counts && { sockets: pickCounts(counts, wanted) }),
      outcomes: [...outcomes.values()].filter(({ collector }) => asked.has(collector)),
    });
    giveMemoryBack();
  };

  /** After a scrape in which a table got another size, and the tallies with it; V8 frees their arrays in the background. */
  function giveMemoryBack(): void {
    scrapes++;
    if (isTrimDue || scrapes % TRIM_EVERY === 0) platform.trimMemory?.();
    const resizes = table.resizes + closeWaitTable.resizes;
    isTrimDue = resizes > resizesSeen;
    resizesSeen = resizes;
    if (isTrimDue) collectGarbage();
  }

  /** Whether the platform, with the source in use, has what a collector needs. */
  function isAvailable(name: CollectorName): boolean {
    if (name === 'processes') return platform.owners !== undefined;
    if (name === 'units') return platform.units !== undefined;
    return name !== 'close_wait' || platform.closeWait !== undefined;
  }

  function gather(
    asked: ReadonlySet<CollectorName>,
    rules: EphemeralRules | undefined,
    budget: ScrapeBudget,
    run: Runner,
  ): SocketCounts | undefined {
    const { sockets, owners, closeWait, units } = platform;
    const wantsOwners = owners !== undefined && asked.has('processes');
    if (!run('sockets', sockets.source, () => readTable(wantsOwners, budget))) return undefined;
    const processFds = wantsOwners ? run('processes', owners.source, () => findOwners(owners, budget)) : undefined;
    const hasOwners = processFds !== undefined;
    if (wantsOwners && !hasOwners) forgetOwners(table);
    const waiting =
      closeWait && asked.has('close_wait')
        ? run('close_wait', closeWait.source, () => readCloseWait(closeWait, hasOwners, budget))
        : undefined;
    const names = units && asked.has('units') ? run('units', units.source, () => nameUnits(units)) : undefined;
    return run('sockets', sockets.source, () =>
      tally({
        rules,
        hasOwners,
        nameOfGroup: names && ((groupId) => names.get(groupId)),
        closeWait: waiting,
        processFds,
        unseenStates: sockets.unseenStates ?? [],
      }),
    );
  }

  /** Rows that owners were not looked for cannot be compared with rows that have theirs. */
  function readTable(wantsOwners: boolean, budget: ScrapeBudget): true {
    const { sockets } = platform;
    if (sockets.comparesRows && wantsOwners === hadOwners) table.turn();
    else table.reset();
    hadOwners = wantsOwners;
    sockets.read(table, budget);
    return true;
  }

  function findOwners(owners: OwnerResolver, budget: ScrapeBudget): readonly ProcessFds[] {
    owners.resolve(table, budget);
    return owners.readFds();
  }

  /** The second read is spared when the first one saw no CLOSE_WAIT socket. */
  function readCloseWait(reader: SocketReader, hasOwners: boolean, budget: ScrapeBudget): SocketTable {
    closeWaitTable.reset();
    if (table.closeWaiting === 0) return closeWaitTable;
    reader.read(closeWaitTable, budget);
    if (hasOwners) platform.owners?.recall(closeWaitTable);
    return closeWaitTable;
  }

  function nameUnits(units: UnitResolver): ReadonlyMap<bigint, string | undefined> {
    const ids = Array.from({ length: table.groups.length }, (_, index) => table.groups.idOf(index));
    return new Map(ids.map((id) => [id, units.nameOf(id)]));
  }
}

/** A search that failed may have named some of the owners. */
function forgetOwners(table: SocketTable): void {
  table.recount();
  table.isComparable = false;
  for (let at = 0; at < table.length * ROW_WORDS; at += ROW_WORDS) setProcess(table.words, at, 0, Reason.none);
}

/** A collector that runs in two steps: both must succeed, and their times add up. */
function mergeOutcomes(first: CollectorOutcome | undefined, second: CollectorOutcome): CollectorOutcome {
  return first === undefined
    ? second
    : { ...second, success: first.success && second.success, seconds: first.seconds + second.seconds };
}
