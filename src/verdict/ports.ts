import type { Snapshot } from '../model/snapshot.ts';
import type { DestinationCell, EphemeralFamilyUse } from '../model/socket-counts.ts';
import { busiestOf, ownerOf, processWithMostPorts, takenTowards } from './busiest.ts';
import { type Found, known, subjectOf } from './compose.ts';
import { counterRate, type Evidence } from './evidence.ts';
import type { Owner } from './finding.ts';
import { heldForAll, isHostWide, judgeForAll, judgeUse } from './ports-for-all.ts';
import { count, counted, destination, percent, perSecond } from './words.ts';

/** By so many ports a ratio and what it is made of may differ: an odd range has one that connect() passes over, and the ratio is rounded. */
const ROUNDING = 2;

/** Ephemeral ports that are gone, or nearly. IPv4 and IPv6 share what bind() took: that is told once. */
export function findPorts(evidence: Evidence): Found[] {
  const { now, thresholds } = evidence;
  const pressed = (now.sockets?.ephemeral?.families ?? [])
    .filter(({ utilization = 0 }) => utilization > Math.min(thresholds.portsHigh, thresholds.portsExhausted))
    .toSorted((one, other) => other.utilization! - one.utilization!);
  const found = pressed.map((use) => judgeRange(evidence, use));
  return found.filter(
    ({ subject }, index) =>
      subject.type !== 'limit' || found.findIndex((each) => each.subject.type === 'limit') === index,
  );
}

function judgeRange(evidence: Evidence, use: EphemeralFamilyUse): Found {
  if (use.ports === 0) return judgeReserved(use);
  const busiest = busiestOf(evidence.now, use.family);
  if (isHostWide(use)) return judgeForAll(evidence, use);
  const towards = busiest === undefined ? 0 : takenTowards(busiest);
  const towardsBusiest = Math.round(use.utilization! * use.ports) - heldForAll(use);
  if (busiest === undefined || (towards + ROUNDING < towardsBusiest && !hasUnbound(evidence.now, busiest))) {
    if (towardsBusiest >= heldForAll(use)) return judgeUnnamed(evidence, use);
  } else if (towards >= heldForAll(use)) return judgeDestination(evidence, use, busiest);
  return judgeForAll(evidence, use);
}

/** None of the destinations that are named has the ports: the limit leaves it out. */
function judgeUnnamed(evidence: Evidence, use: EphemeralFamilyUse): Found {
  const { isCritical, isGone } = judgeUse(evidence, use);
  const { ports, utilization = 0 } = use;
  const taken = Math.round(utilization * ports);
  const forAll = heldForAll(use);
  const holder = processWithMostPorts(evidence.now);
  const split = `${count(taken)} of ${count(ports)} taken${forAll > 0 ? ` (${count(forAll)} held for every destination)` : ''}`;
  return {
    kind: isGone ? 'ports_exhausted_to_unnamed' : 'ports_high',
    severity: isCritical ? 'critical' : 'warning',
    subject: { type: 'limit', limit: 'ephemeral_ports' },
    numbers: known({ ports, taken, heldForAll: forAll, utilizationRatio: utilization }),
    headline: isGone
      ? `Ports to one destination are exhausted: ${split}.`
      : `Ports to one destination are ${percent(utilization)} used: ${split}.`,
    details: [
      'which one is left out by --limit.destinations',
      ...(holder === undefined ? [] : [`${holder.process} holds ${counted(holder.ports, 'port')}, most of all`]),
      `range ${use.first}-${use.last}`,
    ],
    owner: holder && { process: holder.process, isInferred: false, openConnections: holder.ports },
  };
}

function judgeReserved({ first, last, ports, utilization }: EphemeralFamilyUse): Found {
  return {
    kind: 'ports_all_reserved',
    severity: 'critical',
    subject: { type: 'limit', limit: 'ephemeral_ports' },
    numbers: known({ ports, utilizationRatio: utilization }),
    headline: `No port may be handed out: all of the range ${first}-${last} are reserved.`,
  };
}

function judgeDestination(evidence: Evidence, use: EphemeralFamilyUse, busiest: DestinationCell): Found {
  const { now } = evidence;
  const { localIp, portsTimeWait, portsReusable } = busiest;
  const towards = takenTowards(busiest);
  // what listeners and bound sockets hold is gone for this destination, too
  const taken = Math.max(towards, Math.round(use.utilization! * use.ports));
  const waiting = Math.min(towards, portsTimeWait - portsReusable);
  const owner = ownerOf(now, busiest);
  const { isCritical, isGone } = judgeUse(evidence, use);
  const byTimeWait = waiting * 2 > towards;
  const place = destination(busiest);
  const byWhom = hasUnbound(now, busiest)
    ? 'by sockets without the interface, or for every destination'
    : 'for every destination';
  const parts = [
    `${count(waiting)} TIME_WAIT`,
    `${count(towards - waiting)} open`,
    ...(taken > towards ? [`${count(taken - towards)} held ${byWhom}`] : []),
  ];
  const split = `${count(taken)} of ${count(use.ports)} taken (${parts.join(', ')})`;
  const exhausted = byTimeWait ? 'ports_exhausted_by_time_wait' : 'ports_exhausted_by_connections';
  return {
    kind: isGone ? exhausted : 'ports_high',
    severity: isCritical ? 'critical' : 'warning',
    subject: subjectOf(busiest),
    numbers: known({
      ports: use.ports,
      taken,
      timeWait: waiting,
      heldForAll: taken - towards,
      reusable: portsReusable,
      utilizationRatio: use.utilization,
      ...turnover(evidence, use),
    }),
    headline: isGone
      ? `Ports to ${place} are exhausted: ${split}.`
      : `Ports to ${place} are ${percent(use.utilization!)} used: ${split}.`,
    details: [
      ...(owner === undefined ? [] : [describeOwner(owner, busiest)]),
      `from ${localIp}, range ${use.first}-${use.last}`,
      ...describeTurnover(evidence, use),
      ...(portsReusable > 0 ? [`${counted(portsReusable, 'more TIME_WAIT port')} can be reused`] : []),
    ],
    owner,
  };
}

/** Whether sockets bound to no interface go to the same place as these, which are bound to one. */
function hasUnbound({ sockets }: Snapshot, { localIp, remoteIp, remotePort }: DestinationCell): boolean {
  const [local, remote] = [localIp, remoteIp].map((ip) => ip.replace(/%.*/, ''));
  return (
    remote !== remoteIp &&
    (sockets?.ephemeral?.destinations.cells ?? []).some(
      (each) => each.localIp === local && each.remoteIp === remote && each.remotePort === remotePort,
    )
  );
}

/** The ports are those from one local address, the connections those from all. */
function describeOwner({ process, openConnections, isInferred }: Owner, { portsUsed }: DestinationCell): string {
  const open = `${counted(openConnections, 'open connection')} there${openConnections > portsUsed ? ', from several addresses' : ''}`;
  if (isInferred) return `likely ${process} (inferred: ${open})`;
  return openConnections === 0 ? `most of them by ${process}` : `${process} has ${open}`;
}

/** How fast ports come to wait (whole host), and how fast they could come for ever towards one destination. */
function turnover(evidence: Evidence, { ports }: EphemeralFamilyUse) {
  const seconds = evidence.now.settings?.timeWaitDurationSeconds;
  return {
    timeWaitPerSecond: counterRate(evidence, 'timeWaitEntered')?.perSecond,
    sustainablePerSecond: seconds === undefined || seconds === 0 ? undefined : ports / seconds,
  };
}

function describeTurnover(evidence: Evidence, use: EphemeralFamilyUse): string[] {
  const { timeWaitPerSecond, sustainablePerSecond } = turnover(evidence, use);
  if (sustainablePerSecond === undefined) return [];
  const sustained = `the range sustains ${perSecond(sustainablePerSecond)} to one destination`;
  return [timeWaitPerSecond ? `${perSecond(timeWaitPerSecond)} enter TIME_WAIT on this host; ${sustained}` : sustained];
}
