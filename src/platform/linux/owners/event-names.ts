import type { ProcessTrait } from '../../../model/file-config.ts';
import type { KnownProcesses, ProcessNames, ProcessPlace } from './process-names.ts';
import { isProcess, type ProcessLabel, type ProcessRecord } from './process-table.ts';

/** Cgroups of processes read per scrape, 20 µs each. */
const MOST_LOOKS = 2000;
/** Names of processes that have ended, as long as there are not more. */
const MOST_REMEMBERED = 20_000;
const SEVERAL = Symbol('several');
const NONE: ReadonlyMap<bigint, string | typeof SEVERAL> = new Map();

/** What is known of processes without asking the kernel's programs. */
export interface EventSources {
  readonly records: () => KnownProcesses;
  /** Looks again at some of the processes without sockets, which may have become others by exec(). */
  readonly recheck: () => void;
  /** 0 = unknown. */
  readonly readCgroupId: (pid: number) => bigint;
  /** Undefined = unknown. */
  readonly placeOfCgroup: (id: bigint) => ProcessPlace | undefined;
}

/** What the page calls who opened or closed a connection, of whom only the kernel's name and the cgroup are known. */
export interface EventNames {
  /** Changes with each scrape whose rules name anything, and when there are no rules any more. */
  readonly round: number;
  /** Starts a scrape whose processes are known by now. */
  begin(): void;
  nameOf(own: string, cgroup: bigint): string;
}

/**
 * Has the name that the rules give to all known processes of that name and cgroup, or gave to the last ones; where they have several,
 * nobody can say which one it was. Of what was never seen the rules decide that need no command line.
 */
export function createEventNames(names: ProcessNames, sources: EventSources): EventNames {
  const { records, recheck, readCgroupId, placeOfCgroup } = sources;
  const cgroups = new WeakMap<ProcessLabel, bigint>();
  const agreed = new Map<string, string>();
  let byName: Map<string, ProcessRecord[]> | undefined;
  let found = new Map<string, ReadonlyMap<bigint, string | typeof SEVERAL>>();
  let version = names.version;
  let round = 0;
  let left = MOST_LOOKS;
  let isMissed = false;

  return {
    get round() {
      return round;
    },
    begin() {
      if (names.namer !== undefined || names.version !== version) round++;
      if (isMissed) recheck();
      if (names.version !== version) agreed.clear();
      version = names.version;
      byName = undefined;
      found = new Map();
      left = MOST_LOOKS;
      isMissed = false;
    },
    nameOf,
  };

  function nameOf(own: string, cgroup: bigint): string {
    const { namer } = names;
    if (namer === undefined) return own;
    const key = `${own}\0${cgroup}`;
    const known = namesOf(own).get(cgroup);
    if (known === SEVERAL) agreed.delete(key);
    else if (known !== undefined) {
      if (agreed.size >= MOST_REMEMBERED) agreed.clear();
      agreed.set(key, known);
    }
    if (known !== undefined) return known === SEVERAL ? own : known;
    isMissed = true;
    return agreed.get(key) ?? namer((trait) => traitOf(trait, own, cgroup)) ?? own;
  }

  /** By cgroup: of all processes with this name, as far as there was time to look. */
  function namesOf(own: string): ReadonlyMap<bigint, string | typeof SEVERAL> {
    byName ??= groupByName(records());
    const processes = byName.get(own);
    if (processes === undefined) return NONE;
    let byCgroup = found.get(own);
    byCgroup ??= joinNames(processes);
    found.set(own, byCgroup);
    return byCgroup;
  }

  function joinNames(processes: readonly ProcessRecord[]): ReadonlyMap<bigint, string | typeof SEVERAL> {
    const joined = new Map<bigint, string | typeof SEVERAL>();
    for (const record of processes) {
      const name = names.nameOf(record);
      const cgroup = cgroupOf(record);
      const other = joined.get(cgroup);
      joined.set(cgroup, other === undefined || other === name ? name : SEVERAL);
    }
    return joined;
  }

  /** Read again whenever the process is named again. */
  function cgroupOf({ pid, label }: ProcessRecord): bigint {
    const known = cgroups.get(label!);
    if (known !== undefined || left <= 0) return known ?? 0n;
    left--;
    const id = readCgroupId(pid);
    cgroups.set(label!, id);
    return id;
  }

  function traitOf(trait: ProcessTrait, own: string, cgroup: bigint): string | undefined {
    if (trait === 'process') return own;
    return trait === 'unit' || trait === 'container' ? placeOfCgroup(cgroup)?.[trait] : undefined;
  }
}

function groupByName(records: KnownProcesses): Map<string, ProcessRecord[]> {
  const byName = new Map<string, ProcessRecord[]>();
  for (const record of records) {
    if (!record?.isAlive || !isProcess(record)) continue;
    const others = byName.get(record.name);
    if (others === undefined) byName.set(record.name, [record]);
    else others.push(record);
  }
  return byName;
}
