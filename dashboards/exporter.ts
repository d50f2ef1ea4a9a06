import { createDashboard } from './frame.ts';
import { line, type PlaceablePanel } from './layout.ts';
import { HOST_LINK, UIDS } from './links.ts';
import { stat, timeseries } from './panels.ts';
import { chosen, perSecond, recent } from './promql.ts';
import { table } from './table.ts';
import { ALERT_THRESHOLDS, redFrom } from './thresholds.ts';

const DURATION = 'tcpstate_scrape_collector_duration_seconds';

/** Whether the numbers of the other dashboards can be trusted, and what they cost. */
export function buildExporter() {
  return createDashboard({
    uid: UIDS.exporter,
    title: 'TCP / Exporter',
    description: 'Health and cost of tcpstate-exporter itself.',
    from: 'now-6h',
    sections: [{ panels: health() }, { title: 'Collectors', panels: collectors() }, { title: 'Cost', panels: cost() }],
  });
}

function health(): PlaceablePanel[] {
  return line(
    4,
    [5, count('Hosts not scraped', `${chosen('up')} == 0`, 'Scrapes that fail now.', 'TcpStateExporterDown')],
    [
      5,
      count(
        'Failing collectors',
        `${recent('tcpstate_scrape_collector_success')} == 0`,
        'Parts of pages that are missing.',
        'TcpStateCollectorFailing',
      ),
    ],
    [
      5,
      count(
        'Wrong namespace',
        `${recent('tcpstate_network_namespace_is_host')} == 0 or ${recent('tcpstate_pid_namespace_is_host')} == 0`,
        'Exporters that see the sockets or the processes of a container instead of those of the host.',
        'TcpStateWrongNamespace',
      ),
    ],
    [
      5,
      count(
        'Broken configuration files',
        `${recent('tcpstate_config_last_reload_successful')} == 0`,
        'Exporters whose file has changed and is broken: what it said before still holds.',
        'TcpStateConfigReloadFailed',
      ),
    ],
    [4, slowest()],
  );
}

function count(title: string, expression: string, description: string, alert: `TcpState${string}`) {
  return stat({
    title,
    description,
    unit: 'none',
    queries: [{ expr: `count(${expression}) or vector(0)` }],
    thresholds: redFrom(1),
    alerts: [alert],
  });
}

function slowest() {
  return stat({
    title: 'Slowest scrape',
    description: 'All collectors of the slowest host together.',
    unit: 's',
    named: true,
    queries: [{ expr: `topk(1, sum by (instance) (${recent(DURATION)}))`, legend: '{{instance}}' }],
    thresholds: redFrom(ALERT_THRESHOLDS.TcpStateScrapeSlow),
    alerts: ['TcpStateScrapeSlow'],
  });
}

function collectors(): PlaceablePanel[] {
  return [
    ...line(9, [12, durationByHost()], [12, durationByCollector()]),
    ...line(9, [8, sources()], [8, folded()], [8, unattributed()]),
  ];
}

function durationByHost() {
  return timeseries({
    title: 'Collection time by host',
    description: 'Sum over the collectors, the ten slowest.',
    unit: 's',
    queries: [{ expr: `topk(10, sum by (instance) (${chosen(DURATION)}))`, legend: '{{instance}}' }],
    thresholds: redFrom(ALERT_THRESHOLDS.TcpStateScrapeSlow),
    alerts: ['TcpStateScrapeSlow'],
  });
}

function durationByCollector() {
  return timeseries({
    title: 'Collection time by collector',
    description:
      'The slowest host for each collector: `sockets` grows with the sockets, `processes` with the new ones per scrape.',
    unit: 's',
    queries: [{ expr: `max by (collector) (${chosen(DURATION)})`, legend: '{{collector}}' }],
  });
}

function sources() {
  return table({
    title: 'Collectors and what they read',
    description: '`procfs` for `sockets` is the slow fallback, without accept queue limits and bound sockets.',
    labels: [
      { label: 'instance', name: 'Host', link: HOST_LINK },
      { label: 'collector', name: 'Collector' },
      { label: 'source', name: 'Source', width: 110 },
    ],
    values: [
      {
        name: 'Works',
        expr: `${recent('tcpstate_source_info')} * on (job, instance, collector) group_left () ${recent('tcpstate_scrape_collector_success')}`,
        unit: 'bool_yes_no',
        width: 70,
      },
    ],
    sortBy: 'Collector',
  });
}

function folded() {
  return timeseries({
    title: 'Groups aggregated in other',
    description:
      'Groups beyond the limit of each metric. Sums include their sockets; a higher limit shows their names and costs series.',
    unit: 'short',
    queries: [{ expr: `max by (metric) (${chosen('tcpstate_series_folded')})`, legend: '{{metric}}' }],
  });
}

function unattributed() {
  return timeseries({
    title: 'Sockets without a process',
    description:
      "kernel: TIME_WAIT and the like have no owner. unaccepted: still in an accept queue. permission: the exporter lacks a capability. pid_namespace: it does not see the host's processes. unresolved: not found in time.",
    unit: 'short',
    queries: [{ expr: `sum by (reason) (${chosen('tcpstate_unattributed_sockets')})`, legend: '{{reason}}' }],
    alerts: ['TcpStateOwnersHidden'],
  });
}

function cost(): PlaceablePanel[] {
  return line(8, [6, memory()], [6, cpu()], [6, samples()], [6, restarts()]);
}

function memory() {
  return timeseries({
    title: 'Memory',
    description:
      'Memory of the exporter alone (anonymous), and all that is resident, with pages of its program file; the ten largest.',
    unit: 'bytes',
    queries: [
      { expr: `topk(10, ${chosen('process_anonymous_memory_bytes')})`, legend: '{{instance}} anonymous' },
      { expr: `topk(10, ${chosen('process_resident_memory_bytes')})`, legend: '{{instance}} resident' },
    ],
  });
}

function cpu() {
  return timeseries({
    title: 'CPU',
    description: 'Share of one core that the exporter uses; the ten largest.',
    unit: 'percentunit',
    queries: [{ expr: `topk(10, ${perSecond('process_cpu_seconds_total')})`, legend: '{{instance}}' }],
  });
}

function samples() {
  return timeseries({
    title: 'Series per scrape',
    description:
      'What the exporter costs Prometheus; with the default limits at most 3,000, 5,750 with pods, and 1,300 more with connection events.',
    unit: 'short',
    queries: [{ expr: `topk(10, ${chosen('scrape_samples_scraped')})`, legend: '{{instance}}' }],
  });
}

function restarts() {
  return timeseries({
    title: 'Uptime',
    description: 'Time since the exporter started; a fall is a restart.',
    unit: 's',
    queries: [{ expr: `time() - ${chosen('process_start_time_seconds')}`, legend: '{{instance}}' }],
  });
}
