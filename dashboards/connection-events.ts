import { HOST_LINK } from './links.ts';
import { CONNECTIONS_PER_SECOND } from './panel-spec.ts';
import { timeseries } from './panels.ts';
import { perSecond, sumBy } from './promql.ts';
import { table } from './table.ts';
import { ALERT_THRESHOLDS, orangeFrom, redFrom } from './thresholds.ts';

/** What panels say that have no data: the collector is off unless it is asked for. */
const NONE = 'None, or no host with connection events.';
const ONLY_WITH = 'Only hosts whose exporter runs with --collector.connection_events are here.';
/** The alert counts in five minutes. */
const NO_PORT_PER_SECOND = ALERT_THRESHOLDS.TcpConnectsWithoutPort / 300;
/** Rows of each column of the table. */
const CALLERS = 10;

/** Who calls whom in vain or too often, of all chosen hosts. */
export function worstCallers() {
  const by = ['process', 'remote_ip', 'remote_port'];
  const failed = (reasons: string) => sumBy(by, perSecond('tcpstate_connect_failures_total', reasons));
  const noPort = failed('reason="no_port"');
  const inVain = failed('reason!="no_port"');
  const opened = sumBy(by, perSecond('tcpstate_connects_total'));
  const worst = [noPort, inVain, opened].map((expression) => `topk(${CALLERS}, ${expression} > 0)`).join(' or ');
  const ofWorst = (expression: string) => `${expression} and on (instance, ${by.join(', ')}) (${worst})`;
  const column = { unit: CONNECTIONS_PER_SECOND, decimals: 1, width: 105 } as const;
  const reason = (name: string, word: string) => ({
    ...column,
    name,
    expr: ofWorst(failed(`reason="${word}"`)),
    thresholds: orangeFrom(ALERT_THRESHOLDS.TcpDestinationFailing),
  });
  return table({
    title: 'Who calls whom in vain, or too often (connection events)',
    description: `Connects per second by process and destination, in every network namespace, and why they failed. No port: no ephemeral port was free. Port in use: the one that the program had bound was taken. Given up: the program did not wait any longer. ${ONLY_WITH}`,
    labels: [
      { label: 'instance', name: 'Host', link: HOST_LINK },
      { label: 'process', name: 'Process' },
      { label: 'remote_ip', name: 'Destination' },
      { label: 'remote_port', name: 'Port', width: 70 },
    ],
    values: [
      { ...column, name: 'Opened', expr: ofWorst(opened) },
      { ...column, name: 'No port', expr: ofWorst(noPort), thresholds: redFrom(NO_PORT_PER_SECOND) },
      { ...column, name: 'Port in use', expr: ofWorst(failed('reason="port_in_use"')) },
      reason('Refused', 'refused'),
      reason('Timed out', 'timed_out'),
      reason('Unreachable', 'unreachable'),
      reason('Given up', 'abandoned'),
    ],
    sortBy: 'Opened',
    alerts: ['TcpConnectsWithoutPort', 'TcpDestinationFailing', 'TcpConnectionsNotReused'],
  });
}

/** Whether connections are short or reused, by process. */
export function lifetimes() {
  const rate = (part: string) => perSecond(`tcpstate_connection_lifetime_seconds_${part}`);
  const most = `topk(10, ${sumBy(['process'], rate('count'))} > 0)`;
  const median = `histogram_quantile(0.5, ${sumBy(['process', 'le'], rate('bucket'))})`;
  return timeseries({
    title: 'How long connections live: the median (connection events)',
    description: `Of the connections that the ten processes with most of them opened and that ended, half lived no longer. Far below a second at a high rate: they are opened for each request, not reused. The longest that can be told is 60 s. ${ONLY_WITH}`,
    unit: 's',
    queries: [{ expr: `${median} and on (instance, process) ${most}`, legend: '{{process}}' }],
    noValue: NONE,
    alerts: ['TcpConnectionsNotReused'],
  });
}

/** What the counters lack. */
export function lostEvents() {
  return timeseries({
    title: 'Connection events that found no place, per second',
    description: `owners: counted without a process. flows: counted without destination or port. connections: forgotten before they had ended, their TIME_WAIT may have no process. At 0 the panels on connection events are complete. ${ONLY_WITH}`,
    unit: CONNECTIONS_PER_SECOND,
    queries: [
      { expr: sumBy(['map'], perSecond('tcpstate_connection_events_lost_total')), legend: '{{instance}} {{map}}' },
    ],
    noValue: 'No host with connection events.',
  });
}
