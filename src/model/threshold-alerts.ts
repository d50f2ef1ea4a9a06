/** The alerts of deploy/prometheus/rules that compare with `tcpstate_alert_threshold` where a host has one. */
export const THRESHOLD_ALERTS = [
  'TcpAcceptQueueNearLimit',
  'TcpAcceptQueueOverflow',
  'TcpCloseWaitLeak',
  'TcpCloseWaitStuck',
  'TcpClosedSocketsHeld',
  'TcpClosingPiling',
  'TcpConnectionsNotReused',
  'TcpConnectionsRefused',
  'TcpConnectionsReset',
  'TcpConnectsFailing',
  'TcpConntrackDrops',
  'TcpConntrackTableHigh',
  'TcpDestinationFailing',
  'TcpEphemeralPortsHigh',
  'TcpPodAcceptQueueOverflow',
  'TcpPodCloseWaitStuck',
  'TcpPodConnectsFailing',
  'TcpPodEphemeralPortsHigh',
  'TcpPodRetransmitRatioHigh',
  'TcpPodTimeWaitHigh',
  'TcpProcessFdsNearLimit',
  'TcpRetransmitRatioHigh',
  'TcpSocketsUnusual',
  'TcpStateOwnersHidden',
  'TcpStateScrapeSlow',
  'TcpSynBacklogFull',
  'TcpSynSentPiling',
  'TcpSynSentSpread',
  'TcpTimeWaitHigh',
] as const;

export type ThresholdAlert = (typeof THRESHOLD_ALERTS)[number];

/** Those whose expression is a share, never above 1. */
export const SHARE_ALERTS: ReadonlySet<ThresholdAlert> = new Set([
  'TcpAcceptQueueNearLimit',
  'TcpConntrackTableHigh',
  'TcpEphemeralPortsHigh',
  'TcpPodEphemeralPortsHigh',
  'TcpPodRetransmitRatioHigh',
  'TcpProcessFdsNearLimit',
  'TcpRetransmitRatioHigh',
  'TcpStateOwnersHidden',
]);
