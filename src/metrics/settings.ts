import type { TcpSettings } from '../model/settings.ts';
import { type MetricFamily, plainGauge } from './family.ts';

/** Two limits and the TIME_WAIT duration have their own metrics beside what they limit: one name per fact. */
type Setting = Exclude<keyof TcpSettings, 'tcpMaxTwBuckets' | 'tcpMaxOrphans' | 'timeWaitDurationSeconds'>;

const IPV4 = '/proc/sys/net/ipv4';
const REGISTRY = 'the registry, Services/Tcpip/Parameters';

/**
 * Field → metric, meaning, source. `fileNrOpen` counts against a setting and is none, so its name does not begin as
 * one.
 */
export const SETTINGS: Readonly<Record<Setting, readonly [name: string, meaning: string, source: string]>> = {
  tcpTwReuse: [
    'tcpstate_setting_tcp_tw_reuse',
    'Whether connect() may take over TIME_WAIT ports: 0 never, 1 always, 2 on loopback',
    `${IPV4}/tcp_tw_reuse`,
  ],
  tcpTwReuseDelaySeconds: [
    'tcpstate_setting_tcp_tw_reuse_delay_seconds',
    'Time in TIME_WAIT before connect() may take over the port',
    `${IPV4}/tcp_tw_reuse_delay`,
  ],
  tcpTwRecycle: [
    'tcpstate_setting_tcp_tw_recycle',
    'Whether TIME_WAIT ends early (1), which drops SYNs of clients that share an address, Linux before 4.12 only',
    `${IPV4}/tcp_tw_recycle`,
  ],
  tcpTimestamps: [
    'tcpstate_setting_tcp_timestamps',
    'Whether TCP timestamps are on, which tcp_tw_reuse needs: 0 off, 1 with a random offset, 2 without',
    `${IPV4}/tcp_timestamps`,
  ],
  tcpFinTimeoutSeconds: [
    'tcpstate_setting_tcp_fin_timeout_seconds',
    'How long an orphaned socket stays in FIN_WAIT2',
    `${IPV4}/tcp_fin_timeout`,
  ],
  tcpMaxSynBacklog: [
    'tcpstate_setting_tcp_max_syn_backlog',
    'Most half-open connections (SYN queue) of a listener',
    `${IPV4}/tcp_max_syn_backlog`,
  ],
  tcpSyncookies: [
    'tcpstate_setting_tcp_syncookies',
    'Whether the host answers SYNs with cookies: 0 never, 1 if the SYN queue is full, 2 always',
    `${IPV4}/tcp_syncookies`,
  ],
  tcpAbortOnOverflow: [
    'tcpstate_setting_tcp_abort_on_overflow',
    'Whether a full accept queue resets new connections (1) or lets them retry (0)',
    `${IPV4}/tcp_abort_on_overflow`,
  ],
  tcpSynRetries: [
    'tcpstate_setting_tcp_syn_retries',
    'How often connect() sends a SYN again',
    `${IPV4}/tcp_syn_retries`,
  ],
  tcpSynackRetries: [
    'tcpstate_setting_tcp_synack_retries',
    'How often a listener sends a SYN-ACK again',
    `${IPV4}/tcp_synack_retries`,
  ],
  tcpKeepaliveTimeSeconds: [
    'tcpstate_setting_tcp_keepalive_time_seconds',
    'Idle time before the first keep-alive probe of a socket that enables keep-alive',
    `${IPV4}/tcp_keepalive_time`,
  ],
  somaxconn: [
    'tcpstate_setting_somaxconn',
    'Most connections that may wait for accept(), whatever backlog listen() asks for',
    '/proc/sys/net/core/somaxconn',
  ],
  fileMax: ['tcpstate_setting_file_max', 'Most open files of the whole host', '/proc/sys/fs/file-max'],
  nrOpen: ['tcpstate_setting_nr_open', 'Most open files a process may raise its own limit to', '/proc/sys/fs/nr_open'],
  fileNrOpen: ['tcpstate_open_files', 'Open files of the whole host, limited by file_max', '/proc/sys/fs/file-nr'],
  tcpTimedWaitDelaySeconds: ['tcpstate_setting_tcp_timed_wait_delay_seconds', 'TcpTimedWaitDelay, if set', REGISTRY],
  maxUserPort: ['tcpstate_setting_max_user_port', 'MaxUserPort, if set', REGISTRY],
};

export function settingFamilies(settings: TcpSettings | undefined): MetricFamily[] {
  return (Object.keys(SETTINGS) as Setting[]).map((field) => {
    const [name, meaning, source] = SETTINGS[field];
    return plainGauge(name, `${meaning}, from ${source}.`, settings?.[field]);
  });
}
