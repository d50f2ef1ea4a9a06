import { line, type PlaceablePanel } from '../layout.ts';
import { timeseries } from '../panels.ts';
import { chosen } from '../promql.ts';
import { ALERT_THRESHOLDS, orangeFrom } from '../thresholds.ts';

/** Connections the application forgot. */
export function closeWait(): PlaceablePanel[] {
  return line(8, [6, byProcess()], [6, stuck()], [6, oldest()], [6, growth()]);
}

function byProcess() {
  return timeseries({
    title: 'CLOSE_WAIT by process',
    description: 'The peer has closed, the process has not yet. Up and down is healthy; only up is a leak.',
    unit: 'short',
    noValue: 'No socket in CLOSE_WAIT.',
    queries: [{ expr: `topk(8, ${chosen('tcpstate_process_sockets', 'state="close_wait"')})`, legend: '{{process}}' }],
    alerts: ['TcpCloseWaitLeak'],
  });
}

function stuck() {
  return timeseries({
    title: 'CLOSE_WAIT past the age limit',
    description:
      'Sockets older than --close-wait.stuck-after. unclosed: the process never closes them. unaccepted: they wait in the accept queue of a process that hangs.',
    unit: 'short',
    noValue: 'None, or a host without ages.',
    queries: [{ expr: chosen('tcpstate_close_wait_stuck_sockets'), legend: '{{process}} {{reason}}' }],
    thresholds: orangeFrom(ALERT_THRESHOLDS.TcpCloseWaitStuck),
    showThresholds: true,
    alerts: ['TcpCloseWaitStuck'],
  });
}

function oldest() {
  return timeseries({
    title: 'Oldest CLOSE_WAIT by process',
    description: 'How long the oldest socket has waited for close(), at least.',
    unit: 's',
    noValue: 'None, or a host without ages.',
    queries: [{ expr: `topk(8, ${chosen('tcpstate_close_wait_oldest_seconds')})`, legend: '{{process}}' }],
  });
}

function growth() {
  return timeseries({
    title: 'Growth of the floor per hour',
    description:
      'How much the lowest number of CLOSE_WAIT sockets in half an hour rose within an hour. Needs the recording rules.',
    unit: 'short',
    min: -20,
    noValue: 'No process has a floor.',
    queries: [
      {
        expr: `${chosen('process:tcpstate_close_wait_sockets:floor30m')} - (${chosen('process:tcpstate_close_wait_sockets:floor30m')} offset 1h)`,
        legend: '{{process}}',
      },
    ],
    thresholds: orangeFrom(ALERT_THRESHOLDS.TcpCloseWaitLeak),
    showThresholds: true,
  });
}
