import type { PlaceablePanel } from '../layout.ts';
import { line } from '../layout.ts';
import { HOST_LINK } from '../links.ts';
import { barGauge } from '../panels.ts';
import {
  acceptQueueFill,
  busiestDestinations,
  chosen,
  destinationShare,
  ofBusiest,
  perSecond,
  recent,
  retransmitRatio,
  sumBy,
} from '../promql.ts';
import { table } from '../table.ts';
import { ALERT_THRESHOLDS, orangeFrom, redFrom, UTILIZATION_STEPS } from '../thresholds.ts';

/** Rows of the table. */
const DESTINATIONS = 15;

/** Who it is: alerts, hosts, destinations, processes. */
export function culprits(): PlaceablePanel[] {
  return [
    ...line(8, [10, alertsTable()], [14, worstHosts()]),
    ...line(9, [14, destinations()], [10, portsByProcess()]),
  ];
}

function alertsTable() {
  return table({
    title: 'What fires',
    description: 'What fires now, the critical ones first; the host leads to its own dashboard.',
    labels: [
      { label: 'alertname', name: 'Alert', width: 230 },
      { label: 'severity', name: 'Severity', width: 80, colors: { critical: 'red', warning: 'orange' } },
      { label: 'instance', name: 'Host', link: HOST_LINK },
      { label: 'process', name: 'Process', width: 110 },
    ],
    values: [
      {
        name: 'For',
        expr: `time() - max by (alertname, severity, instance, process) (${chosen('ALERTS_FOR_STATE', 'alertname=~"Tcp.+"')}
  and ignoring (alertstate) ${chosen('ALERTS', 'alertstate="firing"')})`,
        unit: 's',
        decimals: 0,
        width: 90,
      },
    ],
    sortBy: 'Severity',
  });
}

function worstHosts() {
  return table({
    title: 'Hosts',
    description: 'The chosen hosts, the one with the fullest port range first.',
    labels: [{ label: 'instance', name: 'Host', link: HOST_LINK }],
    values: [
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
        thresholds: orangeFrom(100),
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
        unit: 'cps',
        decimals: 1,
        thresholds: redFrom(ALERT_THRESHOLDS.TcpAcceptQueueOverflow),
      },
      {
        name: 'Sent again',
        width: 90,
        expr: `max by (instance) (${retransmitRatio()})`,
        unit: 'percentunit',
        decimals: 1,
        thresholds: orangeFrom(ALERT_THRESHOLDS.TcpRetransmitRatioHigh),
      },
    ],
    sortBy: 'Ports',
    alerts: ['TcpRetransmitRatioHigh', 'TcpAcceptQueueNearLimit'],
  });
}

function destinations() {
  return table({
    title: 'Busiest destinations and who talks to them',
    description:
      'On Linux a destination is the limit of connect(): each has the whole range, from each local address. Owner: the process with most open sockets towards it; the kernel keeps none for TIME_WAIT.',
    labels: [
      { label: 'instance', name: 'Host', link: HOST_LINK },
      { label: 'local_ip', name: 'From', width: 115 },
      { label: 'remote_ip', name: 'Destination', width: 130 },
      { label: 'remote_port', name: 'Port', width: 65 },
      { label: 'process', name: 'Owner' },
    ],
    values: [
      { name: 'Ports', expr: busiestDestinations(DESTINATIONS), width: 80 },
      {
        name: 'TIME_WAIT',
        expr: ofBusiest(DESTINATIONS, recent('tcpstate_ephemeral_destination_ports_time_wait')),
        width: 95,
      },
      {
        name: 'Of range',
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

function portsByProcess() {
  return barGauge({
    title: 'Ephemeral ports by process',
    description:
      'Distinct ports of the range that a process holds. `unknown` is TIME_WAIT: those sockets have no owner any more.',
    unit: 'short',
    queries: [
      {
        expr: `topk(8, ${recent('tcpstate_process_ephemeral_ports')})`,
        legend: '{{process}} @ {{instance}}',
      },
    ],
  });
}
