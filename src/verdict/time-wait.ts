import { TcpState } from '../model/tcp-state.ts';
import { busiestOf, ownerOf } from './busiest.ts';
import { type Found, known, subjectOf } from './compose.ts';
import { counterRate, type Evidence, socketsIn } from './evidence.ts';
import { count, counted, destination, percent, perSecond } from './words.ts';

/** Ports that wait in TIME_WAIT and cannot be had, as a share of the range. On Linux towards one destination. */
export function findTimeWait({ now, thresholds }: Evidence): Found[] {
  return (now.sockets?.ephemeral?.families ?? []).flatMap((use): Found[] => {
    const busiest = busiestOf(now, use.family);
    if (busiest === undefined || use.ports === 0) return [];
    const { portsUsed, portsOutside } = busiest;
    const lost = Math.min(busiest.portsTimeWait - busiest.portsReusable, portsUsed - portsOutside);
    if (lost / use.ports <= thresholds.timeWaitHigh) return [];
    const owner = ownerOf(now, busiest);
    return [
      {
        kind: 'time_wait_high',
        severity: 'warning',
        subject: subjectOf(busiest),
        numbers: known({ ports: use.ports, timeWait: lost, timeWaitRatio: lost / use.ports }),
        headline: `TIME_WAIT holds ${percent(lost / use.ports)} of the ports to ${destination(busiest)}: ${count(lost)} of ${count(use.ports)}.`,
        details: owner === undefined ? [] : [`${owner.isInferred ? 'likely ' : ''}${owner.process}`],
        owner,
      },
    ];
  });
}

/** The table of TIME_WAIT sockets (tcp_max_tw_buckets): how often it overflowed between the looks, or that it is full. */
export function findTimeWaitTable(evidence: Evidence): Found[] {
  const { now, thresholds } = evidence;
  const limit = now.settings?.tcpMaxTwBuckets;
  const sockets = socketsIn(now, TcpState.timeWait);
  const overflows = counterRate(evidence, 'timeWaitOverflows');
  const isFull = limit !== undefined && limit > 0 && sockets !== undefined && sockets >= limit;
  const overflowed =
    overflows !== undefined &&
    overflows.events >= thresholds.leastEvents &&
    overflows.perSecond > thresholds.timeWaitOverflows;
  if (!isFull && !overflowed) return [];
  return [
    {
      kind: 'time_wait_table_full',
      severity: 'warning',
      subject: { type: 'limit', limit: 'time_wait' },
      numbers: known({ timeWait: sockets, limit, overflowsPerSecond: overflows?.perSecond }),
      headline: `The TIME_WAIT table is full: ${counted(sockets ?? 0, 'socket')}${limit === undefined ? '' : ` of ${count(limit)}`}${overflowed ? `, ${perSecond(overflows.perSecond)} end without it` : ''}.`,
    },
  ];
}
