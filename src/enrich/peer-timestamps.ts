import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import { TcpState } from '../model/tcp-state.ts';
import { isInbound, type PortClasses } from '../table/port-classes.ts';
import { Flag, hasFlag, ROW_WORDS, remotePortOf, stateOf, Word } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';

/** Whether the connection of a row uses TCP timestamps; undefined if it is gone or the kernel does not answer. */
export type AskPeer = (row: number) => boolean | undefined;

/**
 * Destinations are first counted in buckets; those of a bucket with less than this share of the sockets are skipped.
 */
const BUCKETS = 4096;
const SHARES = 256;
const MOST_DESTINATIONS = 1024;
/**
 * Scrapes until the exporter asks about a connection of the same destination again, and until it forgets what it found.
 */
const ASK_EVERY = 4;
const FORGET_AFTER = 40;
/**
 * If a destination had this share of the range in TIME_WAIT in two consecutive scrapes and so many new connections,
 * some would have taken a port over.
 */
const CROWDED = 0.75;
const MANY_OPENED = 8;

interface Destination {
  readonly key: string;
  /** Sockets in TIME_WAIT, and the new ones among them. */
  waiting: number;
  opened: number;
  /** Those that replaced a socket which had time left, or whose time restarted because a FIN came again. */
  renewed: number;
  /** Local address of the first one, and whether all share it. */
  readonly local: number;
  hasOneLocal: boolean;
  /** The row of an open connection, −1 = none. */
  live: number;
}

interface Known {
  readonly usesTimestamps: boolean;
  readonly scrape: number;
}

interface Judgement {
  /** So many sockets in TIME_WAIT are most of the range. */
  readonly crowd: number;
  /** Whether the kernel took some ports over while only this destination had any waiting. */
  readonly isAlone: boolean;
  readonly areRenewalsTakeOvers: boolean;
  readonly ask: AskPeer | undefined;
}

/** The other facts of a scrape. */
export interface Evidence {
  readonly rules: EphemeralRules;
  readonly classes: PortClasses;
  /** connect() takes a port over if less time than this is left. */
  readonly belowMs: number;
  readonly ask: AskPeer | undefined;
  /** TIME_WAIT sockets taken over since boot (TcpExt TWRecycled and the like); undefined if unknown. */
  readonly takenOver: number | undefined;
}

/**
 * Finds out which peers use TCP timestamps, by destination (remote address and port), and remembers it for a while. A
 * destination uses them if
 * - TIME_WAIT sockets replaced others, and the kernel took over at least half as many ports; or
 * - the kernel took some over while only this destination had any waiting, far from its limit; or
 * - the kernel says that an open connection has agreed on them.
 *
 * It does not use them if none was taken over although most ports were waiting and new connections were opened.
 */
export function createPeerTimestamps(table: SocketTable) {
  const known = new Map<string, Known>();
  let crowded: ReadonlySet<string> = new Set();
  let takenOverBefore: number | undefined;
  let scrape = 0;

  return { learn };

  /** Answers for TIME_WAIT rows, by where they begin. */
  function learn(evidence: Evidence): (at: number) => boolean {
    const { rules, classes, takenOver } = evidence;
    scrape++;
    for (const [key, entry] of known) if (scrape - entry.scrape > FORGET_AFTER) known.delete(key);
    const { destinations, waitingOfAll } = findDestinations(evidence);
    const all = [...destinations.values()];
    const crowd = CROWDED * Math.min(...Object.values(rules.ranges).map(({ first, last }) => last - first + 1));
    const grown = takenOver === undefined ? 0 : takenOver - (takenOverBefore ?? takenOver);
    takenOverBefore = takenOver ?? takenOverBefore;
    const areRenewalsTakeOvers = all.reduce((sum, { renewed }) => sum + renewed, 0) <= grown * 2; // a FIN may come again
    const waiting = all.reduce((sum, each) => sum + each.waiting, 0);
    const using = new Set<number>();
    for (const [id, destination] of destinations) {
      if (destination.waiting === 0) continue;
      const isAlone = grown > 0 && destination.waiting === waiting && waiting === waitingOfAll;
      judge(destination, { crowd, isAlone, areRenewalsTakeOvers, ask: evidence.ask });
      if (known.get(destination.key)?.usesTimestamps) using.add(id);
    }
    crowded = new Set(all.filter((each) => each.waiting >= crowd).map(({ key }) => key));
    return (at) => using.size > 0 && using.has(idOf(at)) && !isInbound(table.words, at, classes);
  }

  function judge({ key, waiting, opened, renewed, live, hasOneLocal }: Destination, evidence: Judgement): void {
    const { crowd, isAlone, areRenewalsTakeOvers, ask } = evidence;
    const note = (usesTimestamps: boolean) => known.set(key, { usesTimestamps, scrape });
    const isCrowded = waiting >= crowd;
    // near the limit a single one proves nothing: nearly all new connections would have taken a port over
    const hasTakenOver =
      areRenewalsTakeOvers && renewed > 0 && (!isCrowded || renewed >= Math.max(MANY_OPENED, opened));
    if (hasTakenOver || (isAlone && !isCrowded)) return void note(true);
    const isStuck = hasOneLocal && crowded.has(key) && isCrowded && opened >= MANY_OPENED;
    const isDue = scrape - (known.get(key)?.scrape ?? Number.NEGATIVE_INFINITY) >= ASK_EVERY;
    const answer = live >= 0 && (isStuck || isDue) ? ask?.(live) : undefined;
    if (answer !== undefined) note(answer);
    else if (isStuck) note(false);
  }

  /** The destinations that most of the sockets which have waited long enough belong to. */
  function findDestinations({ classes, belowMs }: Evidence): {
    readonly destinations: ReadonlyMap<number, Destination>;
    /** Outbound sockets in TIME_WAIT, those of all destinations. */
    readonly waitingOfAll: number;
  } {
    const destinations = new Map<number, Destination>();
    const buckets = new Int32Array(BUCKETS);
    const { words } = table;
    const end = table.length * ROW_WORDS;
    let total = 0;
    let waitingOfAll = 0;
    for (let at = 0; at < end; at += ROW_WORDS) {
      if (!isWaiting(at) || isInbound(words, at, classes)) continue;
      waitingOfAll++;
      if (words[at + Word.milliseconds]! >= belowMs) continue;
      buckets[bucketOf(at)]!++;
      total++;
    }
    const least = Math.max(1, total / SHARES);
    for (let at = 0; at < end; at += ROW_WORDS) {
      if (buckets[bucketOf(at)]! < least || isInbound(words, at, classes)) continue;
      const destination = entryOf(destinations, at);
      if (destination !== undefined) count(destination, at);
    }
    return { destinations, waitingOfAll };
  }

  function entryOf(destinations: Map<number, Destination>, at: number): Destination | undefined {
    const id = idOf(at);
    const found = destinations.get(id);
    if (found !== undefined || destinations.size === MOST_DESTINATIONS) return found;
    const key = `${table.addresses.textOf(table.words[at + Word.remoteAddress]!)} ${remotePortOf(table.words, at)}`;
    const local = table.words[at + Word.localAddress]!;
    const created: Destination = { key, waiting: 0, opened: 0, renewed: 0, local, hasOneLocal: true, live: -1 };
    destinations.set(id, created);
    return created;
  }

  function count(destination: Destination, at: number): void {
    const { words } = table;
    if (!isWaiting(at)) {
      if (words[at + Word.owner] !== 0 && stateOf(words, at) !== TcpState.synSent) destination.live = at / ROW_WORDS;
      return;
    }
    destination.waiting++;
    if (words[at + Word.localAddress] !== destination.local) destination.hasOneLocal = false;
    if (hasFlag(words, at, Flag.uncounted)) destination.opened++;
    if (!hasFlag(words, at, Flag.renewed)) return;
    destination.renewed++;
    table.clearRenewed(at / ROW_WORDS);
  }

  function isWaiting(at: number): boolean {
    return stateOf(table.words, at) === TcpState.timeWait;
  }

  /** One number for remote address and port, below 2⁵³. */
  function idOf(at: number): number {
    return table.words[at + Word.remoteAddress]! * 65_536 + remotePortOf(table.words, at);
  }

  function bucketOf(at: number): number {
    return (
      (Math.imul(table.words[at + Word.remoteWord]! ^ remotePortOf(table.words, at), 0x9e3779b1) >>> 20) & (BUCKETS - 1)
    );
  }
}
