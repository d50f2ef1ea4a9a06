import { line, type PlaceablePanel } from '../layout.ts';
import { CONNECTIONS_PER_SECOND } from '../panel-spec.ts';
import { stat } from '../panels.ts';
import { ofHosts, ofPods } from '../promql.ts';
import { table } from '../table.ts';
import { ALERT_THRESHOLDS, DEFAULT_PORTS, orangeFrom, redFrom, UTILIZATION_STEPS } from '../thresholds.ts';
import { destinationsOfPods, podColumns, podOwners } from './owners.ts';
import {
  byPod,
  lastOfPods,
  perSecondOfPods,
  podCloseWaitStuck,
  podQueueFill,
  podRetransmitRatio,
  podUtilization,
} from './queries.ts';

const UNKNOWN = 'not known';
export const MANY_TIME_WAIT = Math.ceil(ALERT_THRESHOLDS.TcpPodTimeWaitHigh * DEFAULT_PORTS);

/** Which pods stand out. */
export function ranking(): PlaceablePanel[] {
  return [
    ...line(4, [6, found()], [6, mostTimeWait()], [6, dropped()], [6, failed()]),
    ...line(13, [24, pods()]),
    ...line(8, [24, podOwners(ofPods)]),
    ...line(9, [24, destinationsOfPods()]),
    ...line(8, [24, identities()]),
  ];
}

function found() {
  return stat({
    title: 'Pods and other network namespaces',
    description: "Network namespaces of the chosen hosts, besides the hosts' own, whose numbers are read.",
    unit: 'none',
    unknown: UNKNOWN,
    queries: [{ expr: `sum(last_over_time(${ofHosts('tcpstate_network_namespaces', ['status="read"'])}[3m]))` }],
  });
}

function mostTimeWait() {
  return stat({
    title: 'Most TIME_WAIT',
    description: `The pod with most sockets in TIME_WAIT. A pod that opens connections to one destination fails at ${DEFAULT_PORTS.toLocaleString('en-US')}, unless it has a range of its own; whether they are towards one is not known.`,
    unit: 'locale',
    named: true,
    unknown: UNKNOWN,
    queries: [
      { expr: `topk(1, ${byPod(lastOfPods('tcpstate_netns_time_wait_sockets'))})`, legend: '{{netns}} @ {{instance}}' },
    ],
    thresholds: orangeFrom(MANY_TIME_WAIT),
    alerts: ['TcpPodTimeWaitHigh'],
  });
}

function dropped() {
  return stat({
    title: 'Dropped at accept queues of pods',
    description: 'Incoming connections that the kernel dropped because a program in a pod does not accept them.',
    unit: CONNECTIONS_PER_SECOND,
    decimals: 1,
    unknown: UNKNOWN,
    queries: [{ expr: `sum(${perSecondOfPods('tcpstate_netns_listen_overflows_total')})` }],
    thresholds: redFrom(ALERT_THRESHOLDS.TcpPodAcceptQueueOverflow),
    alerts: ['TcpPodAcceptQueueOverflow'],
  });
}

function failed() {
  return stat({
    title: 'Failing most',
    description: 'The pod with most attempts to open a connection that fail, handshakes of its clients included.',
    unit: CONNECTIONS_PER_SECOND,
    decimals: 1,
    named: true,
    unknown: UNKNOWN,
    queries: [
      {
        expr: `topk(1, ${byPod(perSecondOfPods('tcpstate_netns_attempt_fails_total'))})`,
        legend: '{{netns}} @ {{instance}}',
      },
    ],
    thresholds: orangeFrom(ALERT_THRESHOLDS.TcpPodConnectsFailing),
    alerts: ['TcpPodConnectsFailing'],
  });
}

function pods() {
  return table({
    title: 'Pods',
    description:
      'All chosen pods, and containers and units with a network of their own. `other` is the sum of the smallest of a host. TIME_WAIT is coloured from 70 % of the default range of ports on. Ports, CLOSE_WAIT and the fullest accept queue need the reader in the kernel.',
    labels: [...podColumns()],
    values: [
      { name: 'In use', expr: byPod(lastOfPods('tcpstate_netns_inuse_sockets')), width: 85 },
      { name: 'Established', expr: byPod(lastOfPods('tcpstate_netns_curr_estab')), width: 100 },
      {
        name: 'TIME_WAIT',
        expr: byPod(lastOfPods('tcpstate_netns_time_wait_sockets')),
        thresholds: orangeFrom(MANY_TIME_WAIT),
        width: 100,
      },
      {
        name: 'Ports',
        expr: byPod(podUtilization()),
        unit: 'percentunit',
        decimals: 0,
        thresholds: UTILIZATION_STEPS,
        width: 70,
      },
      {
        name: 'Stuck CLOSE_WAIT',
        expr: byPod(podCloseWaitStuck()),
        thresholds: orangeFrom(ALERT_THRESHOLDS.TcpPodCloseWaitStuck),
        width: 140,
      },
      { name: 'Queue', expr: byPod(podQueueFill()), unit: 'percentunit', decimals: 0, width: 75 },
      { name: 'Opened', expr: byPod(perSecondOfPods('tcpstate_netns_active_opens_total')), ...rate, width: 100 },
      { name: 'Accepted', expr: byPod(perSecondOfPods('tcpstate_netns_passive_opens_total')), ...rate, width: 100 },
      {
        name: 'Failed',
        expr: byPod(perSecondOfPods('tcpstate_netns_attempt_fails_total')),
        ...rate,
        thresholds: orangeFrom(ALERT_THRESHOLDS.TcpPodConnectsFailing),
        width: 100,
      },
      {
        name: 'Dropped',
        expr: byPod(perSecondOfPods('tcpstate_netns_listen_overflows_total')),
        ...rate,
        thresholds: redFrom(ALERT_THRESHOLDS.TcpPodAcceptQueueOverflow),
        width: 100,
      },
      {
        name: 'Retransmits',
        expr: byPod(podRetransmitRatio()),
        unit: 'percentunit',
        decimals: 1,
        thresholds: orangeFrom(ALERT_THRESHOLDS.TcpPodRetransmitRatioHigh),
        width: 105,
      },
    ],
    sortBy: 'TIME_WAIT',
    alerts: ['TcpPodTimeWaitHigh', 'TcpPodRetransmitRatioHigh'],
  });
}

const rate = { unit: CONNECTIONS_PER_SECOND, decimals: 1 } as const;

function identities() {
  return table({
    title: 'Who they are',
    description:
      'What is known of each network namespace. Container: if it has only one. Number: as in `net:[…]` of `lsns -t net`, for `nsenter`. A name without a process has no numbers above.',
    labels: [
      ...podColumns(),
      { label: 'container', name: 'Container' },
      { label: 'container_id', name: 'Container id' },
      { label: 'pod_uid', name: 'Pod uid' },
      { label: 'inum', name: 'Number', width: 110 },
    ],
    values: [
      {
        name: 'Seen',
        expr: `max by (instance, namespace, netns, container, container_id, pod_uid, inum) (last_over_time(${ofPods('tcpstate_netns_info')}[3m]))`,
        width: 60,
      },
    ],
    sortBy: 'Pod',
  });
}
