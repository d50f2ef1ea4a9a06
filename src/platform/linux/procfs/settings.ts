import type { TcpSettings } from '../../../model/settings.ts';
import { readSysctl, readSysctlList } from './sysctl.ts';

/** TCP_TIMEWAIT_LEN of include/net/tcp.h: a constant in released Linux. */
const TIME_WAIT_SECONDS = 60;

/**
 * How long a socket stays in TIME_WAIT. Kernels of Alibaba Cloud Linux have a setting: 1 to 600 s in
 * net.ipv4.tcp_tw_timeout.
 */
export function readTimeWaitSeconds(procfs: string): number {
  return readSysctl(procfs, 'net/ipv4/tcp_tw_timeout') ?? TIME_WAIT_SECONDS;
}

/** Reads the settings that limit TCP. Those this kernel or network namespace lacks are absent. */
export function readSettings(procfs: string): TcpSettings {
  const settings: { -readonly [Field in keyof TcpSettings]: number } = {
    timeWaitDurationSeconds: readTimeWaitSeconds(procfs),
  };
  for (const { field, file, unit } of SETTINGS) {
    const value = readSysctl(procfs, file);
    if (value !== undefined) settings[field] = value * unit;
  }
  // allocated, unused (always 0 since Linux 2.6), maximum: Documentation/admin-guide/sysctl/fs.rst
  const fileNumbers = readSysctlList(procfs, 'fs/file-nr', 3);
  if (fileNumbers !== undefined) settings.fileNrOpen = fileNumbers[0]!;
  return settings;
}

interface Setting {
  readonly field: keyof TcpSettings;
  readonly file: string;
  /** The value 1 of the file, in the field's unit. */
  readonly unit: number;
}

const SETTINGS: readonly Setting[] = [
  { field: 'tcpTwReuse', file: 'net/ipv4/tcp_tw_reuse', unit: 1 },
  { field: 'tcpTwReuseDelaySeconds', file: 'net/ipv4/tcp_tw_reuse_delay', unit: 1 / 1000 },
  { field: 'tcpTwRecycle', file: 'net/ipv4/tcp_tw_recycle', unit: 1 }, // until Linux 4.11
  { field: 'tcpTimestamps', file: 'net/ipv4/tcp_timestamps', unit: 1 },
  { field: 'tcpFinTimeoutSeconds', file: 'net/ipv4/tcp_fin_timeout', unit: 1 },
  { field: 'tcpMaxTwBuckets', file: 'net/ipv4/tcp_max_tw_buckets', unit: 1 },
  { field: 'tcpMaxSynBacklog', file: 'net/ipv4/tcp_max_syn_backlog', unit: 1 },
  { field: 'tcpSyncookies', file: 'net/ipv4/tcp_syncookies', unit: 1 },
  { field: 'tcpAbortOnOverflow', file: 'net/ipv4/tcp_abort_on_overflow', unit: 1 },
  { field: 'tcpSynRetries', file: 'net/ipv4/tcp_syn_retries', unit: 1 },
  { field: 'tcpSynackRetries', file: 'net/ipv4/tcp_synack_retries', unit: 1 },
  { field: 'tcpKeepaliveTimeSeconds', file: 'net/ipv4/tcp_keepalive_time', unit: 1 },
  { field: 'tcpMaxOrphans', file: 'net/ipv4/tcp_max_orphans', unit: 1 },
  { field: 'somaxconn', file: 'net/core/somaxconn', unit: 1 },
  { field: 'fileMax', file: 'fs/file-max', unit: 1 },
  { field: 'nrOpen', file: 'fs/nr_open', unit: 1 },
];
