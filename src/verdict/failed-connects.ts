import { EventCount, type FAILURE_REASONS, type OutboundCell } from '../model/connection-events.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type Found, subjectOf } from './compose.ts';
import { failureAt, isKnownPlace, sumCells } from './event-cells.ts';
import { type Evidence, rateOf } from './evidence.ts';
import { counted, destination, duration, endpoint, isNamed, percent } from './words.ts';

const NO_PORT = failureAt('no_port');
/** Of the destination's: as the rule has them. */
const ITS_REASONS = [
  'refused',
  'timed_out',
  'unreachable',
  'abandoned',
] as const satisfies readonly (typeof FAILURE_REASONS)[number][];
const ITS_FAILURES = ITS_REASONS.map(failureAt);

/** Who could not connect for want of a port, and where connects fail, as programs in the kernel count it. */
export function findFailedConnects(evidence: Evidence): Found[] {
  return [...findWithoutPort(evidence), ...findFailingDestinations(evidence)];
}

function findWithoutPort(evidence: Evidence): Found[] {
  const cells = evidence.now.connectionEvents?.outbound ?? [];
  return cells.flatMap((cell): Found[] => {
    const rate = rateOf(evidence, (snapshot) => countsWithoutPort(snapshot, cell));
    if (rate === undefined || rate.events <= evidence.thresholds.connectsWithoutPort) return [];
    const { process } = cell;
    const who = isNamed(process) ? process : 'A program';
    const isKnown = isKnownPlace(cell);
    const seconds = evidence.before!.secondsAgo;
    return [
      {
        kind: 'connects_without_port',
        severity: 'critical',
        subject: isKnown ? subjectOf(cell) : { type: 'host' },
        numbers: { failures: rate.events, failuresPerSecond: rate.perSecond },
        headline: `${who} cannot connect to ${isKnown ? destination(cell) : 'some destinations'}: no port was free, ${counted(rate.events, 'time')} in ${duration(seconds)}.`,
        owner: ownerOf(process),
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

/** Of one destination, whoever calls it. */
function findFailingDestinations(evidence: Evidence): Found[] {
  const { thresholds } = evidence;
  const cells = (evidence.now.connectionEvents?.outbound ?? []).filter(isKnownPlace);
  const places = new Map(cells.map((cell) => [endpoint(cell.remoteIp, cell.remotePort), cell]));
  return [...places.values()].flatMap((cell): Found[] => {
    const isHere = ({ remoteIp, remotePort }: OutboundCell) =>
      remoteIp === cell.remoteIp && remotePort === cell.remotePort;
    const rateAt = (counts: readonly number[], isSought = isHere) =>
      rateOf(evidence, (snapshot) => sumCells(snapshot, isSought, counts));
    const [fails, opens] = [rateAt(ITS_FAILURES), rateAt([EventCount.opened])];
    if (fails === undefined || opens === undefined || fails.events < thresholds.leastEvents) return [];
    if (fails.perSecond <= thresholds.destinationFailing) return [];
    if (fails.perSecond <= thresholds.destinationFailingShare * opens.perSecond) return [];
    const reason = largest(ITS_REASONS, (each) => rateAt([failureAt(each)])?.events ?? 0);
    const process = largest(
      [...new Set(cells.filter(isHere).map((each) => each.process))],
      (name) => rateAt(ITS_FAILURES, (each) => isHere(each) && each.process === name)?.events ?? 0,
    );
    const share = percent(Math.min(1, fails.events / opens.events));
    return [
      {
        kind: 'destination_failing',
        severity: 'warning',
        subject: subjectOf(cell),
        numbers: { failures: fails.events, failuresPerSecond: fails.perSecond, connects: opens.events },
        headline: `Connects to ${destination(cell)} fail: ${counted(fails.events, 'time')} in ${duration(evidence.before!.secondsAgo)}, ${share} of all; most of them ${REASON_WORDS[reason]}.`,
        details: isNamed(process) ? [`most of them by ${process}`] : [],
        owner: ownerOf(process),
      },
    ];
  });
}

const REASON_WORDS = {
  refused: 'refused',
  timed_out: 'timed out',
  unreachable: 'unreachable',
  abandoned: 'given up by the program before there was an answer',
} as const satisfies Readonly<Record<(typeof ITS_REASONS)[number], string>>;

/** The first of those with the largest number. */
function largest<Each>(all: readonly Each[], numberOf: (each: Each) => number): Each {
  return all.reduce((best, each) => (numberOf(each) > numberOf(best) ? each : best));
}

function ownerOf(process: string): Found['owner'] {
  return isNamed(process) ? { process, isInferred: false, openConnections: 0 } : undefined;
}
