import { line, type PlaceablePanel } from '../layout.ts';
import { CONNECTIONS_PER_SECOND } from '../panel-spec.ts';
import { timeseries } from '../panels.ts';
import { ALERT_THRESHOLDS, orangeFrom, redFrom, UTILIZATION_STEPS } from '../thresholds.ts';
import {
  byPod,
  lastOfPods,
  perSecondOfPods,
  podCloseWaitStuck,
  podQueueFill,
  podRetransmitRatio,
  podUtilization,
} from './queries.ts';
import { MANY_TIME_WAIT } from './ranking.ts';

const NAME = '{{netns}} @ {{instance}}';
const NOT_READ = 'Needs the reader in the kernel (source bpf), and a pod on the host.';
const NOT_KNOWN = 'No other network namespace is seen.';

/** The course of the pods with the highest numbers. */
export function course(): PlaceablePanel[] {
  return [
    ...line(9, [8, ports()], [8, closeWait()], [8, queues()]),
    ...line(9, [12, timeWait()], [12, inUse()]),
    ...line(9, [12, opened()], [12, failures()]),
    ...line(9, [12, drops()], [12, retransmits()]),
  ];
}

function ports() {
  return timeseries({
    title: 'Ports of pods that connect() cannot get',
    description:
      'Share of the ephemeral ports of a pod that its next connect() to its busiest destination cannot get. At 100 % it fails.',
    unit: 'percentunit',
    noValue: NOT_READ,
    queries: [{ expr: top(podUtilization()), legend: NAME }],
    thresholds: UTILIZATION_STEPS,
    showThresholds: true,
    alerts: ['TcpPodEphemeralPortsExhausted', 'TcpPodEphemeralPortsHigh'],
  });
}

function closeWait() {
  return timeseries({
    title: 'CLOSE_WAIT of pods past the age limit',
    description: 'Connections that peers closed and the program in the pod does not.',
    unit: 'locale',
    noValue: NOT_READ,
    queries: [{ expr: top(podCloseWaitStuck()), legend: NAME }],
    thresholds: orangeFrom(ALERT_THRESHOLDS.TcpPodCloseWaitStuck),
    showThresholds: true,
    alerts: ['TcpPodCloseWaitStuck'],
  });
}

function queues() {
  return timeseries({
    title: 'Fullest accept queue of pods',
    description: 'How full the fullest accept queue of a pod is. At 100 % its clients are not let in.',
    unit: 'percentunit',
    noValue: NOT_READ,
    queries: [{ expr: top(podQueueFill()), legend: NAME }],
    alerts: ['TcpPodAcceptQueueStuck'],
  });
}

function timeWait() {
  return timeseries({
    title: 'TIME_WAIT of pods',
    description:
      'The eight pods with most sockets in TIME_WAIT. Dashed: 70 % of the default range of ports, a limit only for a pod that talks to one destination.',
    unit: 'locale',
    noValue: NOT_KNOWN,
    queries: [{ expr: top(lastOfPods('tcpstate_netns_time_wait_sockets')), legend: NAME }],
    thresholds: orangeFrom(MANY_TIME_WAIT),
    showThresholds: true,
    alerts: ['TcpPodTimeWaitHigh', 'TcpPodTimeWaitTableOverflow'],
  });
}

function inUse() {
  return timeseries({
    title: 'Sockets in use of pods',
    description: 'Sockets in any state but TIME_WAIT, SYN_RECV and bound. The eight pods with most of them.',
    unit: 'locale',
    noValue: NOT_KNOWN,
    queries: [{ expr: top(lastOfPods('tcpstate_netns_inuse_sockets')), legend: NAME }],
  });
}

function opened() {
  return timeseries({
    title: 'Connections that pods open, per second',
    description:
      'The eight pods that open most. One that opens hundreds a second to one destination runs out of ports.',
    unit: CONNECTIONS_PER_SECOND,
    noValue: NOT_KNOWN,
    queries: [{ expr: top(perSecondOfPods('tcpstate_netns_active_opens_total')), legend: NAME }],
  });
}

function failures() {
  return timeseries({
    title: 'Failed and reset connections of pods, per second',
    description: 'Attempts to open a connection that failed, and connections that ended by a reset; five pods each.',
    unit: CONNECTIONS_PER_SECOND,
    noValue: NOT_KNOWN,
    queries: [
      { expr: top(perSecondOfPods('tcpstate_netns_attempt_fails_total'), 5), legend: `failed ${NAME}` },
      { expr: top(perSecondOfPods('tcpstate_netns_estab_resets_total'), 5), legend: `reset ${NAME}` },
    ],
    alerts: ['TcpPodConnectsFailing'],
  });
}

function drops() {
  return timeseries({
    title: 'Dropped connections of pods, per second',
    description: 'Incoming connections that a listener dropped: because its accept queue was full, or for any reason.',
    unit: CONNECTIONS_PER_SECOND,
    noValue: NOT_KNOWN,
    queries: [
      { expr: top(perSecondOfPods('tcpstate_netns_listen_overflows_total'), 5), legend: `queue full ${NAME}` },
      { expr: top(perSecondOfPods('tcpstate_netns_listen_drops_total'), 5), legend: `any reason ${NAME}` },
    ],
    thresholds: redFrom(ALERT_THRESHOLDS.TcpPodAcceptQueueOverflow),
    showThresholds: true,
    alerts: ['TcpPodAcceptQueueOverflow'],
  });
}

function retransmits() {
  return timeseries({
    title: 'Retransmitted segments of pods',
    description: 'Share of the sent segments that are retransmissions. All pods of one node: look at the node.',
    unit: 'percentunit',
    noValue: NOT_KNOWN,
    queries: [{ expr: top(podRetransmitRatio()), legend: NAME }],
    thresholds: orangeFrom(ALERT_THRESHOLDS.TcpPodRetransmitRatioHigh),
    showThresholds: true,
    alerts: ['TcpPodRetransmitRatioHigh'],
  });
}

function top(expression: string, count = 8): string {
  return `topk(${count}, ${byPod(expression)})`;
}
