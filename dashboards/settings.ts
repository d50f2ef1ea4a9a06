import { chosen } from './promql.ts';

/** Metrics that say how a host is set up: they change when somebody changes them. A test compares the first part with the page. */
export const SETTING_METRICS = [
  'tcpstate_setting_tcp_tw_reuse',
  'tcpstate_setting_tcp_tw_reuse_delay_seconds',
  'tcpstate_setting_tcp_tw_recycle',
  'tcpstate_setting_tcp_timestamps',
  'tcpstate_setting_tcp_fin_timeout_seconds',
  'tcpstate_setting_tcp_max_syn_backlog',
  'tcpstate_setting_tcp_syncookies',
  'tcpstate_setting_tcp_abort_on_overflow',
  'tcpstate_setting_tcp_syn_retries',
  'tcpstate_setting_tcp_synack_retries',
  'tcpstate_setting_tcp_keepalive_time_seconds',
  'tcpstate_setting_somaxconn',
  'tcpstate_setting_file_max',
  'tcpstate_setting_nr_open',
  'tcpstate_setting_tcp_timed_wait_delay_seconds',
  'tcpstate_setting_max_user_port',
  'tcpstate_ephemeral_ports',
  'tcpstate_ephemeral_port_range_first',
  'tcpstate_ephemeral_port_range_last',
  'tcpstate_time_wait_duration_seconds',
  'tcpstate_time_wait_limit',
  'tcpstate_orphan_limit',
  'tcpstate_conntrack_limit',
] as const;

/** Selects all of them at once. */
export const ANY_SETTING = `__name__=~"${SETTING_METRICS.join('|')}"`;

/**
 * How often each setting changed in a range, with the setting in a label. One call per metric: functions over a range drop the
 * metric's name, and Prometheus refuses two results with the same labels.
 */
export function changedSettings(range: string): string {
  return SETTING_METRICS.map((metric) => {
    const name = metric.replace(/^tcpstate_(setting_)?/, '');
    return `label_replace(changes(${chosen(metric)}[${range}]) > 0, "setting", "${name}", "", "")`;
  }).join('\nor ');
}
