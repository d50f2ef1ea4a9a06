import assert from 'node:assert/strict';
import { formatAddress } from '../../../src/model/ip-address.ts';
import { stateLabel } from '../../../src/model/tcp-state.ts';
import { openKernelLinks } from '../../../src/platform/linux/fd-sources.ts';
import { type Libc, loadLibc } from '../../../src/platform/linux/libc/libc.ts';
import { ALL_SOCKETS } from '../../../src/platform/linux/netlink/dump-request.ts';
import { createSockDiagReader } from '../../../src/platform/linux/netlink/sock-diag.ts';
import { createSocketLookup } from '../../../src/platform/linux/netlink/socket-lookup.ts';
import type { FdLinks } from '../../../src/platform/linux/owners/fd-links.ts';
import { createOwnerResolver } from '../../../src/platform/linux/owners/owners.ts';
import type { Reason } from '../../../src/table/socket-row.ts';
import { SocketTable } from '../../../src/table/socket-table.ts';

/** Long enough for any machine: the tests that need a short time say so. */
const BUDGET_MS = 60_000;

/** One socket with an inode, and its process; undefined where none was found. */
export interface OwnedSocket {
  readonly state: string;
  readonly local: string;
  readonly localIp: string;
  readonly inode: number;
  readonly process: string | undefined;
  readonly reason: Reason;
}

/** Scrapes of this thread's network namespace up to the owners; tells how many links the last one read. */
export function createOwnerScrapes(budgetMs = BUDGET_MS) {
  const libc = loadLibc();
  const pids = new Map<number, number>();
  const links = new Map<number, number>();
  const counting: Libc = {
    ...libc,
    open(path, flags) {
      const fd = libc.open(path, flags);
      pids.set(fd, Number(/^\/proc\/(\d+)\//.exec(Buffer.from(path).toString('latin1'))?.[1]));
      return fd;
    },
    readlinkat(directory, ...call) {
      const pid = pids.get(directory)!;
      links.set(pid, (links.get(pid) ?? 0) + 1);
      return libc.readlinkat(directory, ...call);
    },
  };
  const byProcfs = createScrape(counting, budgetMs);
  const kernelLinks = openKernelLinks(libc, '/proc');
  const byKernel = kernelLinks && createScrape(libc, budgetMs, kernelLinks);
  const { dump } = byProcfs;

  return {
    scrape,
    /** A scrape in two steps: between them the world goes on. */
    dump,
    findOwners,
    namesAt,
    namesBy,
    readFds: byProcfs.readFds,
    /** Links that the last scrape read in some processes: what else the machine runs comes and goes. */
    linksRead: (processes: readonly { readonly pid: number }[]) =>
      processes.reduce((sum, { pid }) => sum + (links.get(pid) ?? 0), 0),
    close() {
      byProcfs.close();
      byKernel?.close();
      kernelLinks?.end?.();
    },
  };

  function scrape(): OwnedSocket[] {
    dump();
    return findOwners();
  }

  function findOwners(): OwnedSocket[] {
    links.clear();
    return byProcfs.findOwners();
  }

  /** Like `scrape`, but only the names of the sockets on one local address, each as often as it has sockets. Both readers must find the same. */
  function namesAt(localIp: string): Record<string, number> {
    const [names, ...others] = namesBy(localIp);
    for (const other of others) assert.deepEqual(other, names, 'by the program in the kernel');
    return names!;
  }

  /** By procfs, and by the program in the kernel where that can be loaded: what takes several scrapes may take one more in one of them. */
  function namesBy(localIp: string): readonly Record<string, number>[] {
    if (kernelLinks !== undefined) assert.equal(kernelLinks.source, 'bpf');
    return [{ scrape }, ...(byKernel === undefined ? [] : [byKernel])].map((by) =>
      countNames(by.scrape().filter((socket) => socket.localIp === localIp)),
    );
  }
}

/** Scrapes that find owners by these links, absent = those of procfs. */
function createScrape(libc: Libc, budgetMs: number, links?: FdLinks) {
  const table = new SocketTable();
  const reader = createSockDiagReader(libc, ALL_SOCKETS);
  const lookup = createSocketLookup(libc);
  const owners = createOwnerResolver(libc, {
    procfs: '/proc',
    ...(links && { links }),
    budgetMs,
    isPrivileged: true,
    lookup,
    // however many descriptors other programs of this machine have open
    limits: {
      linksAtOnce: Number.POSITIVE_INFINITY,
      linksPerSocket: Number.POSITIVE_INFINITY,
      linksForShrunk: Number.POSITIVE_INFINITY,
    },
  });
  const budget = { now: () => performance.now(), deadlineMs: Number.POSITIVE_INFINITY };

  return {
    scrape() {
      dump();
      return findOwners();
    },
    dump,
    findOwners,
    readFds: owners.readFds,
    close() {
      reader.close();
      lookup.close();
    },
  };

  function dump(): void {
    table.turn();
    reader.read(table, { ...budget, deadlineMs: performance.now() + BUDGET_MS });
  }

  function findOwners(): OwnedSocket[] {
    owners.resolve(table, budget);
    table.commit(); // for the tally
    return Array.from({ length: table.length }, (_, row) => socketOf(table, row)).filter(({ inode }) => inode !== 0);
  }
}

/** How many sockets each process has; `-` stands for none found. */
export function countNames(sockets: readonly OwnedSocket[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { process = '-' } of sockets) counts[process] = (counts[process] ?? 0) + 1;
  return counts;
}

function socketOf(table: SocketTable, number: number): OwnedSocket {
  const { addresses, processNames } = table;
  const row = table.rowAt(number);
  const localIp = formatAddress(addresses.wordsOf(row.localAddress));
  return {
    state: stateLabel(row.state),
    local: `${localIp}:${row.localPort}`,
    localIp,
    inode: row.owner >>> 0,
    process: row.process === 0 ? undefined : processNames.nameOf(row.process),
    reason: row.reason,
  };
}
