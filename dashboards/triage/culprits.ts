import { worstCallers } from '../connection-events.ts';
import { byOwner, DESTINATION_OWNER, destinationColumn, NAME_COLUMN, ownerColumns } from '../destinations.ts';
import type { PlaceablePanel } from '../layout.ts';
import { line } from '../layout.ts';
import { HOST_LINK } from '../links.ts';
import { busiestDestinations } from '../owners.ts';
import { CONNECTIONS_PER_SECOND } from '../panel-spec.ts';
import { podColumns, podOwners } from '../pods/owners.ts';
import { byPod } from '../pods/queries.ts';
import { MANY_TIME_WAIT } from '../pods/ranking.ts';
import {
  acceptQueueFill,
  destinationShare,
  ofBusiest,
  ofHosts,
  perSecond,
  recent,
  retransmitRatio,
  sumBy,
} from '../promql.ts';
import { table } from '../table.ts';
import { ALERT_THRESHOLDS, orangeFrom, redFrom, UTILIZATION_STEPS } from '../thresholds.ts';
import { alertsTable } from './alerts.ts';
import { MANY_CLOSE_WAIT, SEVERITY_COLUMN, worstOfHost } from './severity.ts';

/** Rows of the table. */
const DESTINATIONS = 15;

/** Who it is: alerts, hosts, destinations, processes. */
export function culprits(): PlaceablePanel[] {
  return [
    ...line(12, [9, alertsTable()], [15, worstHosts()]),
    ...line(10, [14, destinations()], [10, byOwner('triage')]),
    ...line(9, [24, worstCallers()]),
    ...line(9, [24, worstPods()]),
    ...line(7, [24, podOwners(ofNamedPods)]),
  ];
}

function worstHosts() {
  return table({
    title: 'Hosts',
    description:
      'The chosen hosts, worst first: critical where the port range is used up or connections are dropped, warning where another figure of the row is coloured.',
    labels: [{ label: 'instance', name: 'Host', link: HOST_LINK }],
    values: [
      { ...SEVERITY_COLUMN, name: 'Verdict', expr: worstOfHost() },
      {
        name: 'Ports',
        width: 70,
        expr: `max by (instance) (${recent('tcpstate_ephemeral_utilization_ratio')})`,
        unit: 'percentunit',
        decimals: 0,
        thresholds: UTILIZATION_STEPS,
      },
      { name: 'Established', width: 95, expr: sumBy([], recent('tcpstate_sockets', 'state="established"')) },
      { name: 'TIME_WAIT', width: 95, expr: sumBy([], recent('tcpstate_sockets', 'state="time_wait"')) },
      {
        name: 'CLOSE_WAIT',
        width: 100,
        expr: sumBy([], recent('tcpstate_sockets', 'state="close_wait"')),
        thresholds: orangeFrom(MANY_CLOSE_WAIT),
      },
      {
        name: 'SYN_SENT',
        width: 90,
        expr: sumBy([], recent('tcpstate_sockets', 'state="syn_sent"')),
        thresholds: orangeFrom(ALERT_THRESHOLDS.TcpSynSentPiling + 1),
      },
      {
        name: 'Fullest queue',
        width: 110,
        expr: `max by (instance) (${acceptQueueFill()})`,
        unit: 'percentunit',
        decimals: 0,
        thresholds: orangeFrom(ALERT_THRESHOLDS.TcpAcceptQueueNearLimit),
      },
      {
        name: 'Dropped',
        width: 85,
        expr: sumBy([], perSecond('tcpstate_listen_overflows_total')),
        unit: CONNECTIONS_PER_SECOND,
        decimals: 1,
        thresholds: redFrom(ALERT_THRESHOLDS.TcpAcceptQueueOverflow),
      },
      {
        name: 'Retransmits',
        width: 100,
        expr: `max by (instance) (${retransmitRatio()})`,
        unit: 'percentunit',
        decimals: 1,
        thresholds: orangeFrom(ALERT_THRESHOLDS.TcpRetransmitRatioHigh),
      },
    ],
    sortBy: 'Verdict',
    alerts: ['TcpRetransmitRatioHigh', 'TcpAcceptQueueNearLimit'],
  });
}

/** A metric of the pods of the chosen hosts, without the sum of the smallest. */
function ofNamedPods(metric: string): string {
  return ofHosts(metric, ['netns!="other"']);
}

/** Rows of each column; a pod that is among the worst in one has all of them. */
const PODS = 5;

function worstPods() {
  const last = (metric: string) => `last_over_time(${ofNamedPods(metric)}[3m])`;
  const rate = (metric: string) => `rate(${ofNamedPods(metric)}[$__rate_interval])`;
  const timeWait = byPod(last('tcpstate_netns_time_wait_sockets'));
  const dropped = byPod(rate('tcpstate_netns_listen_overflows_total'));
  const failed = byPod(rate('tcpstate_netns_attempt_fails_total'));
  const ports = byPod(last('tcpstate_netns_ephemeral_utilization_ratio'));
  const stuck = `sum by (instance, namespace, netns) (${last('tcpstate_netns_close_wait_stuck_sockets')})`;
  const limit = `(${last('tcpstate_netns_fullest_accept_queue_limit')} > 0)`;
  const queue = byPod(`clamp_max(${last('tcpstate_netns_fullest_accept_queue_length')} / ${limit}, 1)`);
  const worst = [
    ...[timeWait, stuck, dropped, failed].map((expression) => `topk(${PODS}, ${expression} > 0)`),
    ...[ports, queue].map((expression) => `topk(${PODS}, ${expression} > 0.5)`),
  ].join(' or ');
  const ofWorst = (expression: string) => `${expression} and on (instance, namespace, netns) (${worst})`;
  const perSecondColumn = { unit: CONNECTIONS_PER_SECOND, decimals: 1, width: 110 } as const;
  return table({
    title: 'Pods and containers that stand out',
    description:
      'Of each column that tells of trouble the five worst, of ports and queues if more than half is taken. Click one for all that is known of it. Ports, CLOSE_WAIT and queues need the reader in the kernel.',
    labels: podColumns(),
    values: [
      {
        name: 'Ports',
        expr: ofWorst(ports),
        unit: 'percentunit',
        decimals: 0,
        thresholds: UTILIZATION_STEPS,
        width: 80,
      },
      { name: 'TIME_WAIT', expr: ofWorst(timeWait), thresholds: orangeFrom(MANY_TIME_WAIT), width: 110 },
      {
        name: 'Stuck CLOSE_WAIT',
        expr: ofWorst(stuck),
        thresholds: orangeFrom(ALERT_THRESHOLDS.TcpPodCloseWaitStuck),
        width: 140,
      },
      { name: 'Queue', expr: ofWorst(queue), unit: 'percentunit', decimals: 0, width: 80 },
      { name: 'In use', expr: ofWorst(byPod(last('tcpstate_netns_inuse_sockets'))), width: 110 },
      { ...perSecondColumn, name: 'Opened', expr: ofWorst(byPod(rate('tcpstate_netns_active_opens_total'))) },
      {
        ...perSecondColumn,
        name: 'Failed',
        expr: ofWorst(failed),
        thresholds: orangeFrom(ALERT_THRESHOLDS.TcpPodConnectsFailing),
      },
      {
        ...perSecondColumn,
        name: 'Dropped',
        expr: ofWorst(dropped),
        thresholds: redFrom(ALERT_THRESHOLDS.TcpPodAcceptQueueOverflow),
      },
    ],
    sortBy: 'Ports',
    alerts: ['TcpPodTimeWaitHigh', 'TcpPodAcceptQueueOverflow', 'TcpPodConnectsFailing'],
  });
}

function destinations() {
  return table({
    title: 'Busiest destinations and who talks to them',
    description: `On Linux each destination has the whole range, from each local address. ${DESTINATION_OWNER}`,
    labels: [
      { label: 'instance', name: 'Host', link: HOST_LINK },
      { label: 'local_ip', name: 'From', width: 115 },
      destinationColumn('triage', 130),
      { label: 'remote_port', name: 'Port', width: 65 },
      NAME_COLUMN,
      ...ownerColumns('triage'),
    ],
    values: [
      { name: 'Ports', expr: busiestDestinations(DESTINATIONS), width: 80 },
      {
        name: 'TIME_WAIT',
        expr: ofBusiest(DESTINATIONS, recent('tcpstate_ephemeral_destination_ports_time_wait')),
        width: 95,
      },
      {
        name: 'Utilization',
        expr: ofBusiest(DESTINATIONS, destinationShare()),
        unit: 'percentunit',
        decimals: 0,
        thresholds: UTILIZATION_STEPS,
        width: 90,
      },
    ],
    sortBy: 'Ports',
  });
}
