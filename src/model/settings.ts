/** Settings that limit TCP, in base units. Absent = this platform or kernel lacks the setting, or it is not set. */
export interface TcpSettings {
  /** Linux: 0 never, 1 always, 2 on loopback. */
  readonly tcpTwReuse?: number;
  readonly tcpTwReuseDelaySeconds?: number;
  /** Linux before 4.12: 1 ends TIME_WAIT early, and drops SYNs of clients behind one address. */
  readonly tcpTwRecycle?: number;
  readonly tcpTimestamps?: number;
  readonly tcpFinTimeoutSeconds?: number;
  readonly tcpMaxTwBuckets?: number;
  readonly tcpMaxSynBacklog?: number;
  readonly tcpSyncookies?: number;
  readonly tcpAbortOnOverflow?: number;
  readonly tcpSynRetries?: number;
  readonly tcpSynackRetries?: number;
  readonly tcpKeepaliveTimeSeconds?: number;
  readonly tcpMaxOrphans?: number;
  readonly somaxconn?: number;
  /** The system-wide limit of open files. */
  readonly fileMax?: number;
  /** Open files system-wide; `fileMax` is their limit. */
  readonly fileNrOpen?: number;
  /** The most a process may raise its own limit of open files to (fs.nr_open). */
  readonly nrOpen?: number;
  /** Windows: TcpTimedWaitDelay of the registry. */
  readonly tcpTimedWaitDelaySeconds?: number;
  /** Windows: MaxUserPort of the registry. */
  readonly maxUserPort?: number;
  /** How long a socket stays in TIME_WAIT; absent if the platform does not say. */
  readonly timeWaitDurationSeconds?: number;
}
