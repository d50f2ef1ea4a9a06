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

/** What a listener's socket had dropped when it was last seen, and the sum that includes it. */
interface Known {
  total: Total;
  drops: number;
  lastScrape: number;
}

/**
 * Adds up what the listeners of one address, port and process dropped (SO_REUSEPORT, restarts). It remembers the drops
 * of each socket: a closed socket's drops stay in the sum of the others, and a socket found first adds its whole past.
 * `table` has the owners, the given table has the drops of sockets with the same inodes; the kernel reuses an inode
 * only after 2^32 others.
 */
export function createListenerDropsTally(table: CountedTable, limit: number) {
  const sockets = new Map<number, Known>();
  const totals = new Map<string, Total>();
  let scrape = 0;

  return function countDrops(read: CountedTable): Pick<SocketCounts, 'listenerDrops'> {
    const dropsOf = dropsByOwner(read);
    if (dropsOf.size === 0 && table.listeners.length > 0) return {}; // this kernel does not say
    scrape++;
    for (const row of table.listeners) {
      const owner = table.words[row * ROW_WORDS + Word.owner]!;
      const known = sockets.get(owner);
      const drops = dropsOf.get(owner) ?? known?.drops; // one that closed in between keeps its last number
      if (owner !== 0 && drops !== undefined) note(row * ROW_WORDS, owner, known, drops);
    }
    forgetUnseen(sockets);
    forgetUnseen(totals);
    const { cells, folded } = keepLargest([...totals.values()], limit, dropsIn, ({ text }) => text);
    return { listenerDrops: { cells: cells.map(toCell), folded } };
  };

  function note(at: number, owner: number, known: Known | undefined, drops: number): void {
    const process = table.processNames.nameOf(table.words[at + Word.process]!);
    const total = known?.total.process === process ? known.total : totalOf(at, process);
    total.drops += drops - countedIn(total, known, drops);
    total.lastScrape = scrape;
    if (known === undefined) sockets.set(owner, { total, drops, lastScrape: scrape });
    else Object.assign(known, { total, drops, lastScrape: scrape });
  }

  /**
   * The part of a socket's drops that must not add to a total: nothing if one of them is new; its past if it had
   * another name.
   */
  function countedIn(total: Total, known: Known | undefined, drops: number): number {
    if (known === undefined || known.drops > drops) return 0;
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

function dropsByOwner({ words, listenDrops }: CountedTable): ReadonlyMap<number, number> {
  const drops = new Map<number, number>();
  for (const listener of listenDrops) drops.set(words[listener.row * ROW_WORDS + Word.owner]!, listener.drops);
  return drops;
}
