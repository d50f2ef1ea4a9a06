import type { HostThresholds } from '../model/file-config.ts';

/** A number that decides a finding. */
export interface Threshold {
  readonly value: number;
  /** The rule of deploy/prometheus/rules that has the same number: an alert, or a recording rule. Absent: the verdict's own. */
  readonly rule?: string;
  /** The number that stands last in that alert, which `tcpstate_alert_threshold` replaces for some hosts. */
  readonly isMain?: true;
  /** How the rule writes it, where that is not the plain number. */
  readonly written?: string;
}

const main = (rule: string, value: number): Threshold => ({ rule, value, isMain: true });
const minor = (rule: string, value: number, written?: string): Threshold =>
  written === undefined ? { rule, value } : { rule, value, written };

/** Ratios are 0 to 1, rates per second. `test/contract/verdict.test.ts` holds them against the rules. */
export const THRESHOLD_TABLE = {
  portsExhausted: main('TcpEphemeralPortsExhausted', 0.95),
  portsHigh: main('TcpEphemeralPortsHigh', 0.7),
  portsFillingFrom: main('TcpEphemeralPortsFillingUp', 0.3),
  portsFillingSeconds: minor('TcpEphemeralPortsFillingUp', 1800, '30 * 60'),
  timeWaitHigh: main('TcpTimeWaitHigh', 0.5),
  timeWaitOverflows: main('TcpTimeWaitTableOverflow', 0),
  closeWaitStuck: main('TcpCloseWaitStuck', 5),
  closeWaitOldPool: minor('TcpCloseWaitStuck', 100),
  closeWaitOldSeconds: minor('TcpCloseWaitStuck', 7200, 'offset 2h'),
  fdsRunningOutFrom: main('TcpProcessFdsRunningOut', 0.3),
  fdsRunningOutSeconds: minor(
    'TcpProcessFdsRunningOut',
    300,
    '- 5 * last_over_time(tcpstate_process_open_fds[3m] offset 1m)',
  ),
  fdsLeastLimit: minor('TcpProcessFdsRunningOut', 64),
  fdsNearLimit: main('TcpProcessFdsNearLimit', 0.85),
  closedSocketsHeld: main('TcpClosedSocketsHeld', 100),
  systemFiles: main('TcpSystemFilesNearLimit', 0.85),
  acceptOverflows: main('TcpAcceptQueueOverflow', 0.2),
  acceptOverflowShare: minor('TcpAcceptQueueOverflow', 0.01),
  acceptQueueLeastLimit: main('TcpAcceptQueueStuck', 4),
  acceptQueueNear: main('TcpAcceptQueueNearLimit', 0.7),
  acceptQueueNearFrom: minor('TcpAcceptQueueNearLimit', 10),
  podPortsExhausted: main('TcpPodEphemeralPortsExhausted', 0.95),
  podPortsHigh: main('TcpPodEphemeralPortsHigh', 0.7),
  podCloseWaitStuck: main('TcpPodCloseWaitStuck', 5),
  podCloseWaitOldPool: minor('TcpPodCloseWaitStuck', 100),
  podCloseWaitOldSeconds: minor('TcpPodCloseWaitStuck', 7200, 'offset 2h'),
  podAcceptQueueLeastLimit: main('TcpPodAcceptQueueStuck', 4),
  synBacklog: main('TcpSynBacklogFull', 1),
  cookiesUnanswered: minor('instance:tcpstate_queue_full_cookies:rate5m', 0.5),
  refused: main('TcpConnectionsRefused', 20),
  refusedShare: minor('TcpConnectionsRefused', 0.05),
  connectsFailing: main('TcpConnectsFailing', 5),
  connectsFailingShare: minor('TcpConnectsFailing', 0.1),
  connectsFailingMany: minor('TcpConnectsFailing', 100),
  connectsWithoutPort: main('TcpConnectsWithoutPort', 10),
  destinationFailing: main('TcpDestinationFailing', 0.5),
  destinationFailingShare: minor('TcpDestinationFailing', 0.2),
  connectionsNotReused: main('TcpConnectionsNotReused', 50),
  synSentPiling: main('TcpSynSentPiling', 20),
  resets: main('TcpConnectionsReset', 30),
  resetShare: minor('TcpConnectionsReset', 0.2),
  conntrackFull: main('TcpConntrackTableFull', 0.95),
  conntrackHigh: main('TcpConntrackTableHigh', 0.75),
  conntrackDrops: main('TcpConntrackDrops', 0.1),
  orphans: main('TcpOrphansNearLimit', 0.7),
  tcpMemory: main('TcpMemoryNearLimit', 0.8),
  abortsOnMemory: main('TcpAbortOnMemory', 0),
  ownersHidden: main('TcpStateOwnersHidden', 0.1),
  /** Alerts wait for minutes (`for`); a verdict on two looks wants so many events between them instead. */
  leastEvents: { value: 5 },
  /** Alerts draw a line through minutes; between two looks a growth by this share of the limit is more than noise. */
  leastGrowth: { value: 0.01 },
} as const satisfies Readonly<Record<string, Threshold>>;

export type ThresholdName = keyof typeof THRESHOLD_TABLE;
export type Thresholds = Readonly<Record<ThresholdName, number>>;

/** With the host's own thresholds of alerts in the place of those that stand last in them. */
export function thresholdsOf(own: HostThresholds = {}): Thresholds {
  const chosen: Readonly<Record<string, number | undefined>> = own;
  const entries = Object.entries<Threshold>(THRESHOLD_TABLE).map(([name, { value, rule = '', isMain }]) => [
    name,
    (isMain && chosen[rule]) ?? value,
  ]);
  return Object.fromEntries(entries) as Thresholds; // the same keys
}

export const DEFAULT_THRESHOLDS = thresholdsOf();
