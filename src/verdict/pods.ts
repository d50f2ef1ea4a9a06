import type { NetnsCloseWait, NetnsOwner, NetnsSockets, NetnsSocketsCell } from '../model/netns-sockets.ts';
import type { FamilyLabel } from '../model/socket-counts.ts';
import { takenTowards } from './busiest.ts';
import { type Found, known } from './compose.ts';
import type { Evidence } from './evidence.ts';
import { count, counted, destination, duration, isNamed, percent } from './words.ts';

/** Pods, containers and units with a network of their own: their ports, CLOSE_WAIT and accept queues. The sum of the smallest is nobody. */
export function findPods(evidence: Evidence): Found[] {
  const sockets = evidence.now.netns?.sockets;
  if (sockets === undefined) return [];
  const cells = sockets.cells.filter(({ netns }) => netns !== 'other');
  return [
    ...cells.flatMap((cell) => findPorts(evidence, sockets, cell)),
    ...cells.flatMap((cell) => findFullQueue(evidence, cell)),
    ...sockets.closeWait.cells.filter(({ netns }) => netns !== 'other').flatMap((cell) => findStuck(evidence, cell)),
  ];
}

function findPorts({ thresholds }: Evidence, sockets: NetnsSockets, { netns, ephemeral }: NetnsSocketsCell): Found[] {
  if (ephemeral === undefined) return [];
  const { ports, ipv4, ipv6 = 0 } = ephemeral;
  const [family, utilizationRatio]: [FamilyLabel, number] = ipv6 > ipv4 ? ['ipv6', ipv6] : ['ipv4', ipv4];
  if (utilizationRatio <= thresholds.podPortsHigh) return [];
  const isGone = utilizationRatio > thresholds.podPortsExhausted;
  const { cells, folded } = sockets.destinations;
  const [busiest] = cells
    .filter((each) => each.netns === netns && each.family === family)
    .toSorted((one, other) => takenTowards(other) - takenTowards(one));
  const taken = Math.round(utilizationRatio * ports);
  const towards = busiest === undefined ? 0 : takenTowards(busiest);
  const waiting = busiest && Math.min(towards, busiest.portsTimeWait - busiest.portsReusable);
  const isForAll = (busiest !== undefined || folded === 0) && towards * 2 < taken;
  const common = {
    severity: isGone ? 'critical' : 'warning',
    headline: `Ports of ${netns} are ${isGone ? 'exhausted' : `${percent(utilizationRatio)} used`}: ${count(taken)} of ${count(ports)} taken${isForAll ? `, ${count(taken - towards)} for every destination` : ''}.`,
    numbers: known({ ports, taken, timeWait: waiting, utilizationRatio }),
  } as const;
  if (isForAll) {
    const kind = isGone ? 'pod_ports_exhausted_for_all' : 'pod_ports_high_for_all';
    const subject = { type: 'pod', netns, container: '', process: '' } as const;
    return [{ ...common, kind, subject, details: describeListeners(sockets, netns) }];
  }
  return [
    {
      ...common,
      kind: isGone ? 'pod_ports_exhausted' : 'pod_ports_high',
      subject: { type: 'pod', netns, container: busiest?.container ?? '', process: busiest?.process ?? '' },
      details:
        busiest === undefined
          ? []
          : [
              `most towards ${destination(busiest)}: ${count(towards)}, ${count(waiting!)} of them in TIME_WAIT`,
              ...describeOwner(busiest),
            ],
    },
  ];
}

/** Who has most listeners there, of those that have a name: likely, but not certainly, who holds the ports. */
function describeListeners({ listeners }: NetnsSockets, netns: string): string[] {
  const ports = new Map<string, Set<number>>();
  for (const { process, localPort, ...of } of listeners.cells)
    if (of.netns === netns && isNamed(process)) ports.set(process, (ports.get(process) ?? new Set()).add(localPort));
  const [first] = [...ports].sort(([, one], [, other]) => other.size - one.size);
  return first === undefined ? [] : [`${first[0]} has most listeners there`];
}

function findFullQueue({ before, thresholds }: Evidence, { netns, fullestQueue }: NetnsSocketsCell): Found[] {
  const isFull = (queue: NetnsSocketsCell['fullestQueue']) =>
    queue?.queueLimit !== undefined &&
    queue.queueLimit > thresholds.podAcceptQueueLeastLimit &&
    queue.queueLength >= queue.queueLimit;
  if (fullestQueue === undefined || !isFull(fullestQueue)) return [];
  const { container, process, localPort, queueLength, queueLimit = 0 } = fullestQueue;
  const earlier = before?.snapshot.netns?.sockets?.cells.find((each) => each.netns === netns)?.fullestQueue;
  const staysFull = earlier?.localPort === localPort && isFull(earlier);
  return [
    {
      kind: 'pod_accept_queue_full',
      severity: staysFull ? 'critical' : 'warning',
      subject: { type: 'pod', netns, container, process },
      numbers: { localPort, queueLength, queueLimit },
      headline: `Port ${localPort} of ${netns} accepts nothing or far too little: its queue is full${staysFull ? ' and stays so' : ''}, ${count(queueLength)} of ${count(queueLimit)}.`,
      details: describeOwner(fullestQueue),
    },
  ];
}

function findStuck({ thresholds }: Evidence, cell: NetnsCloseWait): Found[] {
  const { netns, container, process, oldestSeconds, unclosed, unaccepted } = cell;
  const common = { subject: { type: 'pod', netns, container, process }, details: describeOwner(cell) } as const;
  const age = `, the oldest for ${duration(oldestSeconds)}`;
  // the alert looks two hours back; here the age of the oldest is all there is
  const mayBeOldPool = unclosed <= thresholds.podCloseWaitOldPool && oldestSeconds >= thresholds.podCloseWaitOldSeconds;
  return [
    ...(unclosed > thresholds.podCloseWaitStuck
      ? [
          {
            ...common,
            kind: 'pod_close_wait_unclosed',
            severity: mayBeOldPool ? 'info' : 'warning',
            numbers: { stuck: unclosed, oldestSeconds },
            headline: `${netns} never closed ${counted(unclosed, 'connection')} that the peers closed${age}.`,
          } as const,
        ]
      : []),
    ...(unaccepted > thresholds.podCloseWaitStuck
      ? [
          {
            ...common,
            kind: 'pod_close_wait_unaccepted',
            severity: 'warning',
            numbers: { stuck: unaccepted, oldestSeconds },
            headline: `${netns} never accepted ${counted(unaccepted, 'connection')} whose clients gave up${age}.`,
          } as const,
        ]
      : []),
  ];
}

function describeOwner({ container, process }: Pick<NetnsOwner, 'container' | 'process'>): string[] {
  return [...(container === '' ? [] : [`container ${container}`]), ...(isNamed(process) ? [`process ${process}`] : [])];
}
