import type { SocketReader } from '../../platform.ts';
import { RepeatedRows } from '../rows/repeated-rows.ts';
import { findDisagreement } from './proof.ts';
import { isOfScrape, type WalkGuard } from './walk-guard.ts';

/** Sockets that are compared at most: of more one in so many. */
const MOST_COMPARED = 50_000;
const FIRST_CHECK_MS = 5000;
const CHECK_MS = 60_000;
const CHECK_EVERY_MS = 15 * 60_000;

/** What a check is made with. */
export interface CheckedReaders {
  /** Readers of their own, which ask `repeated` what to leave out. */
  makeWalk(repeated: RepeatedRows): SocketReader;
  makeDump(repeated: RepeatedRows): SocketReader;
  /** How many sockets there are. */
  countSockets(): number;
  /** Monotonic milliseconds. */
  now(): number;
}

/** Compares the walk with inet_diag: at start, and between two collections every quarter of an hour. */
export function createWalkCheck({ makeWalk, makeDump, countSockets, now }: CheckedReaders, guard: WalkGuard) {
  const samples = [new RepeatedRows(), new RepeatedRows()] as const;
  const walk = tellFailures(makeWalk(samples[0]), guard);
  const dump = makeDump(samples[1]);
  let lastMs = Number.NEGATIVE_INFINITY;

  return { checkAtStart, checkWhenDue };

  /** Until it has been compared the walk is not used: where that takes long, not in the first scrapes. */
  function checkAtStart(): void {
    guard.isOn = check(FIRST_CHECK_MS);
  }

  function checkWhenDue(): void {
    if (guard.reason !== undefined || (guard.isOn && now() - lastMs < CHECK_EVERY_MS)) return;
    if (check(CHECK_MS)) guard.isOn = true;
  }

  /** Whether they agree. Where one of them cannot be read, nothing is known. */
  function check(mostMs: number): boolean {
    try {
      const oneIn = Math.max(1, Math.ceil(countSockets() / MOST_COMPARED));
      for (const sample of samples) sample.oneIn = oneIn;
      const disagreement = findDisagreement(walk, dump, { now, deadlineMs: now() + mostMs });
      lastMs = now();
      if (disagreement !== undefined) guard.reject('disagrees', disagreement);
      return disagreement === undefined;
    } catch {
      return false; // a walk that fails has told its guard
    }
  }
}

function tellFailures(walk: SocketReader, guard: WalkGuard): SocketReader {
  return {
    ...walk,
    read(table, budget) {
      try {
        walk.read(table, budget);
      } catch (error) {
        if (!isOfScrape(error)) guard.failed(error);
        throw error;
      }
    },
  };
}
