import { EventCount, LIFETIME_BOUNDS, type OutboundCell } from '../model/connection-events.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type Found, subjectOf } from './compose.ts';
import { endingAt, isKnownPlace, sumCells } from './event-cells.ts';
import { type Evidence, rateOf } from './evidence.ts';
import { destination, endpoint, isNamed, perSecond } from './words.ts';

/** Ended in order, whichever side closed first. */
const CLOSED = [endingAt('active'), endingAt('passive')];
const LIFETIMES = [...LIFETIME_BOUNDS, Number.POSITIVE_INFINITY].map((_, index) => EventCount.lifetimes + index);

/** Clients that open and close a connection for each request, where a pool would do. */
export function findUnreusedConnections(evidence: Evidence): Found[] {
  const cells = (evidence.now.connectionEvents?.outbound ?? []).filter(
    (cell) => isKnownPlace(cell) && isNamed(cell.process),
  );
  const clients = new Map(cells.map((cell) => [`${cell.process} ${endpoint(cell.remoteIp, cell.remotePort)}`, cell]));
  return [...clients.values()].flatMap((cell): Found[] => {
    const { process, remoteIp, remotePort } = cell;
    const isSame = (each: OutboundCell) =>
      each.process === process && each.remoteIp === remoteIp && each.remotePort === remotePort;
    const closed = rateOf(evidence, (snapshot) => sumCells(snapshot, isSame, CLOSED));
    if (closed === undefined || closed.perSecond <= evidence.thresholds.connectionsNotReused) return [];
    const seconds = averageLifetime(evidence, process);
    return [
      {
        kind: 'connections_not_reused',
        severity: 'info',
        subject: subjectOf(cell),
        numbers: { closedPerSecond: closed.perSecond, ...(seconds !== undefined && { lifetimeSeconds: seconds }) },
        headline: `${process} opens and closes ${perSecond(closed.perSecond)} connections to ${destination(cell)}, where a pool would do.`,
        details: seconds === undefined ? [] : [`its connections live ${toWords(seconds)} on average`],
        owner: { process, isInferred: false, openConnections: 0 },
      },
    ];
  });
}

/** Of the connections of a process that ended between the looks, to all destinations. */
function averageLifetime(evidence: Evidence, process: string): number | undefined {
  const rateAt = (places: readonly number[]) => rateOf(evidence, (snapshot) => sumLifetimes(snapshot, process, places));
  const [count, milliseconds] = [rateAt(LIFETIMES), rateAt([EventCount.lifetimeMs])];
  if (count === undefined || milliseconds === undefined || count.events === 0) return undefined;
  return milliseconds.events / count.events / 1000;
}

function sumLifetimes({ connectionEvents }: Snapshot, process: string, places: readonly number[]): number | undefined {
  const cell = connectionEvents?.lifetimes.find((each) => each.process === process);
  return cell && places.reduce((sum, place) => sum + (cell.counts[place] || 0), 0);
}

function toWords(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}
