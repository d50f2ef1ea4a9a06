import { line, type PlaceablePanel } from '../layout.ts';
import { barGauge, timeseries } from '../panels.ts';
import { busiestDestinations, chosen, destinationShare, ofBusiest, recent, utilizationForecast } from '../promql.ts';
import { table } from '../table.ts';
import { UTILIZATION_STEPS } from '../thresholds.ts';

const DESTINATIONS = 20;

/** Ephemeral ports: how many are left, and for whom. */
export function ports(): PlaceablePanel[] {
  return [
    ...line(9, [12, utilization()], [12, usedAgainstRange()]),
    ...line(9, [14, destinations()], [10, byProcess()]),
    ...line(8, [12, destinationCourse()], [12, timeWait()]),
  ];
}

function utilization() {
  return timeseries({
    title: 'Utilization, and where it is in 30 minutes',
    description:
      'Linux: ports of the busiest destination plus blocked ones, TIME_WAIT left out where it may be reused. Windows: all used ports.',
    unit: 'percentunit',
    queries: [
      { expr: chosen('tcpstate_ephemeral_utilization_ratio'), legend: '{{instance}} {{family}}' },
      { expr: utilizationForecast(0), legend: '{{instance}} {{family}} in 30 min' },
    ],
    thresholds: UTILIZATION_STEPS,
    showThresholds: true,
    dashed: '/ in 30 min$/',
    max: 1.2,
    alerts: ['TcpEphemeralPortsFillingUp', 'TcpEphemeralPortsExhausted'],
  });
}

function usedAgainstRange() {
  return timeseries({
    title: 'Ports held by anything, against the range',
    description:
      'Distinct ports of the range that any socket holds. On Linux they may serve several destinations at once; bind() to port 0 fails when all are held. Blocked: no connect() can get them.',
    unit: 'short',
    queries: [
      { expr: chosen('tcpstate_ephemeral_ports_used'), legend: '{{instance}} {{family}} held' },
      { expr: chosen('tcpstate_ephemeral_ports_blocked'), legend: '{{instance}} {{family}} blocked' },
      { expr: chosen('tcpstate_ephemeral_ports'), legend: '{{instance}} {{family}} range' },
    ],
    dashed: '/ range$/',
    alerts: ['TcpEphemeralPortsAllHeld'],
  });
}

function destinations() {
  return table({
    title: 'Busiest destinations and who talks to them',
    description: 'The limit of connect() on Linux: each destination has the whole range, from each local address.',
    labels: [
      { label: 'local_ip', name: 'From' },
      { label: 'remote_ip', name: 'Destination' },
      { label: 'remote_port', name: 'Port', width: 70 },
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
        decimals: 1,
        thresholds: UTILIZATION_STEPS,
        width: 90,
      },
    ],
    sortBy: 'Ports',
  });
}

function byProcess() {
  return barGauge({
    title: 'Ephemeral ports by process',
    description: 'Distinct ports of the range that a process holds. `unknown` is TIME_WAIT, which has no owner.',
    unit: 'short',
    queries: [{ expr: `topk(10, ${recent('tcpstate_process_ephemeral_ports')})`, legend: '{{process}}' }],
  });
}

function destinationCourse() {
  return timeseries({
    title: 'Ports by destination',
    description: 'Ports used towards the busiest destinations.',
    unit: 'short',
    queries: [
      {
        expr: `topk(8, ${chosen('tcpstate_ephemeral_destination_ports_used')})`,
        legend: '{{local_ip}} → {{remote_ip}} port {{remote_port}}',
      },
    ],
  });
}

function timeWait() {
  return timeseries({
    title: 'TIME_WAIT against its limit',
    description:
      'Sockets in TIME_WAIT, both directions, and tcp_max_tw_buckets: beyond it connections end without TIME_WAIT. Windows has no such limit.',
    unit: 'short',
    queries: [
      {
        expr: `sum by (instance) (${chosen('tcpstate_sockets', 'state="time_wait"')})`,
        legend: '{{instance}} TIME_WAIT',
      },
      { expr: chosen('tcpstate_time_wait_limit'), legend: '{{instance}} limit' },
    ],
    dashed: '/ limit$/',
    alerts: ['TcpTimeWaitTableOverflow'],
  });
}
