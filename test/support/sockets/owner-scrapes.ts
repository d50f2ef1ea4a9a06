import { formatAddress } from '../../../src/model/ip-address.ts';
import { stateLabel } from '../../../src/model/tcp-state.ts';
import { type Libc, loadLibc } from '../../../src/platform/linux/libc/libc.ts';
import { ALL_SOCKETS } from '../../../src/platform/linux/netlink/dump-request.ts';
import { createSockDiagReader } from '../../../src/platform/linux/netlink/sock-diag.ts';
import { createSocketLookup } from '../../../src/platform/linux/netlink/socket-lookup.ts';
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
  const table = new SocketTable();
  const reader = createSockDiagReader(libc, ALL_SOCKETS);
  const lookup = createSocketLookup(libc);
  const owners = createOwnerResolver(counting, {
    procfs: '/proc',
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
    scrape,
    /** A scrape in two steps: between them the world goes on. */
    dump,
    findOwners,
    /** Like `scrape`, but only the names of the sockets on one local address, each as often as it has sockets. */
    namesAt: (localIp: string) => countNames(scrape().filter((socket) => socket.localIp === localIp)),
    readFds: owners.readFds,
    /** Links that the last scrape read in some processes: what else the machine runs comes and goes. */
    linksRead: (processes: readonly { readonly pid: number }[]) =>
      processes.reduce((sum, { pid }) => sum + (links.get(pid) ?? 0), 0),
    close() {
      reader.close();
      lookup.close();
    },
  };

  function scrape(): OwnedSocket[] {
    dump();
    return findOwners();
  }

  function dump(): void {
    table.turn();
    reader.read(table, { ...budget, deadlineMs: performance.now() + BUDGET_MS });
  }

  function findOwners(): OwnedSocket[] {
    links.clear();
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
