import type { Snapshot } from '../model/snapshot.ts';
import type { StateCounts } from '../model/socket-counts.ts';
import { STATE_SLOTS } from '../model/tcp-state.ts';
import { socketsIn } from '../verdict/evidence.ts';

/** How far back the history goes, and the time within which only the latest look is kept. */
export const HISTORY_MS = 600_000;
export const HISTORY_STEP_MS = 5000;
const PLACES = HISTORY_MS / HISTORY_STEP_MS + 1;

/** How many sockets there were in each state, both families together. */
export interface HistoryPoint {
  readonly atMs: number;
  readonly states: StateCounts;
}

/** Sockets by state over the last ten minutes, in as much memory as it will ever take (14 KB). */
export interface History {
  /** A look without sockets is none. */
  add(snapshot: Snapshot, atMs: number): void;
  /** The earliest first. */
  read(nowMs: number): HistoryPoint[];
}

export function createHistory(): History {
  const times = new Float64Array(PLACES).fill(Number.NEGATIVE_INFINITY);
  /** NaN: the source did not show the state. */
  const sockets = new Float64Array(PLACES * STATE_SLOTS);
  let last = 0;

  return { add, read };

  function add(snapshot: Snapshot, atMs: number): void {
    if (snapshot.sockets?.states === undefined) return;
    if (stepOf(atMs) !== stepOf(times[last]!)) last = (last + 1) % PLACES;
    times[last] = atMs;
    for (let state = 0; state < STATE_SLOTS; state++) {
      sockets[last * STATE_SLOTS + state] = socketsIn(snapshot, state) ?? Number.NaN;
    }
  }

  function read(nowMs: number): HistoryPoint[] {
    const points: HistoryPoint[] = [];
    for (let turn = 1; turn <= PLACES; turn++) {
      const place = (last + turn) % PLACES;
      const atMs = times[place]!;
      if (nowMs - atMs > HISTORY_MS) continue;
      const states = [...sockets.subarray(place * STATE_SLOTS, (place + 1) * STATE_SLOTS)];
      points.push({ atMs, states: states.map((value) => (Number.isNaN(value) ? undefined : value)) });
    }
    return points;
  }
}

function stepOf(atMs: number): number {
  return Math.floor(atMs / HISTORY_STEP_MS);
}
