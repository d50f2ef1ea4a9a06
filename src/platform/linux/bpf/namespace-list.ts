import type { EphemeralRules, TimeWaitReuse } from '../../../model/ephemeral-rules.ts';
import type { PortInterval } from '../../../model/port-range.ts';
import { KERNEL_ROW_WORDS, type KernelWalk, Table } from './kernel-walk.ts';

/** struct namespace of c/walk.bpf.c, in words. */
const Namespace = { inum: 0, range: 1, reuse: 2, reuseDelay: 4, table: 5 } as const;

/** TCP_TIMEWAIT_LEN of include/net/tcp.h. */
const TIME_WAIT_MS = 60_000;
/** How long a port waits before connect() takes it over, where there is no tcp_tw_reuse_delay (before 6.14). */
const DEFAULT_REUSE_DELAY_MS = 1000;

/** A network namespace of the host, as the kernel lists it. */
export interface ListedNamespace {
  /** The number in `net:[…]`. */
  readonly inum: number;
  /** First and last port that it hands out; undefined if this kernel does not tell. */
  readonly range: PortInterval | undefined;
  readonly timeWaitReuse: TimeWaitReuse;
  /** Namespaces with the same number have one table of connections. */
  readonly table: number;
}

/** MOST_NAMESPACES of c/walk.bpf.c, with the head of the kernel's list. */
const MOST_NAMESPACES = 4096 - 1;

/** Every network namespace of the host, that of the calling thread first; none where the kernel does not tell, or not of all. */
export function listNamespaces(walk: KernelWalk): readonly ListedNamespace[] {
  const listed: ListedNamespace[] = [];
  walk.read(Table.namespaces, 0, ({ words, firstRow, length }) => {
    for (let index = 0; index < length; index++) {
      const at = firstRow + index * KERNEL_ROW_WORDS;
      const range = words[at + Namespace.range]!;
      listed.push({
        inum: words[at + Namespace.inum]! >>> 0,
        range: range === 0 ? undefined : { first: range & 0xffff, last: range >>> 16 },
        timeWaitReuse: toReuse(words, at),
        table: words[at + Namespace.table]!,
      });
    }
  });
  return listed.length < MOST_NAMESPACES ? listed : [];
}

/** As `readEphemeralRules` of procfs, which shows the reader's own namespace only. Throws NamespaceEnded. */
export function readNamespaceRules(
  walk: KernelWalk,
  { inum, range, timeWaitReuse }: ListedNamespace,
): EphemeralRules | undefined {
  if (range === undefined) return undefined;
  const ephemeral = { ...range, excluded: intervalsOf(walk.readReservedPorts(inum)) };
  return {
    ranges: { ipv4: ephemeral, ipv6: ephemeral },
    heldAgainst: 'destination',
    timeWaitReuse,
    timeWaitMs: TIME_WAIT_MS,
  };
}

/** The rules of tcp_twsk_unique() in net/ipv4/tcp_ipv4.c; each connection tells whether it had timestamps. */
function toReuse(words: Int32Array, at: number): TimeWaitReuse {
  const reuse = words[at + Namespace.reuse]!;
  const afterMs = words[at + Namespace.reuseDelay]! || DEFAULT_REUSE_DELAY_MS;
  return { scope: reuse === 0 ? 'never' : reuse === 2 ? 'loopback' : 'always', afterMs };
}

function intervalsOf(isReserved: Uint8Array | undefined): readonly PortInterval[] {
  if (isReserved === undefined) return [];
  const intervals: PortInterval[] = [];
  for (let first = isReserved.indexOf(1); first >= 0; ) {
    const end = isReserved.indexOf(0, first);
    intervals.push({ first, last: (end < 0 ? isReserved.length : end) - 1 });
    first = end < 0 ? -1 : isReserved.indexOf(1, end);
  }
  return intervals;
}
