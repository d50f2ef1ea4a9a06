import type { Snapshot } from '../model/snapshot.ts';
import type { TcpCounters } from '../model/tcp-counters.ts';
import { STATE_SLOTS } from '../model/tcp-state.ts';
import type { Thresholds } from './thresholds.ts';

/** What a verdict is made of. */
export interface Evidence {
  readonly now: Snapshot;
  /** An earlier look, and how long ago it was. Without it nothing is told that needs a rate. */
  readonly before?: { readonly snapshot: Snapshot; readonly secondsAgo: number } | undefined;
  readonly thresholds: Thresholds;
}

/** What happened between two looks. */
export interface Rate {
  readonly events: number;
  readonly perSecond: number;
}

/** How far a counter went between the looks; undefined when one of them does not have it, or it began anew. */
export function rateOf({ now, before }: Evidence, read: (snapshot: Snapshot) => number | undefined): Rate | undefined {
  if (before === undefined || before.secondsAgo <= 0) return undefined;
  const [first, last] = [read(before.snapshot), read(now)];
  if (first === undefined || last === undefined || last < first) return undefined;
  return { events: last - first, perSecond: (last - first) / before.secondsAgo };
}

export function counterRate(evidence: Evidence, name: keyof TcpCounters): Rate | undefined {
  return rateOf(evidence, ({ counters }) => counters?.[name]);
}

/** Change of a number that may also fall, per second, and between the looks. */
export function growthOf(
  { now, before }: Evidence,
  read: (snapshot: Snapshot) => number | undefined,
): { readonly change: number; readonly perSecond: number } | undefined {
  if (before === undefined || before.secondsAgo <= 0) return undefined;
  const [first, last] = [read(before.snapshot), read(now)];
  if (first === undefined || last === undefined) return undefined;
  return { change: last - first, perSecond: (last - first) / before.secondsAgo };
}

/** Sockets in a state, both families; undefined when the source does not show them. */
export function socketsIn({ sockets }: Snapshot, state: number): number | undefined {
  const { ipv4, ipv6 } = sockets?.states ?? {};
  return ipv4?.[state] === undefined && ipv6?.[state] === undefined
    ? undefined
    : (ipv4?.[state] ?? 0) + (ipv6?.[state] ?? 0);
}

/** Sockets in every state, both families. */
export function allSockets(snapshot: Snapshot): number | undefined {
  if (snapshot.sockets?.states === undefined) return undefined;
  let sum = 0;
  for (let state = 0; state < STATE_SLOTS; state++) sum += socketsIn(snapshot, state) ?? 0;
  return sum;
}
