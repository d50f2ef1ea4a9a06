import type { ToldLook } from '../collector/protocol.ts';
import { toEarlierLook } from '../model/earlier-look.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { createHistory, HISTORY_STEP_MS, type HistoryPoint } from './history.ts';
import { createWatching } from './watching.ts';

/** The host at one moment, with what came before. */
export interface LiveLook {
  readonly snapshot: Snapshot;
  /** The look that rates are counted from; absent: there was none, or too long ago. */
  readonly before?: { readonly snapshot: Snapshot; readonly secondsAgo: number };
  /** The earliest first. */
  readonly history: readonly HistoryPoint[];
  /** On the clock of `history`. */
  readonly atMs: number;
  readonly time: Date;
}

/** What the live page needs of scrapes, and what it does beside them. */
export interface Live {
  /**
   * What a collection brought that has ended, whoever asked for it. `isWhole`: of every collector; without `hasCounts`
   * its sockets are those by state only. `told`: earlier looks with the counts that were not sent when they were made.
   */
  note(snapshot: Snapshot, isWhole: boolean, hasCounts: boolean, told?: readonly ToldLook[]): void;
  /** Whether somebody watches: then scrapes bring the counts, too. */
  isWatched(): boolean;
  /** How the host is; `timeoutMs`: as long as a scrape. */
  look(timeoutMs: number): Promise<LiveLook>;
  close(): void;
}

export interface LiveOptions {
  /** Shares a collection in progress, or collects everything; the snapshot is noted before it resolves, unless it is late. */
  readonly collect: (timeoutMs: number) => Promise<Snapshot>;
  readonly timeoutMs: number;
  readonly now?: () => number;
  readonly everyMs?: number;
  readonly lingerMs?: number;
}

/** A crowd that watches costs one collection in this time. */
const FRESH_MS = 2000;
/** Rates are those of so many milliseconds, or of the time since the last scrape if that is longer, up to a limit. */
const WINDOW_MS = 30_000;
const LONGEST_AGO_MS = 180_000;
/** What the collector thread and this one saw so close together was one collection: each has its own clock, and messages take a moment. */
const SAME_MS = 1000;
/** Rates over less are chance. */
const SHORTEST_AGO_MS = 900;
/** Within the minute in which a browser asks again even if it is slow, or its tab is in the background. */
const LINGER_MS = 60_000;

interface EarlierLook {
  readonly snapshot: Snapshot;
  readonly hasCounts: boolean;
  readonly atMs: number;
}

export function createLive({
  collect,
  timeoutMs,
  now = () => performance.now(),
  everyMs = HISTORY_STEP_MS,
  lingerMs = LINGER_MS,
}: LiveOptions): Live {
  const history = createHistory();
  const earlier: EarlierLook[] = [];
  /** The last whole look, kept while somebody watches. */
  let latest: LiveLook | undefined;
  let lastWholeMs = Number.NEGATIVE_INFINITY;
  const watching = createWatching({ look: refresh, onEnd: () => (latest = undefined), everyMs, lingerMs, now });

  return { note, isWatched: watching.isOn, look, close: watching.close };

  function note(snapshot: Snapshot, isWhole: boolean, hasCounts: boolean, told: readonly ToldLook[] = []): void {
    const atMs = now();
    for (const { snapshot: look, secondsAgo } of told) addTold(look, atMs - secondsAgo * 1000);
    history.add(snapshot, atMs);
    if (!isWhole) return;
    if (hasCounts) {
      lastWholeMs = atMs;
      if (watching.isOn()) latest = toLook(snapshot, atMs);
    }
    keep(snapshot, hasCounts, atMs);
  }

  async function look(longestMs: number): Promise<LiveLook> {
    watching.seen();
    if (latest !== undefined && now() - latest.atMs < FRESH_MS) return latest;
    const snapshot = await collect(longestMs);
    return latest?.snapshot === snapshot ? latest : toLook(snapshot, now());
  }

  /** Scrapes and viewers may have made this look unnecessary. */
  async function refresh(): Promise<void> {
    if (now() - lastWholeMs >= everyMs) await collect(timeoutMs);
  }

  function toLook(snapshot: Snapshot, atMs: number): LiveLook {
    const before = chooseEarlier(earlier, atMs);
    return {
      snapshot,
      ...(before !== undefined && {
        before: { snapshot: before.snapshot, secondsAgo: (atMs - before.atMs) / 1000 },
      }),
      history: history.read(atMs),
      atMs,
      time: new Date(),
    };
  }

  /** In place of what was noted at the time, as the last one before the window may be the only one there is. */
  function addTold(snapshot: Snapshot, atMs: number): void {
    const others = earlier.filter((each) => each.hasCounts || Math.abs(each.atMs - atMs) > SAME_MS);
    others.push({ snapshot, hasCounts: true, atMs });
    earlier.splice(0, earlier.length, ...others.sort((one, other) => one.atMs - other.atMs));
  }

  /** One look per step, those of the window, and the last one before it. */
  function keep(snapshot: Snapshot, hasCounts: boolean, atMs: number): void {
    if (snapshot.counters === undefined && snapshot.sockets === undefined) return;
    if (atMs - (earlier.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) < HISTORY_STEP_MS) return;
    earlier.push({ snapshot: toEarlierLook(snapshot), hasCounts, atMs });
    while (earlier.length > 1 && atMs - earlier[1]!.atMs >= WINDOW_MS) earlier.shift();
  }
}

/** The oldest of the window, or the last one before it. One with the counts is preferred: some rates are those of a listener. */
function chooseEarlier(earlier: readonly EarlierLook[], atMs: number): EarlierLook | undefined {
  const within = (mostMs: number) =>
    earlier.filter((each) => atMs - each.atMs >= SHORTEST_AGO_MS && atMs - each.atMs <= mostMs);
  const window = within(WINDOW_MS);
  return window.find(({ hasCounts }) => hasCounts) ?? window[0] ?? within(LONGEST_AGO_MS).at(-1);
}
