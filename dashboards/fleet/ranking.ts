import { line, type PlaceablePanel } from '../layout.ts';
import { HOST_LINK } from '../links.ts';
import { barGauge, stat, timeseries } from '../panels.ts';
import { chosen, recent } from '../promql.ts';
import { table } from '../table.ts';
import { ALERT_THRESHOLDS, orangeFrom, redFrom, UTILIZATION_STEPS } from '../thresholds.ts';

const UTILIZATION = 'instance:tcpstate_ephemeral_utilization_ratio:max';
const SOCKETS = 'instance:tcpstate_sockets:sum';

/** Which hosts stand out. All of it from recording rules: cheap over hundreds of hosts. */
export function ranking(): PlaceablePanel[] {
  return [
    ...line(4, [6, hosts()], [6, overHigh()], [6, firing()], [6, allSockets()]),
    ...line(10, [10, fullest()], [14, hostTable()]),
    ...line(9, [12, utilization()], [12, outliers()]),
  ];
}

function hosts() {
  return stat({
    title: 'Hosts',
    description: 'Hosts whose exporter answers.',
    unit: 'none',
    queries: [{ expr: `sum(${chosen('up')})` }],
  });
}

function overHigh() {
  return stat({
    title: 'Hosts short of ports',
    description: 'Hosts above the first threshold of the port utilization.',
    unit: 'none',
    queries: [{ expr: `count(${recent(UTILIZATION)} > ${ALERT_THRESHOLDS.TcpEphemeralPortsHigh}) or vector(0)` }],
    thresholds: redFrom(1),
    alerts: ['TcpEphemeralPortsHigh'],
  });
}

function firing() {
  return stat({
    title: 'Hosts with a firing alert',
    description: 'Any alert of these rules.',
    unit: 'none',
    queries: [
      {
        expr: `count(count by (instance) (${chosen('ALERTS', 'alertstate="firing", alertname=~"Tcp.+"')})) or vector(0)`,
      },
    ],
    thresholds: redFrom(1),
  });
}

function allSockets() {
  return stat({
    title: 'Sockets',
    description: 'All sockets of all chosen hosts.',
    unit: 'short',
    queries: [{ expr: `sum(${recent(SOCKETS)})` }],
  });
}

function fullest() {
  return barGauge({
    title: 'Fullest port ranges',
    description: 'Utilization of the fuller address family; the fifteen fullest hosts.',
    unit: 'percentunit',
    max: 1,
    queries: [{ expr: `topk(15, ${recent(UTILIZATION)})`, legend: '{{instance}}' }],
    thresholds: UTILIZATION_STEPS,
  });
}

function hostTable() {
  return table({
    title: 'All hosts',
    description: 'Click a host to open its dashboard.',
    labels: [{ label: 'instance', name: 'Host', link: HOST_LINK }],
    values: [
      {
        name: 'Ports',
        expr: `max by (instance) (${recent(UTILIZATION)})`,
        unit: 'percentunit',
        decimals: 0,
        thresholds: UTILIZATION_STEPS,
      },
      {
        name: 'TIME_WAIT share',
        width: 140,
        expr: `max by (instance) (${recent('instance:tcpstate_time_wait_range:ratio')})`,
        unit: 'percentunit',
        decimals: 0,
        thresholds: orangeFrom(ALERT_THRESHOLDS.TcpTimeWaitHigh),
      },
      { name: 'Established', expr: `sum by (instance) (${recent(SOCKETS, 'state="established"')})` },
      {
        name: 'CLOSE_WAIT',
        expr: `sum by (instance) (${recent(SOCKETS, 'state="close_wait"')})`,
        thresholds: orangeFrom(100),
      },
      {
        name: 'Retrans.',
        expr: `max by (instance) (${recent('instance:tcpstate_retransmitted_segments:ratio_rate5m')})`,
        unit: 'percentunit',
        decimals: 1,
        thresholds: orangeFrom(ALERT_THRESHOLDS.TcpRetransmitRatioHigh),
      },
    ],
    sortBy: 'Ports',
    alerts: ['TcpTimeWaitHigh'],
  });
}

function utilization() {
  return timeseries({
    title: 'Port utilization of the fullest',
    description: 'The ten fullest hosts at each moment, and the median of all.',
    unit: 'percentunit',
    max: 1,
    queries: [
      { expr: `topk(10, ${chosen(UTILIZATION)})`, legend: '{{instance}}' },
      { expr: `quantile(0.5, ${chosen(UTILIZATION)})`, legend: 'median' },
    ],
    thresholds: UTILIZATION_STEPS,
    showThresholds: true,
    dashed: '/^median$/',
  });
}

function outliers() {
  const total = `sum by (instance) (${chosen(SOCKETS, 'state=~"established|time_wait|close_wait|syn_sent"')})`;
  return timeseries({
    title: 'Outliers: sockets against the median host',
    description:
      'Sockets of a host divided by those of the median host. Hosts that do the same work stay together; one that leaves the others has a reason.',
    unit: 'none',
    decimals: 1,
    queries: [{ expr: `topk(10, ${total} / on () group_left () quantile(0.5, ${total}))`, legend: '{{instance}}' }],
  });
}
