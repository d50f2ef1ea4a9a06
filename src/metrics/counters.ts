import type { TcpCounters } from '../model/tcp-counters.ts';
import { type MetricFamily, plainCounter } from './family.ts';

/** Field → metric, what it counts, source. */
export const COUNTERS: Readonly<Record<keyof TcpCounters, readonly [name: string, meaning: string, source: string]>> = {
  activeOpens: ['tcpstate_active_opens_total', 'Connections this host began to open', mib('ActiveOpens')],
  passiveOpens: ['tcpstate_passive_opens_total', 'Connections that peers opened to this host', mib('PassiveOpens')],
  attemptFails: ['tcpstate_attempt_fails_total', 'Attempts to open a connection that failed', mib('AttemptFails')],
  estabResets: [
    'tcpstate_estab_resets_total',
    'Connections that ended by a reset instead of a close',
    mib('EstabResets'),
  ],
  inSegments: ['tcpstate_in_segments_total', 'Segments received', mib('InSegs')],
  outSegments: ['tcpstate_out_segments_total', 'Segments sent, without retransmissions', mib('OutSegs')],
  retransmittedSegments: ['tcpstate_retransmitted_segments_total', 'Segments sent again', mib('RetransSegs')],
  inErrors: ['tcpstate_in_errors_total', 'Segments received with an error', mib('InErrs')],
  sentResets: ['tcpstate_sent_resets_total', 'Resets sent', mib('OutRsts')],
  listenOverflows: [
    'tcpstate_listen_overflows_total',
    'Connections dropped because the accept queue of their listener was full',
    tcpExt('ListenOverflows'),
  ],
  listenDrops: [
    'tcpstate_listen_drops_total',
    'Connections a listener dropped for any reason, overflows included',
    tcpExt('ListenDrops'),
  ],
  embryonicResets: [
    'tcpstate_embryonic_resets_total',
    'Half-open connections (SYN_RECV) that ended by a reset of the peer or of this host',
    tcpExt('EmbryonicRsts'),
  ],
  timeWaitEntered: ['tcpstate_time_wait_entered_total', 'Sockets that entered TIME_WAIT', tcpExt('TW')],
  timeWaitReused: [
    'tcpstate_time_wait_reused_total',
    'TIME_WAIT sockets whose ports a new connection took over',
    tcpExt('TWRecycled'),
  ],
  timeWaitOverflows: [
    'tcpstate_time_wait_overflows_total',
    'Sockets that closed without TIME_WAIT because there were too many',
    tcpExt('TCPTimeWaitOverflow'),
  ],
  syncookiesSent: ['tcpstate_syncookies_sent_total', 'SYN cookies sent', tcpExt('SyncookiesSent')],
  syncookiesReceived: ['tcpstate_syncookies_received_total', 'SYN cookies received', tcpExt('SyncookiesRecv')],
  syncookiesFailed: [
    'tcpstate_syncookies_failed_total',
    'SYN cookies received that were not valid',
    tcpExt('SyncookiesFailed'),
  ],
  requestQueueFullDrops: [
    'tcpstate_request_queue_full_drops_total',
    'SYNs dropped because the SYN queue was full',
    tcpExt('TCPReqQFullDrop'),
  ],
  requestQueueFullCookies: [
    'tcpstate_request_queue_full_cookies_total',
    'SYNs answered with a cookie because the SYN queue was full',
    tcpExt('TCPReqQFullDoCookies'),
  ],
  synChallenges: [
    'tcpstate_syn_challenges_total',
    'SYNs that met an open connection on the same ports and got a challenge ACK',
    tcpExt('TCPSYNChallenge'),
  ],
  pawsActiveRejects: [
    'tcpstate_paws_active_rejects_total',
    'Answers to SYNs of this host that it refused because they echo a timestamp it did not send',
    tcpExt('PAWSActive'),
  ],
  pawsPassiveRejects: [
    'tcpstate_paws_passive_rejects_total',
    'SYNs dropped because tcp_tw_recycle saw an older timestamp from their address than before, Linux before 4.12 only',
    tcpExt('PAWSPassive'),
  ],
  pawsEstablishedRejects: [
    'tcpstate_paws_established_rejects_total',
    'Segments of open connections refused because their timestamp is too old',
    tcpExt('PAWSEstab'),
  ],
  pawsOldAcks: [
    'tcpstate_paws_old_acks_total',
    'ACKs of open connections that came out of order with an old timestamp',
    tcpExt('PAWSOldAck'),
  ],
  pawsTimeWaitRejects: [
    'tcpstate_paws_time_wait_rejects_total',
    'Segments refused because their timestamp is older than the last one of the TIME_WAIT socket they meet',
    tcpExt('PAWSTimewait'),
  ],
  timestampEchoRejects: [
    'tcpstate_timestamp_echo_rejects_total',
    'Last ACKs of a handshake refused because they echo a timestamp that this host did not send',
    tcpExt('TSEcrRejected'),
  ],
  abortOnMemory: [
    'tcpstate_abort_on_memory_total',
    'Connections reset because memory ran out or there were too many orphans',
    tcpExt('TCPAbortOnMemory'),
  ],
  abortOnTimeout: [
    'tcpstate_abort_on_timeout_total',
    'Connections given up because the peer did not answer',
    tcpExt('TCPAbortOnTimeout'),
  ],
  abortOnClose: [
    'tcpstate_abort_on_close_total',
    'Connections reset because the application closed them before it had read all data',
    tcpExt('TCPAbortOnClose'),
  ],
  abortOnData: [
    'tcpstate_abort_on_data_total',
    'Connections reset because data arrived after the close or a zero linger was set',
    tcpExt('TCPAbortOnData'),
  ],
  abortOnLinger: [
    'tcpstate_abort_on_linger_total',
    'Connections reset at their close because TCP_LINGER2 forbids FIN_WAIT2',
    tcpExt('TCPAbortOnLinger'),
  ],
  abortFailed: ['tcpstate_abort_failed_total', 'Resets that could not be sent', tcpExt('TCPAbortFailed')],
  retransmissionTimeouts: [
    'tcpstate_retransmission_timeouts_total',
    'Retransmission timers that expired',
    tcpExt('TCPTimeouts'),
  ],
  synRetransmits: ['tcpstate_syn_retransmits_total', 'SYN and SYN-ACK sent again', tcpExt('TCPSynRetrans')],
  memoryPressures: [
    'tcpstate_memory_pressures_total',
    'How often TCP came under memory pressure',
    tcpExt('TCPMemoryPressures'),
  ],
  socketBacklogDrops: [
    'tcpstate_socket_backlog_drops_total',
    'Segments dropped because the backlog of a busy socket was full',
    tcpExt('TCPBacklogDrop'),
  ],
};

export function counterFamilies(counters: TcpCounters | undefined): MetricFamily[] {
  return (Object.keys(COUNTERS) as (keyof TcpCounters)[]).map((field) => {
    const [name, meaning, source] = COUNTERS[field];
    return plainCounter(name, `${meaning}, from ${source}.`, counters?.[field]);
  });
}

function mib(name: string): string {
  return `/proc/net/snmp Tcp ${name} (Windows: GetTcpStatisticsEx ${name})`;
}

function tcpExt(name: string): string {
  return `/proc/net/netstat TcpExt ${name}`;
}
