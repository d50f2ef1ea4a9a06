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
  lastScrape: number;
}

/** A listener's row, and its `sk_drops` now. */
interface Told {
  readonly at: number;
  readonly owner: number;
  readonly known: Known | undefined;
  readonly segments: number;
}

/** Connections that all listeners of the network namespace have dropped since it began (ListenDrops of /proc/net/netstat). */
export interface HostDrops {
  /** Before this scrape's listeners were read. */
  readonly before: number;
  /** Now; undefined if that cannot be read. */
  readonly now: () => number | undefined;
}

/**
 * Adds up what the listeners of one address, port and process dropped (SO_REUSEPORT, restarts). It remembers the drops
 * of each socket: a closed socket's drops stay in the sum of the others, and a socket found first adds its whole past.
 * `table` has the owners, the given table has the drops of sockets with the same inodes; the kernel reuses an inode
 * only after 2^32 others.
 *
 * The kernel raises `sk_drops` of a listener with ListenDrops for a connection that it drops, and alone for segments that cost none: the bare ACK
 * with TCP_DEFER_ACCEPT, a retransmitted SYN, a reset of a half-open request (tcp_rcv_state_process(), tcp_check_req()). A listener has dropped for
 * certain what of ListenDrops is not the others'.
 */
export function createListenerDropsTally(table: CountedTable, limit: number) {
  const sockets = new Map<number, Known>();
  const totals = new Map<string, Total>();
  let scrape = 0;
  /** ListenDrops before the listeners were read whose `sk_drops` are known. */
  let before = 0;
  /** Of ListenDrops, what was some listener's for certain. */
  let counted = 0;

  return function countDrops(read: CountedTable, host: HostDrops | undefined): Pick<SocketCounts, 'listenerDrops'> {
    const segmentsOf = segmentsByOwner(read);
    if (host === undefined || (segmentsOf.size === 0 && table.listeners.length > 0)) return {}; // this kernel does not say
    scrape++;
    const told = table.listeners.flatMap((row): Told[] => {
      const owner = table.words[row * ROW_WORDS + Word.owner]!;
      const known = sockets.get(owner);
      const segments = segmentsOf.get(owner) ?? known?.segments; // one that closed in between keeps its last number
      return owner === 0 || segments === undefined ? [] : [{ at: row * ROW_WORDS, owner, known, segments }];
    });
    const drops = certainDrops(told.map(growthOf), host);
    for (const [index, each] of told.entries()) note(each, drops?.[index]);
    forgetUnseen(sockets);
    forgetUnseen(totals);
    const { cells, folded } = keepLargest([...totals.values()], limit, dropsIn, ({ text }) => text);
    return { listenerDrops: { cells: cells.map(toCell), folded } };
  };

  /** What each has dropped since the last scrape that could tell. Undefined if this one cannot. */
  function certainDrops(grown: readonly number[], host: HostDrops): readonly number[] | undefined {
    const all = grown.reduce((sum, each) => sum + each, 0);
    const now = all === 0 ? host.before : host.now();
    if (now === undefined) return undefined;
    const drops = now - Math.max(before, counted); // what came while the last ones were read may be counted already
    before = host.before;
    const certain = grown.map((each) => Math.min(each, Math.max(0, drops - (all - each))));
    counted += certain.reduce((sum, each) => sum + each, 0);
    return certain;
  }

  /** `dropped`: since the last scrape that could tell; undefined if this one cannot, and what it grew by waits. */
  function note({ at, owner, known, segments }: Told, dropped: number | undefined): void {
    const process = table.processNames.nameOf(table.words[at + Word.process]!);
    const total = known?.total.process === process ? known.total : totalOf(at, process);
    const drops = (known?.drops ?? 0) + (dropped ?? 0);
    total.drops += drops - countedIn(total, known);
    total.lastScrape = scrape;
    const now = {
      total,
      drops,
      segments: dropped === undefined ? (known?.segments ?? 0) : segments,
      lastScrape: scrape,
    };
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

/** A counter that fell is that of a new socket. */
function growthOf({ known, segments }: Told): number {
  return known === undefined || known.segments > segments ? segments : segments - known.segments;
}

function segmentsByOwner({ words, listenDrops }: CountedTable): ReadonlyMap<number, number> {
  const segments = new Map<number, number>();
  for (const listener of listenDrops) segments.set(words[listener.row * ROW_WORDS + Word.owner]!, listener.drops);
  return segments;
}
