import type { PlaceablePanel } from '../layout.ts';
import { line } from '../layout.ts';
import { CONNECTIONS_PER_SECOND } from '../panel-spec.ts';
import { text, timeseries } from '../panels.ts';
import { chosen, perSecond, sustainedPerSecond, timeWaitPerSecond, utilizationForecast } from '../promql.ts';
import { STATE_NOTES } from '../states.ts';
import { ALERT_THRESHOLDS, UTILIZATION_STEPS } from '../thresholds.ts';

/** How it came and where it goes. */
export function course(): PlaceablePanel[] {
  return [
    ...line(9, [12, utilization()], [12, timeWaitRate()]),
    ...line(9, [12, closeWaitFloor()], [12, failures()]),
    ...line(14, [11, states()], [13, stateNotes()]),
  ];
}

function utilization() {
  const forecast = utilizationForecast(ALERT_THRESHOLDS.TcpEphemeralPortsFillingUp);
  return timeseries({
    title: 'Port utilization, and where it is in 30 minutes',
    description:
      'Share of the ephemeral ports that connect() cannot get, on the five worst hosts. Dashed: where the trend of the last 15 minutes leads in 30 minutes, if enough is in use to matter.',
    unit: 'percentunit',
    queries: [
      {
        expr: `topk(5, max by (instance) (${chosen('tcpstate_ephemeral_utilization_ratio')}))`,
        legend: '{{instance}}',
      },
      { expr: `topk(5, max by (instance) (${forecast}))`, legend: '{{instance}} in 30 min' },
    ],
    thresholds: UTILIZATION_STEPS,
    showThresholds: true,
    dashed: '/ in 30 min$/',
    max: 1.2,
    alerts: ['TcpEphemeralPortsFillingUp', 'TcpEphemeralPortsAllHeld'],
  });
}

function timeWaitRate() {
  return timeseries({
    title: 'TIME_WAIT per second, and what the range sustains',
    description:
      'Connections per second to the busiest destination that end in TIME_WAIT. Dashed: what the smallest chosen range sustains, its ports divided by the TIME_WAIT time. Not for hosts whose TIME_WAIT time is unknown (Windows without TcpTimedWaitDelay).',
    unit: CONNECTIONS_PER_SECOND,
    queries: [
      { expr: `topk(5, max by (instance) (${timeWaitPerSecond()}))`, legend: '{{instance}}' },
      { expr: `min(${sustainedPerSecond()})`, legend: 'sustained' },
    ],
    dashed: '/^sustained$/',
    colors: { sustained: 'red' },
    alerts: ['TcpTimeWaitHigh', 'TcpTimeWaitTableOverflow'],
  });
}

function closeWaitFloor() {
  return timeseries({
    title: 'CLOSE_WAIT floor by process (15 min)',
    description:
      'The lowest number of CLOSE_WAIT sockets in 15 minutes. A process that closes late but closes stays flat; one that leaks climbs.',
    unit: 'short',
    queries: [
      {
        expr: `topk(8, min_over_time(${chosen('tcpstate_process_sockets', 'state="close_wait"')}[15m]))`,
        legend: '{{process}} @ {{instance}}',
      },
    ],
    alerts: ['TcpCloseWaitLeak', 'TcpCloseWaitStuck'],
  });
}

function failures() {
  return timeseries({
    title: 'Failures per second',
    description:
      'All chosen hosts. Dropped at accept queues, and TIME_WAIT table full, are Linux only. Port exhaustion events are of Windows, and experimental.',
    unit: CONNECTIONS_PER_SECOND,
    queries: [
      { expr: `sum(${perSecond('tcpstate_listen_overflows_total')})`, legend: 'dropped at accept queues' },
      { expr: `sum(${perSecond('tcpstate_attempt_fails_total')})`, legend: 'failed to open' },
      { expr: `sum(${perSecond('tcpstate_estab_resets_total')})`, legend: 'ended by reset' },
      { expr: `sum(${perSecond('tcpstate_time_wait_overflows_total')})`, legend: 'TIME_WAIT table full' },
      { expr: `sum(${perSecond('tcpstate_abort_on_timeout_total')})`, legend: 'peer vanished' },
      {
        expr: `sum(${perSecond('tcpstate_port_exhaustion_events_total')})`,
        legend: 'port exhaustion events (Windows)',
      },
    ],
    colors: { 'dropped at accept queues': 'red' },
    alerts: ['TcpAcceptQueueOverflow', 'TcpPortExhaustionEvent'],
  });
}

function states() {
  return timeseries({
    title: 'Sockets by state',
    description: 'All sockets of the chosen hosts.',
    unit: 'short',
    stacked: true,
    legend: 'right',
    queries: [{ expr: `sum by (state) (${chosen('tcpstate_sockets')})`, legend: '{{state}}' }],
    colors: Object.fromEntries(STATE_NOTES.map(({ state, color }) => [state, color])),
    alerts: ['TcpSocketsUnusual', 'TcpClosingPiling'],
  });
}

function stateNotes() {
  const rows = STATE_NOTES.map(({ state, means, many }) => `| ${state} | ${means} | ${many} |`);
  return text(
    'What the states mean',
    'For the person who was just woken up.',
    ['| State | Means | Many of them |', '|---|---|---|', ...rows].join('\n'),
  );
}
