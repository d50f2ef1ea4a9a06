import { spawn } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { findCgroupMount } from '../../src/platform/linux/cgroups/cgroup-mount.ts';
import { sumByState } from '../../test/support/pages/exact-sums.ts';
import type { ParsedFamily } from '../../test/support/pages/exposition-parser.ts';
import { addPodLogs, containerIdOf, podCgroups, uidOf } from '../../test/support/sockets/fake-pods.ts';
import { inGroup } from '../../test/support/sockets/own-cgroups.ts';
import { createSocketPuppets } from '../../test/support/sockets/socket-puppets.ts';

type Page = ReadonlyMap<string, ParsedFamily>;

/** Pods at a time, and how long they stay. */
export const PODS = 20;
const [LEAST_MS, MOST_MS] = [3000, 40_000];
/** Scrapes until all is known of a new pod, and until nothing is told of one that ended: the kernel takes a namespace down in the background. */
const SETTLED = 5;
const GONE = 10;
const MOST_TRIES = 600;
const NETWORK = 'ip link set lo up; ip route add local 10.0.0.0/8 dev lo; exec "$@"';

interface Pod {
  readonly netns: string;
  readonly process: string;
  /** Connections to itself: each has two ends. */
  readonly connections: number;
  /** Scrapes that began since it was complete, or since it ended. */
  scrapes: number;
}

export interface Pods {
  /** The kubelet's folder. */
  readonly logs: string;
  /** Aborted once they cannot go on. */
  readonly signal: AbortSignal;
  /** To be called before each scrape. */
  begin(): void;
  /** What a page tells wrong of them. */
  findWrong(page: Page): readonly string[];
  /** Ends them. */
  quit(): Promise<{ readonly came: number; readonly went: number; readonly judged: number }>;
}

/** Lets pods, each a process in a network namespace and a cgroup of its own, come and go; and namespaces that are nobody's. */
export async function startPods(): Promise<Pods> {
  const directory = findCgroupMount('/proc', '/sys')!.directory;
  const base = join(directory, `tcpstate-soak-${process.pid}`);
  const logs = mkdtempSync(join(tmpdir(), 'tcpstate-soak-'));
  const atEnd: (() => Promise<void>)[] = [];
  const puppets = createSocketPuppets({
    after: (end: () => Promise<void>) => atEnd.push(end),
  } as unknown as TestContext);
  const stopping = new AbortController();
  setMaxListeners(PODS, stopping.signal);
  const present = new Set<Pod>();
  const ended = new Set<Pod>();
  const counts = { came: 0, went: 0, judged: 0 };
  let watched: readonly Pod[] = [];
  mkdirSync(base);
  // a failure ends all of it at once, and quit() throws it
  const stopAt = (work: Promise<void>) => work.finally(() => stopping.abort());
  const all = Promise.allSettled([...Array.from({ length: PODS }, liveOneByOne), passBy()].map(stopAt));
  let quitting: Promise<typeof counts> | undefined;

  return {
    logs,
    signal: stopping.signal,
    begin() {
      for (const pod of [...present, ...ended]) pod.scrapes++;
      watched = [...present].filter(({ scrapes }) => scrapes > SETTLED);
      for (const pod of ended) if (pod.scrapes > 2 * GONE) ended.delete(pod);
    },
    findWrong: (page) => [
      ...wrongSums(page),
      ...watched.filter((pod) => present.has(pod)).flatMap((pod) => wrongOf(page, pod)),
      ...ghosts(page),
    ],
    quit: () => (quitting ??= quit()),
  };

  async function quit() {
    stopping.abort();
    const failure = (await all).find((result) => result.status === 'rejected');
    for (const end of atEnd) await end();
    await removeGroups(base);
    rmSync(logs, { recursive: true });
    if (failure !== undefined) throw failure.reason;
    return counts;
  }

  async function liveOneByOne(): Promise<void> {
    while (!stopping.signal.aborted) {
      const leave = await come(++counts.came);
      const stayMs = LEAST_MS + Math.random() * (MOST_MS - LEAST_MS);
      await delay(stayMs, undefined, { signal: stopping.signal }).catch(() => {});
      await leave();
      counts.went++;
    }
  }

  /** Returns what ends it. */
  async function come(number: number): Promise<() => Promise<void>> {
    const name = { namespace: 'soak', pod: `pod-${number}` };
    const [uid, containerId] = [uidOf(number), containerIdOf(number)];
    const groups = podCgroups(uid, [containerId]).map((path) => join(base, path));
    for (const group of groups) mkdirSync(group);
    addPodLogs(logs, name, uid, { app: containerId });
    const process = `app-${number}`;
    const puppet = await puppets.start(process, [
      ...inGroup(groups.at(-1)!),
      'unshare',
      '-n',
      'sh',
      '-ec',
      NETWORK,
      'sh',
    ]);
    const connections = 3 + (number % 17);
    await puppet.tell('listen 10.0.0.1 8080');
    for (let made = 0; made < connections; made++) await puppet.tell('connect 10.0.0.1 8080');
    const pod: Pod = { netns: `${name.namespace}/${name.pod}`, process, connections, scrapes: 0 };
    present.add(pod);
    return async () => {
      present.delete(pod);
      await puppet.end();
      pod.scrapes = 0;
      ended.add(pod);
      await removeGroups(groups[0]!);
    };
  }

  /** Namespaces that end before anybody knows them. */
  async function passBy(): Promise<void> {
    while (!stopping.signal.aborted) {
      await once(spawn('unshare', ['-n', 'sleep', '0.2'], { stdio: 'ignore' }), 'exit');
      await delay(300);
    }
  }

  function wrongOf(page: Page, { netns, process, connections }: Pod): string[] {
    counts.judged++;
    const of = (metric: string, labels: Readonly<Record<string, string>>) =>
      (page.get(metric)?.samples ?? [])
        .filter((sample) => Object.entries(labels).every(([key, text]) => sample.labels[key] === text))
        .reduce((sum, { value }) => sum + value, 0);
    const sockets = {
      established: of('tcpstate_netns_sockets', { netns, state: 'established' }),
      listen: of('tcpstate_netns_sockets', { netns, state: 'listen' }),
      owned: of('tcpstate_netns_connections', { netns, state: 'established', container: 'app', process }),
    };
    const expected = { established: 2 * connections, listen: 1, owned: 2 * connections };
    return isDeepStrictEqual(sockets, expected)
      ? []
      : [`${netns}: ${JSON.stringify(sockets)} instead of ${JSON.stringify(expected)}`];
  }

  function ghosts(page: Page): string[] {
    const shown = new Set(page.get('tcpstate_netns_info')?.samples.map(({ labels }) => labels.netns));
    return [...ended]
      .filter(({ netns, scrapes }) => scrapes > GONE && shown.has(netns))
      .map(({ netns }) => `${netns} has ended`);
  }
}

function wrongSums(page: Page): string[] {
  const { listen: _listen, bound: _bound, ...withPeers } = sumByState(page.get('tcpstate_netns_sockets'));
  const sums = sumByState(page.get('tcpstate_netns_connections'));
  return isDeepStrictEqual(sums, withPeers)
    ? []
    : [`tcpstate_netns_connections ${JSON.stringify(sums)} of ${JSON.stringify(withPeers)}`];
}

/** With those in it. A group is empty a moment after its last process has ended. */
async function removeGroups(directory: string): Promise<void> {
  const inside = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of inside) await removeGroups(join(directory, name));
  for (let tries = 1; ; tries++) {
    try {
      rmdirSync(directory);
      return;
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
      await delay(50);
    }
  }
}
