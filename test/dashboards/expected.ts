import type { StateCounts } from '../../src/model/socket-counts.ts';
import { MINUTES } from './incident/course.ts';
import { web1 } from './incident/web-1.ts';
import { dropped, web2 } from './incident/web-2.ts';

/** The figures the incident was made with, reckoned without PromQL. */
export function expectedFigures() {
  return {
    utilization: utilizationOf(MINUTES),
    secondsToExhaustion: (1 - utilizationOf(MINUTES)) / slopePerSecond(),
    closeWaitFloor: Math.min(...lastMinutes(15).map(closeWait)),
    droppedPerSecond: dropped(MINUTES - 2),
    busiestPorts: web1(MINUTES).sockets!.ephemeral!.destinations.cells[0]!.portsUsed,
    established: socketsOf(web1(MINUTES).sockets!.states?.ipv4, 1),
    timeWait: socketsOf(web1(MINUTES).sockets!.states?.ipv4, 6),
  };
}

/** What fires in the last minute. */
export const EXPECTED_ALERTS = [
  'TcpAcceptQueueNearLimit',
  'TcpAcceptQueueOverflow',
  'TcpAcceptQueueStuck',
  'TcpCloseWaitLeak',
  'TcpCloseWaitStuck',
  'TcpConnectionsNotReused',
  'TcpConnectsWithoutPort',
  'TcpDestinationFailing',
  'TcpEphemeralPortsAllHeld',
  'TcpEphemeralPortsExhausted',
  'TcpEphemeralPortsFillingUp',
  'TcpEphemeralPortsHigh',
  'TcpPodEphemeralPortsHigh',
  'TcpTimeWaitHigh',
];

function utilizationOf(minute: number): number {
  return web1(minute).sockets!.ephemeral!.families[0]!.utilization!;
}

/** Least squares through the last quarter of an hour. */
function slopePerSecond(): number {
  const minutes = lastMinutes(15);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(minutes), mean(minutes.map(utilizationOf))];
  const covariance = mean(minutes.map((minute) => (minute - x) * (utilizationOf(minute) - y)));
  return covariance / mean(minutes.map((minute) => (minute - x) ** 2)) / 60;
}

function closeWait(minute: number): number {
  return socketsOf(web2(minute).sockets!.states?.ipv4, 8);
}

function lastMinutes(count: number): number[] {
  return Array.from({ length: count }, (_, index) => MINUTES - count + 1 + index);
}

function socketsOf(states: StateCounts | undefined, state: number): number {
  return states?.[state] ?? 0;
}
