import type { PlaceablePanel } from '../layout.ts';
import { line } from '../layout.ts';
import { CONNECTIONS_PER_SECOND } from '../panel-spec.ts';
import { stat } from '../panels.ts';
import { chosen, perSecond, recent, secondsToExhaustion } from '../promql.ts';
import { ALERT_THRESHOLDS, redFrom, UTILIZATION_STEPS } from '../thresholds.ts';

/** The six figures an incident is judged by: green, or named and red. */
export function headline(): PlaceablePanel[] {
  return line(
    5,
    [4, worstUtilization()],
    [4, timeToExhaustion()],
    [4, stuckSockets()],
    [4, droppedConnections()],
    [4, firingAlerts()],
    [4, blindHosts()],
  );
}

function worstUtilization() {
  return stat({
    title: 'Worst port utilization',
    description: 'Share of the ephemeral ports that the next connect() cannot get, on the worst host.',
    unit: 'percentunit',
    decimals: 0,
    named: true,
    queries: [
      {
        expr: `topk(1, ${recent('tcpstate_ephemeral_utilization_ratio')})`,
        legend: '{{instance}} {{family}}',
      },
    ],
    thresholds: UTILIZATION_STEPS,
    alerts: ['TcpEphemeralPortsExhausted', 'TcpEphemeralPortsHigh'],
  });
}

function timeToExhaustion() {
  return stat({
    title: 'First range full in',
    description:
      'Time until the first host runs out of ports, at the growth of the last 15 minutes. "not growing" unless enough ports are in use and the use really rises.',
    unit: 's',
    decimals: 0,
    named: true,
    noValue: 'not growing',
    queries: [
      {
        expr: `bottomk(1, ${secondsToExhaustion(ALERT_THRESHOLDS.TcpEphemeralPortsFillingUp)})`,
        legend: '{{instance}} {{family}}',
      },
    ],
    thresholds: [
      { value: -1, color: 'red' },
      { value: 30 * 60, color: 'orange' },
      { value: 3 * 3600, color: 'green' },
    ],
    alerts: ['TcpEphemeralPortsFillingUp'],
  });
}

function stuckSockets() {
  return stat({
    title: 'CLOSE_WAIT floor (15 min)',
    description:
      'The highest number of CLOSE_WAIT sockets that a host never fell below in 15 minutes; a healthy sawtooth has none. The peers have closed, the application has not.',
    unit: 'short',
    decimals: 0,
    named: true,
    queries: [
      {
        expr: `topk(1, sum by (instance) (min_over_time(${chosen('tcpstate_sockets', 'state="close_wait"')}[15m])))`,
        legend: '{{instance}}',
      },
    ],
    thresholds: [
      { value: ALERT_THRESHOLDS.TcpCloseWaitStuck + 1, color: 'orange' },
      { value: 100, color: 'red' },
    ],
    alerts: ['TcpCloseWaitStuck', 'TcpCloseWaitLeak'],
  });
}

function droppedConnections() {
  return stat({
    title: 'Dropped at accept queues',
    description: 'Incoming connections that the kernel dropped because a process does not accept them. Linux only.',
    unit: CONNECTIONS_PER_SECOND,
    decimals: 1,
    unknown: 'not known',
    queries: [{ expr: `sum(${perSecond('tcpstate_listen_overflows_total')})` }],
    thresholds: redFrom(ALERT_THRESHOLDS.TcpAcceptQueueOverflow),
    alerts: ['TcpAcceptQueueOverflow'],
  });
}

function firingAlerts() {
  return stat({
    title: 'Firing alerts',
    description: 'Alerts of these rules that fire now on the chosen hosts.',
    unit: 'short',
    decimals: 0,
    queries: [{ expr: `count(${chosen('ALERTS', 'alertstate="firing", alertname=~"Tcp.+"')}) or vector(0)` }],
    thresholds: redFrom(1),
  });
}

function blindHosts() {
  return stat({
    title: 'Hosts not scraped',
    description: 'Hosts whose exporter does not answer: every other number on this page leaves them out.',
    unit: 'short',
    decimals: 0,
    queries: [{ expr: `count(${chosen('up')} == 0) or vector(0)` }],
    thresholds: redFrom(1),
    alerts: ['TcpStateExporterDown', 'TcpStateExporterAbsent'],
  });
}
