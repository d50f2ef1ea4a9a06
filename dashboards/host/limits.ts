import { line, type PlaceablePanel } from '../layout.ts';
import { timeseries } from '../panels.ts';
import { chosen, openFilesShare } from '../promql.ts';
import { ANY_SETTING } from '../settings.ts';
import { table } from '../table.ts';
import { ALERT_THRESHOLDS, redFrom } from '../thresholds.ts';

/** Tables and limits of the kernel and of processes, and how the host is set up. */
export function limits(): PlaceablePanel[] {
  return [...line(9, [8, kernelLimits()], [8, openFiles()], [8, settings()])];
}

function kernelLimits() {
  const shares = [
    ['conntrack', 'tcpstate_conntrack_entries', 'tcpstate_conntrack_limit'],
    ['orphans', 'tcpstate_orphan_sockets', 'tcpstate_orphan_limit'],
    ['TCP memory', 'tcpstate_memory_bytes', 'tcpstate_memory_limit_bytes'],
    ['open files of the host', 'tcpstate_open_files', 'tcpstate_setting_file_max'],
    ['TIME_WAIT table', 'tcpstate_sockets', 'tcpstate_time_wait_limit'],
  ] as const;
  return timeseries({
    title: 'Kernel limits',
    description: 'Each as a share of its limit. Linux only; conntrack where the firewall tracks connections.',
    unit: 'percentunit',
    noValue: 'Not known on this platform (Windows).',
    queries: shares.map(([name, used, limit]) => ({
      expr: `${usedOf(used)} / on (job, instance) group_left () (${chosen(limit)} > 0)`,
      legend: `{{instance}} ${name}`,
    })),
    thresholds: redFrom(ALERT_THRESHOLDS.TcpConntrackTableFull),
    showThresholds: true,
    alerts: [
      'TcpConntrackTableFull',
      'TcpConntrackTableHigh',
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
    description: 'Of each name the process nearest to its limit, as a share of that. Windows has handles and no limit.',
    unit: 'percentunit',
    noValue: 'No limit on this platform (Windows).',
    queries: [{ expr: `topk(8, ${openFilesShare()})`, legend: '{{process}}' }],
    thresholds: redFrom(ALERT_THRESHOLDS.TcpProcessFdsNearLimit),
    showThresholds: true,
    alerts: ['TcpProcessFdsNearLimit'],
  });
}

function settings() {
  return table({
    title: 'Settings',
    description: 'What this host is set to. Linux: sysctl and kernel; Windows: netsh and registry.',
    labels: [
      { label: '__name__', name: 'Setting' },
      { label: 'family', name: 'Family', width: 75 },
    ],
    values: [
      {
        name: 'Value',
        expr: `last_over_time({${ANY_SETTING}, job=~"$job", instance=~"$instance"}[3m])`,
        unit: 'none',
        width: 120,
      },
    ],
    sortBy: 'Setting',
  });
}
