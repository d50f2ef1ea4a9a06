import { byOwner, DESTINATION_OWNER, destinationColumn, NAME_COLUMN, ownerColumns } from '../destinations.ts';
import { line, type PlaceablePanel } from '../layout.ts';
import { busiestDestinations } from '../owners.ts';
import { timeseries } from '../panels.ts';
import { chosen, destinationShare, ofBusiest, recent, utilizationForecast } from '../promql.ts';
import { table } from '../table.ts';
import { UTILIZATION_STEPS } from '../thresholds.ts';

const DESTINATIONS = 20;

/** Ephemeral ports: how many are left, and for whom. */
export function ports(): PlaceablePanel[] {
  return [
    ...line(9, [12, utilization()], [12, usedAgainstRange()]),
    ...line(9, [14, destinations()], [10, byOwner('host')]),
    ...line(8, [12, destinationCourse()], [12, timeWait()]),
  ];
}

function utilization() {
  return timeseries({
    title: 'Utilization, and where it is in 30 minutes',
    description:
      'Linux: ports of the busiest destination plus blocked ones, without reusable TIME_WAIT. Windows (experimental): all used ports.',
    unit: 'percentunit',
    queries: [
      { expr: chosen('tcpstate_ephemeral_utilization_ratio'), legend: '{{instance}} {{family}}' },
      { expr: utilizationForecast(0), legend: '{{instance}} {{family}} in 30 min' },
    ],
    thresholds: UTILIZATION_STEPS,
    showThresholds: true,
    dashed: '/ in 30 min$/',
    max: 1.2,
    alerts: ['TcpEphemeralPortsFillingUp', 'TcpEphemeralPortsExhausted', 'TcpEphemeralPortsExhaustedOften'],
  });
}

function usedAgainstRange() {
  return timeseries({
    title: 'Ports held by any socket, and the range',
    description:
      'Distinct ports of the range that any socket holds. On Linux a port may serve several destinations at once; bind() to port 0 of the wildcard address fails when all are held. Blocked: no connect() can get them.',
    unit: 'short',
    queries: [
      { expr: chosen('tcpstate_ephemeral_ports_used'), legend: '{{instance}} {{family}} held' },
      { expr: chosen('tcpstate_ephemeral_ports_blocked'), legend: '{{instance}} {{family}} blocked' },
      { expr: chosen('tcpstate_ephemeral_ports'), legend: '{{instance}} {{family}} range' },
    ],
    limits: '/ range$/',
    alerts: ['TcpEphemeralPortsAllHeld', 'TcpListenerInEphemeralRange'],
  });
}

function destinations() {
  return table({
    title: 'Busiest destinations and who talks to them',
    description: `On Linux each destination has the whole range, from each local address. ${DESTINATION_OWNER}`,
    labels: [
      { label: 'local_ip', name: 'From' },
      destinationColumn('host'),
      { label: 'remote_port', name: 'Port', width: 70 },
      NAME_COLUMN,
      ...ownerColumns('host'),
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
        decimals: 1,
        thresholds: UTILIZATION_STEPS,
        width: 90,
      },
    ],
    sortBy: 'Ports',
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
    title: 'TIME_WAIT and its limit',
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
    limits: '/ limit$/',
    alerts: ['TcpTimeWaitTableOverflow'],
  });
}
