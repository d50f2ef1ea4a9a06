/**
 * Host-wide counters since boot, under their names in TCP-MIB (RFC 4022) and in Linux' TcpExt (include/uapi/linux/snmp.h),
 * in camel case. Absent = the platform or this kernel does not count it.
 */
export interface TcpCounters {
  readonly activeOpens?: number;
  readonly passiveOpens?: number;
  readonly attemptFails?: number;
  readonly estabResets?: number;
  readonly inSegments?: number;
  readonly outSegments?: number;
  readonly retransmittedSegments?: number;
  readonly inErrors?: number;
  readonly sentResets?: number;
  readonly listenOverflows?: number;
  readonly listenDrops?: number;
  readonly timeWaited?: number;
  readonly timeWaitReused?: number;
  readonly timeWaitOverflows?: number;
  readonly syncookiesSent?: number;
  readonly syncookiesReceived?: number;
  readonly syncookiesFailed?: number;
  readonly requestQueueFullDrops?: number;
  readonly requestQueueFullCookies?: number;
  /** SYNs that met a connection still open: a client took its port again too soon. */
  readonly synChallenges?: number;
  readonly abortOnMemory?: number;
  readonly abortOnTimeout?: number;
  readonly abortOnClose?: number;
  readonly abortOnData?: number;
  readonly abortOnLinger?: number;
  readonly abortFailed?: number;
  readonly timeouts?: number;
  readonly synRetransmits?: number;
  readonly memoryPressures?: number;
  readonly backlogDrops?: number;
}
