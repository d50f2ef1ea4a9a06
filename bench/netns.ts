// npm run bench:netns: what one reading of all network namespaces costs, beside reading the same files and nothing else; and what the walk in the
// kernel costs for the own one, for all, and counting those of the others. Needs root. `-- --sockets=100`: in each of them.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createNamespaceCounting } from '../src/collector/counting-namespaces.ts';
import { DEFAULT_LIMITS } from '../src/model/limits.ts';
import type { NetnsCounts } from '../src/model/netns.ts';
import { readHz } from '../src/platform/linux/bpf/jiffies.ts';
import { KernelWalk, loadWalk } from '../src/platform/linux/bpf/kernel-walk.ts';
import { createWalkReader, EVERY_SOCKET } from '../src/platform/linux/bpf/walk-reader.ts';
import { createNetnsReader } from '../src/platform/linux/netns/netns-reader.ts';
import type { SocketReader } from '../src/platform/platform.ts';
import { OtherNamespaces } from '../src/table/other-namespaces.ts';
import { SocketTable } from '../src/table/socket-table.ts';
import { makeNetworkNamespace } from '../test/support/sockets/network-namespace.ts';
import { createRawSockets } from '../test/support/sockets/raw-sockets.ts';

const NAMESPACES = 110;
const ROUNDS = 41;
const FILES = ['sockstat', 'sockstat6', 'snmp', 'netstat'];
const BUDGET = { deadlineMs: Number.POSITIVE_INFINITY, now: () => performance.now() };

const sockets = Number(/^--sockets=(\d+)$/.exec(process.argv[2] ?? '')?.[1] ?? 0);
const raw = createRawSockets();
const inhabitants = Array.from({ length: NAMESPACES }, inhabit);
try {
  const pids = inhabitants.map(({ pid }) => pid!);
  compare(pids);
  compareWalks(pids);
} finally {
  for (const process of inhabitants) process.kill('SIGKILL');
}

/** In one run, by turns: the machine is the same for both. CPU time, because others may use it too. */
function compare(pids: readonly number[]): void {
  const reader = createNetnsReader({ procfs: '/proc', kubeletLogs: '/var/log' })!;
  const read: number[] = [];
  const files: number[] = [];
  let found = 0;
  for (let round = 0; round < ROUNDS; round++) {
    read.push(
      cpuMs(() => {
        found = reader.read(BUDGET).read.length;
      }),
    );
    files.push(
      cpuMs(() => {
        for (const pid of pids) for (const file of FILES) readFileSync(`/proc/${pid}/net/${file}`, 'latin1');
      }),
    );
  }
  const processes = readdirSync('/proc').filter((name) => /^\d/.test(name)).length;
  console.log(
    `${found} namespaces, ${processes} processes; CPU time, median of ${ROUNDS} rounds (the first in brackets)`,
  );
  console.log(`a reading                 ${median(read).toFixed(2)} ms (${read[0]!.toFixed(2)} ms)`);
  console.log(`its files, with readFile  ${median(files).toFixed(2)} ms (${files[0]!.toFixed(2)} ms)`);
}

/** By the program in the kernel, by turns. Sockets of other sessions of the machine are read as well. */
function compareWalks(pids: readonly number[]): void {
  const walk = new KernelWalk(loadWalk());
  const hz = readHz(walk, '/proc');
  const [alone, wide] = [createWalkReader(walk, EVERY_SOCKET, hz), createWalkReader(walk, EVERY_SOCKET, hz)];
  const [own, ownBeside, others] = [new SocketTable(), new SocketTable(), new OtherNamespaces()];
  const count = createNamespaceCounting(DEFAULT_LIMITS);
  const netns = namedByNumber(pids.map((pid) => statSync(`/proc/${pid}/ns/net`).ino));
  const costs: Record<'alone' | 'all' | 'counting', number[]> = { alone: [], all: [], counting: [] };
  for (let round = 0; round < ROUNDS; round++) {
    costs.alone.push(cpuMs(() => readInto(alone, own)));
    others.reset();
    costs.all.push(cpuMs(() => readInto(wide, ownBeside, others)));
    costs.counting.push(cpuMs(() => void count(others, netns)));
  }
  walk.close();
  console.log(`${own.length} sockets here, ${others.table.length} in ${others.byNumber.size} other namespaces`);
  console.log(`the walk, own sockets     ${median(costs.alone).toFixed(2)} ms`);
  console.log(`the walk, all sockets     ${median(costs.all).toFixed(2)} ms`);
  console.log(`counting those of others  ${median(costs.counting).toFixed(2)} ms`);
}

function readInto(reader: SocketReader, table: SocketTable, others?: OtherNamespaces): void {
  table.turn();
  reader.read(table, BUDGET, others);
  table.commit();
}

function namedByNumber(inums: readonly number[]): NetnsCounts {
  const nobody = { namespace: '', pod: '', podUid: '', container: '', containerId: '' };
  const cells = inums.map((inum) => ({ ...nobody, netns: String(inum), inum, numbers: { inUse: 0, timeWait: 0 } }));
  return { cells, folded: 0, failed: 0, withoutProcess: [], withoutProcessCount: 0 };
}

/** A network namespace with a process, and with as many sockets as are asked for, connected among themselves. */
function inhabit(): ChildProcess {
  const namespace = makeNetworkNamespace();
  return namespace.within(() => {
    if (sockets > 0) {
      const listener = raw.listen('127.0.0.1', 8000);
      for (let made = 0; made < sockets; made += 2) {
        raw.connect(raw.open('127.0.0.1'), '127.0.0.1', 8000);
        raw.accept(listener);
      }
    }
    return spawn('sleep', ['600'], { stdio: 'ignore' });
  });
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
