import { toEarlierLook } from '../../../src/model/earlier-look.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import type { LiveLook } from '../../../src/scrape/live.ts';

const NOW_MS = 1_000_000;

/** A snapshot as the live page gets it: with an earlier look, and a history of so many five seconds. */
export function liveLook(snapshot: Snapshot, before?: Snapshot, steps = 0): LiveLook {
  const { ipv4 = [], ipv6 = [] } = snapshot.sockets?.states ?? {};
  const states = ipv4.map((sockets, state) =>
    sockets === undefined && ipv6[state] === undefined ? undefined : (sockets ?? 0) + (ipv6[state] ?? 0),
  );
  const history = Array.from({ length: steps }, (_, step) => ({
    atMs: NOW_MS - (steps - 1 - step) * 5000,
    states: states.map((sockets) => sockets && Math.round((sockets * (step + 1)) / steps)),
  }));
  return {
    snapshot,
    ...(before !== undefined && { before: { snapshot: toEarlierLook(before), secondsAgo: 10 } }),
    history,
    atMs: NOW_MS,
    time: new Date('2026-03-01T10:42:07Z'),
  };
}
