import { acceptQueueFill, perSecond, recent, retransmitRatio, sumBy } from '../promql.ts';
import type { ValueColumn } from '../table.ts';
import { ALERT_THRESHOLDS } from '../thresholds.ts';

/** CLOSE_WAIT sockets of a host from which on its cell is coloured. */
export const MANY_CLOSE_WAIT = 100;

/** The words of rules and verdicts, as numbers: a table orders numbers by size and words by the alphabet. */
export const SEVERITY_COLUMN: Omit<ValueColumn, 'name' | 'expr'> = {
  isFirst: true,
  width: 85,
  words: [
    { value: 3, text: 'critical', color: 'red' },
    { value: 2, text: 'warning', color: 'orange' },
    { value: 1, text: 'info', color: 'blue' },
    { value: 0, text: 'OK', color: 'green' },
  ],
};

/** 3, 2 or 0 for each host: the worst colour among the figures of its row. The first line that holds counts. */
export function worstOfHost(): string {
  const utilization = `max by (instance) (${recent('tcpstate_ephemeral_utilization_ratio')})`;
  const sockets = (state: string) => sumBy([], recent('tcpstate_sockets', `state="${state}"`));
  const { TcpEphemeralPortsExhausted, TcpEphemeralPortsHigh, TcpAcceptQueueOverflow } = ALERT_THRESHOLDS;
  const { TcpSynSentPiling, TcpAcceptQueueNearLimit, TcpRetransmitRatioHigh } = ALERT_THRESHOLDS;
  return [
    as(3, `${sumBy([], perSecond('tcpstate_listen_overflows_total'))} >= ${TcpAcceptQueueOverflow}`),
    as(3, `${utilization} >= ${TcpEphemeralPortsExhausted}`),
    as(2, `${utilization} >= ${TcpEphemeralPortsHigh}`),
    as(2, `${sockets('close_wait')} >= ${MANY_CLOSE_WAIT}`),
    as(2, `${sockets('syn_sent')} > ${TcpSynSentPiling}`),
    as(2, `max by (instance) (${acceptQueueFill()}) >= ${TcpAcceptQueueNearLimit}`),
    as(2, `max by (instance) (${retransmitRatio()}) >= ${TcpRetransmitRatioHigh}`),
    as(0, sumBy([], recent('tcpstate_sockets'))),
  ].join('\nor ');
}

function as(severity: number, condition: string): string {
  return `0 * (${condition}) + ${severity}`;
}
