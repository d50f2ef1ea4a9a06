import { EventCount, FAILURE_REASONS, type OutboundCell } from '../model/connection-events.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type Found, subjectOf } from './compose.ts';
import { type Evidence, rateOf } from './evidence.ts';
import { counted, destination, duration, isNamed } from './words.ts';

const NO_PORT = EventCount.failed + FAILURE_REASONS.indexOf('no_port');

/** Who could not connect for want of a port, where programs in the kernel count it. */
export function findFailedConnects(evidence: Evidence): Found[] {
  const cells = evidence.now.connectionEvents?.outbound ?? [];
  return cells.flatMap((cell): Found[] => {
    const rate = rateOf(evidence, (snapshot) => countsWithoutPort(snapshot, cell));
    if (rate === undefined || rate.events <= evidence.thresholds.connectsWithoutPort) return [];
    const { process, remotePort } = cell;
    const who = isNamed(process) ? process : 'A program';
    const isKnown = remotePort !== 'other';
    const seconds = evidence.before!.secondsAgo;
    return [
      {
        kind: 'connects_without_port',
        severity: 'critical',
        subject: isKnown ? subjectOf(cell) : { type: 'host' },
        numbers: { failures: rate.events, failuresPerSecond: rate.perSecond },
        headline: `${who} cannot connect to ${isKnown ? destination(cell) : 'some destinations'}: no port was free, ${counted(rate.events, 'time')} in ${duration(seconds)}.`,
        owner: isNamed(process) ? { process, isInferred: false, openConnections: 0 } : undefined,
      },
    ];
  });
}

/** Since the exporter attached its programs; undefined where the number is not there. */
function countsWithoutPort({ connectionEvents }: Snapshot, sought: OutboundCell): number | undefined {
  const cell = connectionEvents?.outbound.find(
    ({ process, unit, remoteIp, remotePort }) =>
      process === sought.process &&
      unit === sought.unit &&
      remoteIp === sought.remoteIp &&
      remotePort === sought.remotePort,
  );
  const count = cell?.counts[NO_PORT];
  return count === undefined || Number.isNaN(count) ? undefined : count;
}

/** What of these numbers a later look needs. */
export function onlyWithoutPort({ outbound, ...events }: NonNullable<Snapshot['connectionEvents']>) {
  return {
    ...events,
    outbound: outbound.filter(({ counts }) => !Number.isNaN(counts[NO_PORT])),
    inbound: [],
    lifetimes: [],
  };
}
