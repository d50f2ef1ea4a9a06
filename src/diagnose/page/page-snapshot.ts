import { COUNTERS } from '../../metrics/counters.ts';
import { SETTINGS } from '../../metrics/settings.ts';
import { COLLECTORS } from '../../model/collectors.ts';
import type { CollectorOutcome, Conntrack, Snapshot, TcpMemory } from '../../model/snapshot.ts';
import type { SocketCounts } from '../../model/socket-counts.ts';
import { ephemeralOf } from './page-ephemeral.ts';
import { connectionEventsOf } from './page-events.ts';
import { netnsOf } from './page-netns.ts';
import { socketCountsOf } from './page-sockets.ts';
import type { PageSamples } from './parse-page.ts';

/** A page → the snapshot it was made of, as far as a verdict needs it. Throws where the page is none of this exporter. */
export function snapshotOf(page: PageSamples): Snapshot {
  if (!page.has('tcpstate_exporter_build_info')) throw new Error('this is not the page of a tcpstate-exporter');
  if (!page.has('tcpstate_scrape_collector_success'))
    throw new Error('no collector is on this page: something between here and the exporter has cut it');
  const sockets: SocketCounts = { ...socketCountsOf(page), ...ephemeralOf(page) };
  const isWindows = page.get('tcpstate_source_info')?.some(({ labels }) => labels.source === 'iphlpapi') ?? false;
  return {
    ...(Object.keys(sockets).length > 0 && { sockets }),
    ...rulesOf(isWindows),
    ...tableOf('counters', COUNTERS, page),
    ...settingsOf(page),
    ...memoryOf(page),
    ...conntrackOf(page),
    ...connectionEventsOf(page),
    ...namespaceOf(page),
    ...configOf(page),
    ...netnsOf(page),
    outcomes: outcomesOf(page),
  };
}

export function plain(page: PageSamples, name: string): number | undefined {
  return page.get(name)?.[0]?.value;
}

/** What the verdict and its tables ask about the platform. */
function rulesOf(isWindows: boolean): Pick<Snapshot, 'ephemeral'> {
  const timeWaitReuse = { scope: 'never', afterMs: 0 } as const;
  return isWindows ? { ephemeral: { ranges: {}, heldAgainst: 'host', timeWaitReuse, timeWaitMs: undefined } } : {};
}

/** Fields whose metrics a table names. */
function tableOf(part: string, names: Readonly<Record<string, readonly [string, ...unknown[]]>>, page: PageSamples) {
  const fields = Object.entries(names).flatMap(([field, [name]]) => {
    const value = plain(page, name);
    return value === undefined ? [] : [[field, value] as const];
  });
  return fields.length === 0 ? {} : { [part]: Object.fromEntries(fields) };
}

function settingsOf(page: PageSamples): Pick<Snapshot, 'settings'> {
  const settings = defined({
    ...tableOf('settings', SETTINGS, page).settings,
    timeWaitDurationSeconds: plain(page, 'tcpstate_time_wait_duration_seconds'),
    tcpMaxTwBuckets: plain(page, 'tcpstate_time_wait_limit'),
  });
  return Object.keys(settings).length === 0 ? {} : { settings };
}

function memoryOf(page: PageSamples): Pick<Snapshot, 'memory'> {
  const memory: TcpMemory = defined({
    orphans: plain(page, 'tcpstate_orphan_sockets'),
    orphanLimit: plain(page, 'tcpstate_orphan_limit'),
    allocated: plain(page, 'tcpstate_allocated_sockets'),
    bytes: plain(page, 'tcpstate_buffer_memory_bytes'),
    limitBytes: plain(page, 'tcpstate_buffer_memory_limit_bytes'),
  });
  return Object.keys(memory).length === 0 ? {} : { memory };
}

function conntrackOf(page: PageSamples): { conntrack?: Conntrack } {
  const [entries, limit] = [plain(page, 'tcpstate_conntrack_entries'), plain(page, 'tcpstate_conntrack_limit')];
  if (entries === undefined || limit === undefined) return {};
  const counters = defined({
    insertFailed: plain(page, 'tcpstate_conntrack_insert_failed_total'),
    drops: plain(page, 'tcpstate_conntrack_drops_total'),
    earlyDrops: plain(page, 'tcpstate_conntrack_early_drops_total'),
  });
  return { conntrack: { entries, limit, ...counters } };
}

function namespaceOf(page: PageSamples): Pick<Snapshot, 'namespace'> {
  const flag = (name: string) => {
    const value = plain(page, name);
    return value === undefined ? undefined : value === 1;
  };
  const namespace = defined({
    isHostNetwork: flag('tcpstate_network_namespace_is_host'),
    isHostPid: flag('tcpstate_pid_namespace_is_host'),
  });
  return Object.keys(namespace).length === 0 ? {} : { namespace };
}

/** The host's own thresholds; what a Prometheus adds to the page is not there. */
function configOf(page: PageSamples): Pick<Snapshot, 'config'> {
  const isCurrent = plain(page, 'tcpstate_config_last_reload_successful');
  if (isCurrent === undefined) return {};
  const own = page.get('tcpstate_alert_threshold')?.map(({ labels, value }) => [labels.alertname, value] as const);
  return { config: { isCurrent: isCurrent === 1, thresholds: Object.fromEntries(own ?? []) } };
}

function outcomesOf(page: PageSamples): CollectorOutcome[] {
  const valueAt = (metric: string, name: string) =>
    page.get(metric)?.find(({ labels }) => labels.collector === name)?.value;
  return COLLECTORS.flatMap(({ name: collector }) => {
    const success = valueAt('tcpstate_scrape_collector_success', collector);
    if (success === undefined) return [];
    const seconds = valueAt('tcpstate_scrape_collector_duration_seconds', collector) ?? 0;
    const source = page.get('tcpstate_source_info')?.find(({ labels }) => labels.collector === collector)
      ?.labels.source;
    return [{ collector, success: success === 1, seconds, ...(source !== undefined && { source }) }];
  });
}

/** Without the fields that the page does not have. */
function defined<Part extends object>(part: Part): { [Key in keyof Part]?: Exclude<Part[Key], undefined> } {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as never;
}
