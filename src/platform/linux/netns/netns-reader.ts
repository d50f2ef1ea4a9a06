import type { CgroupPlace, NetnsIdentity, NetnsNumbers, NetnsReadings } from '../../../model/netns.ts';
import type { NetnsReader, ScrapeBudget } from '../../platform.ts';
import type { CgroupView } from '../cgroups/cgroup-view.ts';
import { listPids as listAllPids } from '../procfs/process-list.ts';
import { placeOf } from './cgroup-place.ts';
import { createCgroupReader } from './cgroup-reader.ts';
import { createKubeletLogs } from './kubelet-logs.ts';
import { readNamedNamespaces } from './named-namespaces.ts';
import { readNamespace } from './namespace-files.ts';
import { createNamespaceProcesses, type NamespaceProcess, namespaceKeyOf } from './namespace-processes.ts';
import { describe, type Member, rankMembers, readInum, type Wish } from './netns-identity.ts';
import { createNetnsNames } from './netns-names.ts';

/** Time per scrape, never more than half of what is left; namespaces that it does not reach, the smallest, count as failed. */
const BUDGET_MS = 1000;
/** Processes of a namespace that are tried if the first ones end, or enter another namespace, during the scrape. */
const MOST_TRIES = 3;

/** A namespace with a process that was in it before and after its files were read. */
interface Visit {
  readonly key: number;
  readonly pid: number;
  readonly members: readonly Member[];
  readonly numbers: NetnsNumbers;
  readonly inum: number | undefined;
}

/** What is known beside the numbers of the namespaces. */
export interface NamespaceTools {
  /** Processes that were in one of them at the last read. */
  listPids(): readonly number[];
  /** Where a cgroup belongs, by its path. */
  placeOf(path: string): CgroupPlace | undefined;
}

/**
 * Reads every network namespace with a process in `procfs` but the calling thread's own, from /proc/PID/net. `kubeletLogs`: the
 * folder with its `pods` and `containers`; `listPids`: all processes; `view`: absent = no cgroup namespace is around us. Undefined where the own one cannot be told from others (gVisor).
 */
export function createNetnsReader(
  { procfs, kubeletLogs }: { readonly procfs: string; readonly kubeletLogs: string },
  ownProcfs = '/proc',
  listPids: (budget: ScrapeBudget) => readonly number[] = () => listAllPids(procfs),
  view?: CgroupView,
): (Omit<NetnsReader, 'placeOf'> & NamespaceTools) | undefined {
  const self = `${ownProcfs}/thread-self`;
  if (namespaceKeyOf(self) === undefined) return undefined;
  const listProcesses = createNamespaceProcesses(procfs);
  const cgroups = createCgroupReader(procfs, view);
  const kubelet = createKubeletLogs(kubeletLogs);
  const nameAll = createNetnsNames();
  let visits: ReadonlyMap<number, Visit> = new Map();
  let pids: readonly number[] = [];

  return { source: 'procfs', read, listPids: () => pids, placeOf: (path) => placeOf(path, kubelet) };

  function read(budget: ScrapeBudget, withSockets: ReadonlySet<number> = new Set()): NetnsReadings {
    const own = namespaceKeyOf(self);
    if (own === undefined) throw new Error(`${self}/net/sockstat is missing: it tells the exporter's own namespace`);
    cgroups.startScrape();
    kubelet.startScrape(budget.now());
    const endMs = budget.now() + Math.min(BUDGET_MS, (budget.deadlineMs - budget.now()) / 2);
    const { byNamespace, isComplete } = listProcesses(listPids(budget), budget.now, endMs);
    const others = [...byNamespace].filter(([key]) => key !== own);
    pids = others.flatMap(([, processes]) => processes.map(({ pid }) => pid));
    const failed = visitAll(others, budget.now, endMs);
    const names = readNamedNamespaces(procfs);
    const wishes = [...visits.values()].map((visit) => ({
      ...describe(visit, visit.inum === undefined ? undefined : names.get(visit.inum), kubelet),
      key: visit.key,
    }));
    const namedOnly = isComplete && failed === 0 ? withoutProcess(names, withSockets, others.length) : [];
    const labels = nameAll([...wishes, ...namedOnly]);
    const identityOf = ({ key, wish: _, ...identity }: Wish): NetnsIdentity => ({
      ...identity,
      netns: labels.get(key)!,
    });
    return {
      read: wishes.map((wish) => ({
        ...identityOf(wish),
        key: wish.key,
        numbers: visits.get(wish.key)!.numbers,
      })),
      failed,
      withoutProcess: namedOnly.map(identityOf),
    };
  }

  /** Returns how many failed. Fails itself if there is none that did not. */
  function visitAll(
    others: readonly (readonly [number, readonly NamespaceProcess[]])[],
    now: () => number,
    endMs: number,
  ): number {
    const before = visits;
    const visited = new Map<number, Visit>();
    const sizeOf = (key: number) => (before.get(key)?.numbers.inUse ?? 0) + (before.get(key)?.numbers.timeWait ?? 0);
    const errors: unknown[] = [];
    let late = 0;
    for (const [key, processes] of [...others].sort(([a], [b]) => sizeOf(b) - sizeOf(a) || a - b)) {
      if (now() > endMs) {
        late++;
        continue;
      }
      try {
        const visit = visitOne(key, processes, before.get(key));
        if (visit !== undefined) visited.set(key, visit);
      } catch (error) {
        errors.push(error);
      }
    }
    visits = visited;
    if (visited.size === 0 && errors.length > 0) throw errors[0];
    return errors.length + late;
  }

  /** Undefined if it has gone since its processes were listed. */
  function visitOne(key: number, processes: readonly NamespaceProcess[], before: Visit | undefined): Visit | undefined {
    let members = membersOf(processes);
    let failure: unknown;
    for (const { process } of members.slice(0, MOST_TRIES)) {
      // its pid can belong to a different process by now
      if (!cgroups.readAgain(process)) members = membersOf(processes);
      const folder = `${procfs}/${process.folder}`;
      try {
        const numbers = readNamespace(folder, key);
        if (numbers !== undefined) {
          const inum = before?.pid === process.pid ? before.inum : findInum(key, members);
          return { key, pid: process.pid, members, numbers, inum };
        }
        process.dueScrape = 0;
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  /** Of the first process that may be asked: there are some that not even root may look into. */
  function findInum(key: number, members: readonly Member[]): number | undefined {
    for (const { process } of members.slice(0, MOST_TRIES)) {
      const folder = `${procfs}/${process.folder}`;
      const inum = readInum(folder);
      if (inum !== undefined && namespaceKeyOf(folder) === key) return inum;
    }
    return undefined;
  }

  function membersOf(processes: readonly NamespaceProcess[]): Member[] {
    return rankMembers(processes.map((process) => ({ process, cgroup: cgroups.of(process) })));
  }

  /** Only those whose number no process has: that takes knowing the numbers of all. */
  function withoutProcess(
    names: ReadonlyMap<number, string>,
    withSockets: ReadonlySet<number>,
    others: number,
  ): Wish[] {
    const numbers = new Set([...visits.values()].map(({ inum }) => inum));
    const ownInum = readInum(self);
    if (numbers.has(undefined) || ownInum === undefined || numbers.size < others) return [];
    return [...new Set([...names.keys(), ...withSockets])]
      .filter((inum) => inum !== ownInum && !numbers.has(inum))
      .map((inum) => ({
        key: -inum, // beside the keys of those with a process
        wish: names.get(inum) ?? String(inum),
        namespace: '',
        pod: '',
        podUid: '',
        container: '',
        containerId: '',
        inum,
      }));
  }
}
