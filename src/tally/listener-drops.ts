import type { ListenerDropsCell, SocketCounts } from '../model/socket-counts.ts';
import { localPortOf, ROW_WORDS, Word } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import { keepLargest } from './counting/largest-values.ts';

/** The sum of one label set. */
interface Total extends ListenerDropsCell {
  readonly text: string;
  drops: number;
  readonly firstScrape: number;
  lastScrape: number;
}

/** What a listener's socket had dropped when it was last seen, its `sk_drops` then, and the sum that includes it. */
interface Known {
  total: Total;
  drops: number;
  segments: number;
  /** What its `sk_drops` last grew by and nobody knows what it was: a part may be among the next ListenDrops. */
  waiting: number;
  lastScrape: number;
}

/** A listener's row, its `sk_drops` now, and what of that has not been told for certain yet. */
interface Told {
  readonly at: number;
  readonly owner: number;
  readonly known: Known | undefined;
  readonly segments: number;
  readonly grown: number;
}

/**
 * Adds up what the listeners of one address, port and process dropped (SO_REUSEPORT, restarts). It remembers the drops
 * of each socket: a closed socket's drops stay in the sum of the others, and a socket found first adds its whole past.
 * `table` has the owners, the given table has the drops of sockets with the same inodes; the kernel reuses an inode
 * only after 2^32 others.
 *
 * The kernel raises `sk_drops` of a listener with ListenDrops for a connection that it drops, and alone for segments that cost none: the bare ACK
 * with TCP_DEFER_ACCEPT, a retransmitted SYN, a reset of a half-open request (tcp_rcv_state_process(), tcp_check_req()). A listener has dropped for
 * certain what of ListenDrops cannot be another one's; nothing where one has ended since the last scrape, which may have dropped all of it.
 */
export function createListenerDropsTally(table: CountedTable, limit: number) {
  const sockets = new Map<number, Known>();
  const totals = new Map<string, Total>();
  let scrape = 0;
  /** ListenDrops before the listeners were read last, and how many of the last ones were no listener's for certain. */
  let last: number | undefined;
  let unclaimed = 0;

  /** `listenDrops`: ListenDrops of /proc/net/netstat, read before the listeners; what comes in between is told in the next scrape. */
  return function countDrops(read: CountedTable, listenDrops: number | undefined): Pick<SocketCounts, 'listenerDrops'> {
    const segmentsOf = segmentsByOwner(read);
    if (listenDrops === undefined || (segmentsOf.size === 0 && table.listeners.length > 0)) return {}; // this kernel does not say
    scrape++;
    const told = table.listeners.flatMap((row) => toTold(row, segmentsOf));
    const certain = certainDrops(told, listenDrops);
    for (const [index, each] of told.entries()) note(each, certain?.[index]);
    forgetUnseen(sockets);
    forgetUnseen(totals);
    const { cells, folded } = keepLargest([...totals.values()], limit, dropsIn, ({ text }) => text);
    return { listenerDrops: { cells: cells.map(toCell), folded } };
  };

  function toTold(row: number, segmentsOf: ReadonlyMap<number, number>): Told[] {
    const owner = table.words[row * ROW_WORDS + Word.owner]!;
    const known = sockets.get(owner);
    const segments = segmentsOf.get(owner) ?? known?.segments; // one that closed in between keeps its last number
    if (owner === 0 || segments === undefined) return [];
    const before = known === undefined || known.segments > segments ? 0 : known.segments; // a counter that fell is that of a new socket
    return [{ at: row * ROW_WORDS, owner, known, segments, grown: segments - before }];
  }

  /** Of each listener; undefined = this scrape cannot tell. */
  function certainDrops(told: readonly Told[], listenDrops: number): readonly number[] | undefined {
    const dropped = last === undefined ? undefined : listenDrops - last;
    last = listenDrops;
    const stayed = told.filter(({ known }) => known !== undefined).length;
    if (dropped === undefined || stayed < sockets.size) {
      unclaimed = 0;
      return undefined;
    }
    const grown = told.map((each) => each.grown + (each.known?.waiting ?? 0));
    const all = sumOf(grown);
    const certain = grown.map((each) => Math.min(each, Math.max(0, dropped + unclaimed - (all - each))));
    unclaimed = Math.min(dropped, dropped + unclaimed - sumOf(certain));
    return certain;
  }

  function note({ at, owner, known, segments, grown }: Told, certain: number | undefined): void {
    const process = table.processNames.nameOf(table.words[at + Word.process]!);
    const total = known?.total.process === process ? known.total : totalOf(at, process);
    const drops = (known?.drops ?? 0) + (certain ?? 0);
    total.drops += drops - countedIn(total, known);
    total.lastScrape = scrape;
    const waiting = certain === undefined ? 0 : Math.min(grown, grown + (known?.waiting ?? 0) - certain);
    const now = { total, drops, segments, waiting, lastScrape: scrape };
    if (known === undefined) sockets.set(owner, now);
    else Object.assign(known, now);
  }

  /**
   * The part of a socket's drops that must not add to a total: nothing if one of them is new; its past if it had
   * another name.
   */
  function countedIn(total: Total, known: Known | undefined): number {
    if (known === undefined) return 0;
    return total === known.total || total.firstScrape < scrape ? known.drops : 0;
  }

  function totalOf(at: number, process: string): Total {
    const { words, addresses } = table;
    const localIp = addresses.textOf(words[at + Word.localAddress]!);
    const localPort = localPortOf(words, at);
    const text = `${String(localPort).padStart(5, '0')} ${localIp} ${process}`;
    const known = totals.get(text);
    if (known !== undefined) return known;
    const total: Total = { localIp, localPort, process, text, drops: 0, firstScrape: scrape, lastScrape: scrape };
    totals.set(text, total);
    return total;
  }

  function forgetUnseen<Key>(entries: Map<Key, { readonly lastScrape: number }>): void {
    for (const [key, { lastScrape }] of entries) if (lastScrape < scrape) entries.delete(key);
  }
}

function dropsIn({ drops }: Total): number {
  return drops;
}

function toCell({ localIp, localPort, process, drops }: Total): ListenerDropsCell {
  return { localIp, localPort, process, drops };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function segmentsByOwner({ words, listenDrops }: CountedTable): ReadonlyMap<number, number> {
  const segments = new Map<number, number>();
  for (const listener of listenDrops) segments.set(words[listener.row * ROW_WORDS + Word.owner]!, listener.drops);
  return segments;
}
