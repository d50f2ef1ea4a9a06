import type { TcpSettings } from '../model/settings.ts';
import { type MetricFamily, plainGauge } from './family.ts';

/** Two limits and the TIME_WAIT duration have names of their own, beside what they limit: one name per fact. */
type Setting = Exclude<keyof TcpSettings, 'tcpMaxTwBuckets' | 'tcpMaxOrphans' | 'timeWaitDurationSeconds'>;

const IPV4 = '/proc/sys/net/ipv4';
const REGISTRY = 'the registry, Services/Tcpip/Parameters';

/** Field → metric, what it says, source. `fileNrOpen` is a count against a setting, so its name is not one of a setting. */
const SETTINGS: Readonly<Record<Setting, readonly [name: string, meaning: string, source: string]>> = {
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
    'Most connection requests a listener remembers before it is sure of the peer',
    `${IPV4}/tcp_max_syn_backlog`,
  ],
  tcpSyncookies: [
    'tcpstate_setting_tcp_syncookies',
    'Whether a full queue of connection requests is answered by cookies: 0 never, 1 when full, 2 always',
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
    'Idle time before the first keepalive probe of a socket that asked for them',
    `${IPV4}/tcp_keepalive_time`,
  ],
  somaxconn: [
    'tcpstate_setting_somaxconn',
    'Most connections that may wait for accept(), whatever listen() asks',
    '/proc/sys/net/core/somaxconn',
  ],
  fileMax: ['tcpstate_setting_file_max', 'Most open files of the whole host', '/proc/sys/fs/file-max'],
  nrOpen: ['tcpstate_setting_nr_open', 'Most open files a process may raise its own limit to', '/proc/sys/fs/nr_open'],
  fileNrOpen: ['tcpstate_open_files', 'Open files of the whole host, against file_max', '/proc/sys/fs/file-nr'],
  tcpTimedWaitDelaySeconds: [
    'tcpstate_setting_tcp_timed_wait_delay_seconds',
    'TcpTimedWaitDelay as it is set',
    REGISTRY,
  ],
  maxUserPort: ['tcpstate_setting_max_user_port', 'MaxUserPort as it is set', REGISTRY],
};

export function settingFamilies(settings: TcpSettings | undefined): MetricFamily[] {
  return (Object.keys(SETTINGS) as Setting[]).map((field) => {
    const [name, meaning, source] = SETTINGS[field];
    return plainGauge(name, `${meaning}, from ${source}.`, settings?.[field]);
  });
}
