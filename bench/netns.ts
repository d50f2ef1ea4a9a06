// npm run bench:netns: what one reading of all network namespaces costs, beside reading the same files and nothing else. Needs root.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createNetnsReader } from '../src/platform/linux/netns/netns-reader.ts';

const NAMESPACES = 110;
const ROUNDS = 41;
const FILES = ['sockstat', 'sockstat6', 'snmp', 'netstat'];
const BUDGET = { deadlineMs: Number.POSITIVE_INFINITY, now: () => performance.now() };

const inhabitants = await Promise.all(Array.from({ length: NAMESPACES }, inhabit));
try {
  compare(inhabitants.map(({ pid }) => pid!));
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

async function inhabit(): Promise<ChildProcess> {
  const process = spawn('unshare', ['-n', 'sleep', '600'], { stdio: 'ignore' });
  await once(process, 'spawn');
  const own = readlinkSync('/proc/self/ns/net');
  while (readlinkSync(`/proc/${process.pid}/ns/net`) === own) await new Promise((resolve) => setTimeout(resolve, 5));
  return process;
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
