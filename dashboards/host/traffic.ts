import { lifetimes, lostEvents } from '../connection-events.ts';
import { line, type PlaceablePanel } from '../layout.ts';
import { CONNECTIONS_PER_SECOND } from '../panel-spec.ts';
import { timeseries } from '../panels.ts';
import { perSecond, retransmitRatio } from '../promql.ts';
import { ALERT_THRESHOLDS, orangeFrom } from '../thresholds.ts';

/** How connections come and end, and how much is lost on the way. */
export function traffic(): PlaceablePanel[] {
  return [
    ...line(8, [8, opens()], [8, ends()], [8, retransmits()]),
    ...line(8, [12, calls()], [12, failures()]),
    ...line(8, [12, lifetimes()], [12, lostEvents()]),
  ];
}

function opens() {
  return timeseries({
    title: 'Connections opened per second',
    description: 'By this host (active) and by peers (passive); failed attempts of either side.',
    unit: CONNECTIONS_PER_SECOND,
    queries: [
      { expr: perSecond('tcpstate_active_opens_total'), legend: '{{instance}} active' },
      { expr: perSecond('tcpstate_passive_opens_total'), legend: '{{instance}} passive' },
      { expr: perSecond('tcpstate_attempt_fails_total'), legend: '{{instance}} failed' },
    ],
    alerts: ['TcpConnectsFailing', 'TcpSynSentSpread'],
  });
}

function calls() {
  return timeseries({
    title: 'Who opens connections, per second (connection events)',
    description:
      'By process and destination, over all network namespaces. Only where the exporter runs with --collector.connection_events.',
    unit: CONNECTIONS_PER_SECOND,
    queries: [
      {
        expr: `topk(10, sum by (instance, process, remote_ip, remote_port) (${perSecond('tcpstate_connects_total')}))`,
        legend: '{{process}} to {{remote_ip}}:{{remote_port}}',
      },
    ],
    noValue: 'None, or a host without connection events.',
    alerts: ['TcpConnectionsNotReused'],
  });
}

function failures() {
  return timeseries({
    title: 'Whose connects fail, and why, per second (connection events)',
    description:
      'no_port: no ephemeral port was free. port_in_use: the one that the program had bound was taken. abandoned: the program did not wait any longer. Only where the exporter runs with --collector.connection_events.',
    unit: CONNECTIONS_PER_SECOND,
    queries: [
      {
        expr: `topk(10, sum by (instance, process, remote_ip, remote_port, reason) (${perSecond('tcpstate_connect_failures_total')}))`,
        legend: '{{process}} to {{remote_ip}}:{{remote_port}} {{reason}}',
      },
    ],
    noValue: 'None, or a host without connection events.',
    alerts: ['TcpConnectsWithoutPort', 'TcpDestinationFailing'],
  });
}

function ends() {
  return timeseries({
    title: 'Connections that ended badly, per second',
    description: 'Resets and aborts. The abort counters are Linux only.',
    unit: CONNECTIONS_PER_SECOND,
    queries: [
      { expr: perSecond('tcpstate_estab_resets_total'), legend: '{{instance}} reset' },
      { expr: perSecond('tcpstate_sent_resets_total'), legend: '{{instance}} resets sent' },
      { expr: perSecond('tcpstate_abort_on_timeout_total'), legend: '{{instance}} peer vanished' },
      { expr: perSecond('tcpstate_abort_on_close_total'), legend: '{{instance}} closed with unread data' },
      { expr: perSecond('tcpstate_abort_on_memory_total'), legend: '{{instance}} no memory' },
    ],
    alerts: [
      'TcpAbortOnMemory',
      'TcpConnectionsReset',
      'TcpConnectionsRefused',
      'TcpListenerGone',
      'TcpTwRecycleRejects',
    ],
  });
}

function retransmits() {
  return timeseries({
    title: 'Retransmitted segments',
    description: 'Share of the sent segments that are retransmissions: loss, or late acknowledgements.',
    unit: 'percentunit',
    queries: [{ expr: retransmitRatio(), legend: '{{instance}}' }],
    thresholds: orangeFrom(ALERT_THRESHOLDS.TcpRetransmitRatioHigh),
    showThresholds: true,
    alerts: ['TcpRetransmitRatioHigh'],
  });
}
