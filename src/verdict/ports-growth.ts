import type { DestinationCell, EphemeralFamilyUse } from '../model/socket-counts.ts';
import { busiestOf, ownerOf, sameDestination, takenTowards } from './busiest.ts';
import { type Found, known, subjectOf } from './compose.ts';
import { type Evidence, growthOf } from './evidence.ts';
import { count, destination, duration, percent, perSecond } from './words.ts';

/** A destination whose ports will be gone soon at the growth between the two looks. */
export function findPortsGrowth(evidence: Evidence): Found[] {
  return (evidence.now.sockets?.ephemeral?.families ?? []).flatMap((use) => {
    const busiest = busiestOf(evidence.now, use.family);
    return busiest === undefined || use.ports === 0 ? [] : judgeGrowth(evidence, use, busiest);
  });
}

function judgeGrowth(evidence: Evidence, use: EphemeralFamilyUse, busiest: DestinationCell): Found[] {
  const { now, thresholds } = evidence;
  const { utilization = 0, ports } = use;
  if (utilization <= thresholds.portsFillingFrom) return [];
  const growth = growthOf(evidence, (snapshot) => {
    const cell = sameDestination(snapshot, busiest);
    return cell && takenTowards(cell);
  });
  if (growth === undefined || growth.change < thresholds.leastGrowth * ports) return [];
  const secondsLeft = ((1 - utilization) * ports) / growth.perSecond;
  if (secondsLeft > thresholds.portsFillingSeconds) return [];
  const owner = ownerOf(now, busiest);
  const taken = takenTowards(busiest);
  return [
    {
      kind: 'ports_filling_up',
      severity: 'warning',
      subject: subjectOf(busiest),
      numbers: known({
        ports,
        taken,
        utilizationRatio: utilization,
        growthPerSecond: growth.perSecond,
        secondsLeft,
      }),
      headline: `Ports to ${destination(busiest)} last ${duration(secondsLeft)} at this growth: ${count(taken)} of ${count(ports)} taken (${percent(utilization)}), +${perSecond(growth.perSecond)}.`,
      details: owner === undefined ? [] : [`${owner.isInferred ? 'likely ' : ''}${owner.process}`],
      owner,
    },
  ];
}
