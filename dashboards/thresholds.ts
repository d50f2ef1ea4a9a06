import type { AlertName } from './runbook.ts';

/** Where an alert fires, drawn as colours and lines. A test compares each with the expression of its rule. */
export const ALERT_THRESHOLDS = {
  TcpEphemeralPortsHigh: 0.7,
  TcpEphemeralPortsExhausted: 0.95,
  TcpEphemeralPortsFillingUp: 0.3,
  TcpTimeWaitHigh: 0.5,
  TcpCloseWaitStuck: 5,
  TcpCloseWaitLeak: 10,
  TcpAcceptQueueOverflow: 0.2,
  TcpAcceptQueueNearLimit: 0.7,
  TcpSynSentPiling: 20,
  TcpRetransmitRatioHigh: 0.05,
  TcpConntrackTableHigh: 0.75,
  TcpConntrackTableFull: 0.95,
  TcpProcessFdsNearLimit: 0.85,
  TcpConnectsWithoutPort: 10,
  TcpDestinationFailing: 0.5,
  TcpPodAcceptQueueOverflow: 0.2,
  TcpPodEphemeralPortsHigh: 0.7,
  TcpPodCloseWaitStuck: 5,
  TcpPodTimeWaitHigh: 0.7,
  TcpPodConnectsFailing: 5,
  TcpPodRetransmitRatioHigh: 0.05,
  TcpStateScrapeSlow: 3,
} as const satisfies Partial<Record<AlertName, number>>;

/** From `value` on (below the next step) a figure has this colour. */
export interface ThresholdStep {
  readonly value: number;
  readonly color: Color;
}

/** Of what names nobody and says nothing. */
export const GREY = '#6b7078';

export type Color = 'green' | 'orange' | 'red' | 'blue' | 'transparent' | typeof GREY;

export const UTILIZATION_STEPS: readonly ThresholdStep[] = [
  { value: ALERT_THRESHOLDS.TcpEphemeralPortsHigh, color: 'orange' },
  { value: ALERT_THRESHOLDS.TcpEphemeralPortsExhausted, color: 'red' },
];

/** Ports that the kernel gives a new network namespace, 32768 to 60999, whatever the node's range is. */
export const DEFAULT_PORTS = 28_232;

/** One limit, red from there on. */
export function redFrom(value: number): readonly ThresholdStep[] {
  return [{ value, color: 'red' }];
}

/** One limit, orange from there on. */
export function orangeFrom(value: number): readonly ThresholdStep[] {
  return [{ value, color: 'orange' }];
}
