import { line, type PlaceablePanel } from '../layout.ts';
import { timeseries } from '../panels.ts';
import { CHOSEN, chosen, openFilesShare } from '../promql.ts';
import { ANY_SETTING } from '../settings.ts';
import { table } from '../table.ts';
import { ALERT_THRESHOLDS, redFrom } from '../thresholds.ts';

/** Tables and limits of the kernel and of processes, and how the host is set up. */
export function limits(): PlaceablePanel[] {
  return [...line(9, [8, kernelLimits()], [8, openFiles()], [8, settings()])];
}

function kernelLimits() {
  const shares = [
    ['conntrack', 'tcpstate_conntrack_entries', 'tcpstate_conntrack_limit', 'purple'],
    ['orphans', 'tcpstate_orphan_sockets', 'tcpstate_orphan_limit', 'orange'],
    ['TCP memory', 'tcpstate_buffer_memory_bytes', 'tcpstate_buffer_memory_limit_bytes', 'green'],
    ['open files of the host', 'tcpstate_open_files', 'tcpstate_setting_file_max', 'yellow'],
    ['TIME_WAIT table', 'tcpstate_sockets', 'tcpstate_time_wait_limit', 'blue'],
  ] as const;
  return timeseries({
    title: 'Kernel limits',
    description: 'Each as a share of its limit. Linux only; conntrack only if the firewall tracks connections.',
    unit: 'percentunit',
    noValue: 'Not known on this platform (Windows).',
    queries: shares.map(([name, used, limit]) => ({
      expr: `${usedOf(used)} / on (job, instance) group_left () (${chosen(limit)} > 0)`,
      legend: `{{instance}} ${name}`,
    })),
    colors: Object.fromEntries(shares.map(([name, , , color]) => [`/ ${name}$/`, color])),
    thresholds: redFrom(ALERT_THRESHOLDS.TcpConntrackTableFull),
    showThresholds: true,
    alerts: [
      'TcpConntrackTableFull',
      'TcpConntrackTableHigh',
      'TcpConntrackDrops',
      'TcpOrphansNearLimit',
      'TcpMemoryNearLimit',
      'TcpSystemFilesNearLimit',
    ],
  });
}

function usedOf(metric: string): string {
  if (metric !== 'tcpstate_sockets') return chosen(metric);
  return `sum by (job, instance) (${chosen(metric, 'state="time_wait"')})`;
}

function openFiles() {
  return timeseries({
    title: 'Open files by process',
    description:
      'Per name, the process nearest to its limit, as a share of that limit. Windows has handles and no limit.',
    unit: 'percentunit',
    noValue: 'No limit on this platform (Windows).',
    queries: [{ expr: `topk(8, ${openFilesShare()})`, legend: '{{process}}' }],
    thresholds: redFrom(ALERT_THRESHOLDS.TcpProcessFdsNearLimit),
    showThresholds: true,
    alerts: ['TcpProcessFdsNearLimit', 'TcpProcessFdsRunningOut', 'TcpProcessFdsLeak', 'TcpClosedSocketsHeld'],
  });
}

function settings() {
  return table({
    title: 'Settings',
    description: 'Settings of this host. Linux: sysctl and kernel; Windows (experimental): netsh and registry.',
    labels: [
      { label: '__name__', name: 'Setting' },
      { label: 'family', name: 'Family', width: 75 },
    ],
    values: [
      {
        name: 'Value',
        expr: `last_over_time({${ANY_SETTING}, ${CHOSEN}}[3m])`,
        unit: 'none',
        width: 120,
      },
    ],
    sortBy: 'Setting',
  });
}
