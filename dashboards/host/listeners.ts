import { line, type PlaceablePanel } from '../layout.ts';
import { CONNECTIONS_PER_SECOND } from '../panel-spec.ts';
import { timeseries } from '../panels.ts';
import { acceptQueueFill, perSecond, recent } from '../promql.ts';
import { table } from '../table.ts';
import { ALERT_THRESHOLDS, orangeFrom } from '../thresholds.ts';

const NOT_KNOWN = 'Not known on this platform (Windows).';

/** Incoming connections: accept queues and SYN backlogs. */
export function listeners(): PlaceablePanel[] {
  return line(9, [10, queues()], [7, fill()], [7, drops()]);
}

function queues() {
  return table({
    title: 'Accept queues',
    description:
      'Connections that wait for accept(), and how many may. The limit is the smaller of backlog and somaxconn.',
    labels: [
      { label: 'process', name: 'Process' },
      { label: 'local_ip', name: 'Address' },
      { label: 'local_port', name: 'Port', width: 70 },
    ],
    values: [
      { name: 'Waiting', expr: byListener(recent('tcpstate_listener_accept_queue_length')), width: 80 },
      { name: 'Limit', expr: byListener(recent('tcpstate_listener_accept_queue_limit')), width: 80 },
      {
        name: 'Full',
        expr: byListener(acceptQueueFill()),
        unit: 'percentunit',
        decimals: 0,
        thresholds: orangeFrom(ALERT_THRESHOLDS.TcpAcceptQueueNearLimit),
        width: 70,
      },
    ],
    sortBy: 'Full',
    alerts: ['TcpAcceptQueueNearLimit'],
  });
}

/** Without the name of the metric, which would keep the columns in rows of their own. */
function byListener(expression: string): string {
  return `max by (instance, process, local_ip, local_port) (${expression})`;
}

function fill() {
  return timeseries({
    title: 'Accept queue fill',
    description: 'The fullest listeners. A queue that is full at every scrape drops connections in between.',
    unit: 'percentunit',
    noValue: NOT_KNOWN,
    queries: [{ expr: `topk(8, ${acceptQueueFill()})`, legend: '{{process}} {{local_ip}} port {{local_port}}' }],
    thresholds: orangeFrom(ALERT_THRESHOLDS.TcpAcceptQueueNearLimit),
    showThresholds: true,
    alerts: ['TcpAcceptQueueStuck'],
  });
}

function drops() {
  return timeseries({
    title: 'Refused connections per second',
    description:
      'Dropped at accept queues; dropped by a listener for any reason; answered with a SYN cookie; dropped at a full SYN backlog. Linux only.',
    unit: CONNECTIONS_PER_SECOND,
    noValue: NOT_KNOWN,
    queries: [
      { expr: perSecond('tcpstate_listen_overflows_total'), legend: 'accept queue full' },
      { expr: perSecond('tcpstate_listen_drops_total'), legend: 'dropped for any reason' },
      { expr: perSecond('tcpstate_syncookies_sent_total'), legend: 'SYN cookies' },
      { expr: perSecond('tcpstate_request_queue_full_drops_total'), legend: 'SYN backlog full' },
    ],
    alerts: ['TcpAcceptQueueOverflow', 'TcpSynBacklogFull'],
  });
}
