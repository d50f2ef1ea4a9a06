import { line, type PlaceablePanel } from '../layout.ts';
import { stat } from '../panels.ts';
import { acceptQueueFill, openFilesShare, recent } from '../promql.ts';
import { ALERT_THRESHOLDS, orangeFrom, redFrom, UTILIZATION_STEPS } from '../thresholds.ts';

/** The host at this moment. */
export function now(): PlaceablePanel[] {
  return line(
    5,
    [4, utilization()],
    [4, sockets('Established', 'established', 'Open connections, both directions.')],
    [4, sockets('TIME_WAIT', 'time_wait', 'Connections that this host closed first and that wait for stray segments.')],
    [4, stuck()],
    [4, fullestQueue()],
    [4, openFiles()],
  );
}

function utilization() {
  return stat({
    title: 'Port utilization',
    description: 'Share of the ephemeral ports that the next connect() cannot get, for the fuller address family.',
    unit: 'percentunit',
    decimals: 1,
    queries: [{ expr: `max(${recent('tcpstate_ephemeral_utilization_ratio')})` }],
    thresholds: UTILIZATION_STEPS,
    alerts: ['TcpEphemeralPortsHigh'],
  });
}

function sockets(title: string, state: string, description: string) {
  return stat({
    title,
    description,
    unit: 'locale',
    decimals: 0,
    queries: [{ expr: `sum(${recent('tcpstate_sockets', `state="${state}"`)})` }],
  });
}

function stuck() {
  return stat({
    title: 'Oldest CLOSE_WAIT',
    description: 'How long the oldest socket has waited for close(), at least, and its process.',
    unit: 's',
    decimals: 0,
    named: true,
    unknown: 'none known',
    queries: [{ expr: `topk(1, ${recent('tcpstate_close_wait_oldest_seconds')})`, legend: '{{process}}' }],
    thresholds: orangeFrom(60),
    alerts: ['TcpCloseWaitStuck'],
  });
}

function fullestQueue() {
  return stat({
    title: 'Fullest accept queue',
    description: 'The listener whose process is furthest behind, and the connections dropped now. Linux only.',
    unit: 'percentunit',
    decimals: 0,
    named: true,
    unknown: 'not known',
    queries: [{ expr: `topk(1, ${acceptQueueFill()})`, legend: '{{process}} port {{local_port}}' }],
    thresholds: orangeFrom(ALERT_THRESHOLDS.TcpAcceptQueueNearLimit),
    alerts: ['TcpAcceptQueueNearLimit'],
  });
}

function openFiles() {
  return stat({
    title: 'Nearest to its file limit',
    description: 'The process that owns sockets and is nearest to its limit of open files. Windows has no limit.',
    unit: 'percentunit',
    decimals: 0,
    named: true,
    unknown: 'no limit',
    queries: [{ expr: `topk(1, ${openFilesShare()})`, legend: '{{process}}' }],
    thresholds: redFrom(ALERT_THRESHOLDS.TcpProcessFdsNearLimit),
    alerts: ['TcpProcessFdsNearLimit'],
  });
}
