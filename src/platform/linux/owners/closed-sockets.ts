import type { Libc } from '../libc/libc.ts';
import { DONE, type FdLinks, GONE } from './fd-links.ts';
import { canKeep } from './owner-table.ts';
import type { ProcessRecord } from './process-table.ts';

/**
 * Effort per scrape, in links read and attributes requested, and the share that one process gets at a time. Listing a
 * descriptor counts less.
 */
const MOST_EFFORT = 4000;
const TURN = 1000;
const LISTED_EFFORT = 0.1;
/** Limits of descriptors, for one process and for all: above them there is no count. */
const MOST_FDS = 70_000;
const MOST_REMEMBERED = 200_000;
const ATTRIBUTE = Buffer.from('system.sockprotoname\0');
const PROTOCOLS: readonly string[] = ['TCP', 'TCPv6'];

/** Progress of the count of one process; a long one continues in the next scrape. */
interface Walk {
  fd: number;
  /** Sockets found so far that no table lists, by descriptor; and those of the previous walk. */
  unlisted: Map<number, number>;
  before: ReadonlyMap<number, number> | undefined;
  closed: number;
  result: number | undefined;
}

/**
 * What the count needs. `isListed`: whether a socket was in the last dump, which covers one network namespace;
 * `protocolOf`: the protocol of a socket.
 */
export interface ClosedSocketTools {
  readonly links: FdLinks;
  readonly isListed: (inode: number) => boolean;
  readonly isInDumpedNetwork: (folder: string) => boolean;
  readonly protocolOf: (folder: string, fd: number) => string | undefined;
}

/**
 * Counts the descriptors of each process whose TCP socket is closed: sockets that were in no dump during this walk
 * through the process, nor during the previous one. So a socket that is merely younger than the dump does not count.
 */
export function createClosedSocketCounter({ links, isListed, isInDumpedNetwork, protocolOf }: ClosedSocketTools) {
  let walks = new Map<ProcessRecord, Walk>();
  let turns = 0;

  /** `records`: exactly the processes to count. Undefined: unknown, or not yet. */
  return function countClosed(records: readonly { readonly record: ProcessRecord; readonly open: number }[]) {
    const wanted = records.filter(({ open }) => open <= MOST_FDS);
    walks = new Map(wanted.map(({ record }) => [record, walks.get(record) ?? startWalk()]));
    if (remembered() > MOST_REMEMBERED) walks.clear();
    let left = MOST_EFFORT;
    let todo = rotate([...walks], turns++);
    while (todo.length > 0 && left > 0) {
      todo = todo.filter(([record, walk]) => {
        if (left <= 0) return false;
        const { effort, isComplete } = advance(record, walk, Math.min(TURN, left));
        left -= effort;
        return !isComplete;
      });
    }
    return (record: ProcessRecord) => walks.get(record)?.result;
  };

  function remembered(): number {
    return [...walks.values()].reduce((sum, { unlisted, before }) => sum + unlisted.size + (before?.size ?? 0), 0);
  }

  /** Returns whether it reached the end of the process, or cannot continue there. */
  function advance(record: ProcessRecord, walk: Walk, most: number): { effort: number; isComplete: boolean } {
    const directory = walk.fd > 0 || isInDumpedNetwork(record.folder) ? links.open(record.folder) : GONE;
    if (directory < 0) {
      finish(walk, false);
      return { effort: 1, isComplete: true };
    }
    let effort = 1; // for opening it
    const stop = links.list(directory, walk.fd, (fd) => {
      if (effort >= most) return false;
      effort += look(record, walk, directory, fd);
      return true;
    });
    links.close(directory);
    if (stop >= 0) walk.fd = stop;
    else finish(walk, stop === DONE);
    return { effort, isComplete: stop < 0 };
  }

  /** Returns the effort. Skips descriptors known to hold a listed socket. */
  function look(record: ProcessRecord, walk: Walk, directory: number, fd: number): number {
    if (canKeep(record.held.get(fd))) return LISTED_EFFORT;
    const inode = links.linkOf(directory, fd);
    if (!canKeep(inode) || isListed(inode)) return 1;
    walk.unlisted.set(fd, inode);
    if (walk.before?.get(fd) !== inode) return 1;
    if (PROTOCOLS.includes(protocolOf(record.folder, fd) ?? '')) walk.closed++;
    return 2;
  }

  function finish(walk: Walk, isWhole: boolean): void {
    walk.result = isWhole && walk.before !== undefined ? walk.closed : undefined;
    walk.before = isWhole ? walk.unlisted : undefined;
    walk.unlisted = new Map();
    walk.closed = 0;
    walk.fd = 0;
  }
}

/**
 * Reads the protocol of a socket: the kernel names it in an attribute of the socket's inode (net/socket.c,
 * sockfs_xattr_get).
 */
export function createProtocolReader({ getxattr }: Libc, procfs: string): ClosedSocketTools['protocolOf'] {
  const value = Buffer.alloc(32); // struct proto.name has 32 bytes
  return function protocolOf(folder, fd) {
    const length = getxattr?.(Buffer.from(`${procfs}/${folder}/fd/${fd}\0`), ATTRIBUTE, value, value.length) ?? -1;
    return length <= 0 ? undefined : value.toString('latin1', 0, length - 1);
  };
}

function startWalk(): Walk {
  return { fd: 0, unlisted: new Map(), before: undefined, closed: 0, result: undefined };
}

function rotate<Item>(items: readonly Item[], by: number): Item[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
