/**
 * Host-wide counters since boot, named as their metrics. The readers of each platform map a field to its name in TCP-MIB (RFC 4022)
 * or in Linux' TcpExt (include/uapi/linux/snmp.h). Absent = the platform or this kernel does not count it.
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
  /** Half-open connections (SYN_RECV) that a reset ended, of the peer or of this host. */
  readonly embryonicResets?: number;
  readonly timeWaitEntered?: number;
  readonly timeWaitReused?: number;
  readonly timeWaitOverflows?: number;
  readonly syncookiesSent?: number;
  readonly syncookiesReceived?: number;
  readonly syncookiesFailed?: number;
  readonly requestQueueFullDrops?: number;
  readonly requestQueueFullCookies?: number;
  /** SYNs that met a connection still open: a client reused its port too soon. */
  readonly synChallenges?: number;
  /**
   * Segments refused because of their timestamp (PAWS), by where they arrived. `pawsPassiveRejects`: Linux before 4.12
   * with tcp_tw_recycle.
   */
  readonly pawsActiveRejects?: number;
  readonly pawsPassiveRejects?: number;
  readonly pawsEstablishedRejects?: number;
  readonly pawsOldAcks?: number;
  readonly pawsTimeWaitRejects?: number;
  readonly timestampEchoRejects?: number;
  readonly abortOnMemory?: number;
  readonly abortOnTimeout?: number;
  readonly abortOnClose?: number;
  readonly abortOnData?: number;
  readonly abortOnLinger?: number;
  readonly abortFailed?: number;
  readonly retransmissionTimeouts?: number;
  readonly synRetransmits?: number;
  readonly memoryPressures?: number;
  readonly socketBacklogDrops?: number;
}
