import { ACTIONS } from './actions.ts';
import { type Advice, NO_BACKLOG, NO_SETTING, POD_ADVICE } from './pod-advice.ts';

const LEAVE_TIME_WAIT = 'tcp_tw_recycle, tcp_fin_timeout, killing TIME_WAIT sockets: none of them frees a port safely.';
const NO_FLUSH = 'Do not flush the table (conntrack -F): every connection through NAT breaks.';

/** The ports of servers, which programs choose or take from the range. */
const OUT_OF_RANGE =
  'Give {process} ports outside of the range (in its own settings: passive ports, relay ports), or widen the range beyond them (net.ipv4.ip_local_port_range, on Windows netsh int ipv4 set dynamicport); reserve those that must stay in it with net.ipv4.ip_local_reserved_ports.';

/** Every kind of finding there is. */
export const ADVICE = {
  connects_without_port: {
    alert: 'TcpConnectsWithoutPort',
    means:
      'These calls have failed with "Cannot assign requested address": no local port is free towards this destination.',
    doNot: LEAVE_TIME_WAIT,
  },
  ports_exhausted_by_time_wait: {
    alert: 'TcpEphemeralPortsExhausted',
    means:
      'New connections to this destination fail with "Cannot assign requested address": each that was closed keeps its port for a minute.',
    doNot: LEAVE_TIME_WAIT,
  },
  ports_exhausted_by_connections: {
    alert: 'TcpEphemeralPortsExhausted',
    means: 'New connections to this destination fail with "Cannot assign requested address": open ones hold the ports.',
    doNot: 'Do not restart everything: the one process that holds the connections is enough.',
  },
  ports_exhausted_to_unnamed: {
    alert: 'TcpEphemeralPortsExhausted',
    means:
      'New connections to one destination fail with "Cannot assign requested address": those that are open, or were closed a minute ago, hold the ports.',
    doNot: 'Do not restart everything: the one process that holds the ports is enough.',
  },
  ports_exhausted_by_bound: {
    alert: 'TcpEphemeralPortsExhausted',
    means:
      'A program takes its ports by bind() before it connects. Each is blocked for every destination, so new connections of all programs fail.',
    also: 'That program should connect without bind(), or set IP_BIND_ADDRESS_NO_PORT (Linux 4.2 or newer).',
    doNot: 'Do not tune TIME_WAIT: ports that bind() took are not freed by tcp_tw_reuse.',
  },
  ports_exhausted_by_listeners: {
    alert: 'TcpEphemeralPortsExhausted',
    means:
      'Servers listen on ports of the range. Each is blocked for every destination, so new connections of all programs fail.',
    instead: OUT_OF_RANGE,
    doNot: 'Do not restart clients or tune TIME_WAIT: neither frees a port that has a listener.',
  },
  ports_exhausted_on_host: {
    alert: 'TcpEphemeralPortsExhausted',
    means:
      'Every port of the range is held, and here a port serves one connection only: no program can open a new one.',
    doNot: 'Do not reboot before you know who holds the ports: the leak begins again.',
  },
  ports_all_reserved: {
    means: 'The range has no port that may be handed out: every connect() without a port of its own fails.',
    also: 'Take ports out of net.ipv4.ip_local_reserved_ports, or widen net.ipv4.ip_local_port_range: no process holds them.',
    doNot: 'Do not restart programs: none of them is the cause.',
  },
  ports_high: {
    alert: 'TcpEphemeralPortsHigh',
    means: 'At the next peak new connections there may fail: the range of local ports is nearly taken.',
    doNot: LEAVE_TIME_WAIT,
  },
  ports_high_by_listeners: {
    alert: 'TcpEphemeralPortsHigh',
    means:
      'Servers listen on ports of the range, which blocks them for every destination: new connections have few ports left.',
    instead: OUT_OF_RANGE,
    doNot: 'Do not restart clients or tune TIME_WAIT: neither frees a port that has a listener.',
  },
  ports_filling_up: {
    alert: 'TcpEphemeralPortsFillingUp',
    means: 'At this growth no local port is left soon, and new connections fail.',
    doNot: LEAVE_TIME_WAIT,
  },
  time_wait_high: {
    alert: 'TcpTimeWaitHigh',
    means:
      'This host opens connections and closes them itself, again and again; each closed one keeps its port for a minute.',
    doNot: LEAVE_TIME_WAIT,
  },
  time_wait_table_full: {
    alert: 'TcpTimeWaitTableOverflow',
    means:
      'Connections end without TIME_WAIT: late segments may disturb new connections. Ports are not the problem here.',
    doNot: 'Do not lower tcp_max_tw_buckets to get rid of TIME_WAIT: that is what fills the table.',
  },
  close_wait_unclosed: {
    alert: 'TcpCloseWaitStuck',
    means: 'The peers have closed and the process never calls close(): a leak, until it has no descriptor left.',
    doNot: NO_SETTING,
  },
  close_wait_unaccepted: {
    alert: 'TcpCloseWaitStuck',
    means: 'Clients connected, waited and gave up: the process never accepted them. It hangs, or has too few workers.',
    doNot: NO_SETTING,
  },
  fds_running_out: {
    alert: 'TcpProcessFdsRunningOut',
    means: 'Within minutes the process can accept and open no connection ("Too many open files").',
    doNot: 'Do not restart first: the evidence is gone and the leak begins again. Unless nothing else is left.',
  },
  fds_near_limit: {
    alert: 'TcpProcessFdsNearLimit',
    means: 'At the limit accept() and connect() fail with EMFILE, "Too many open files".',
    doNot: 'Do not stop at raising the limit when sockets leak.',
  },
  closed_sockets_held: {
    alert: 'TcpClosedSocketsHeld',
    means:
      'Their connections were reset, timed out or never came to be; the process keeps the descriptors. No table of sockets shows them.',
    doNot: 'Do not search for a kernel setting: the kernel has nothing left to end.',
  },
  system_files_near_limit: {
    alert: 'TcpSystemFilesNearLimit',
    means: 'At the limit no process of the host can open a file or a socket (ENFILE).',
    doNot: 'Do not raise fs.file-max again next week: find the leak.',
  },
  accept_queue_dead: {
    alert: 'TcpAcceptQueueStuck',
    means:
      'The process takes no connection, or far too few: clients connect (the kernel does that) and wait until they give up.',
    doNot: NO_BACKLOG,
  },
  accept_queue_overflow: {
    alert: 'TcpAcceptQueueOverflow',
    means:
      'The process accepts more slowly than clients come; the kernel drops connections, and clients wait a second or more, or fail.',
    doNot: NO_BACKLOG,
  },
  accept_queue_near_limit: {
    alert: 'TcpAcceptQueueNearLimit',
    means: 'The process accepts more slowly than clients come; when the queue is full, connections are dropped.',
    doNot: NO_BACKLOG,
  },
  ...POD_ADVICE,
  syn_backlog_full: {
    alert: 'TcpSynBacklogFull',
    means: 'More handshakes are half open than the backlog holds: a flood, or a burst against a short backlog.',
    doNot: 'Do not turn SYN cookies off.',
  },
  connections_refused: {
    alert: 'TcpConnectionsRefused',
    means: 'Clients connect to ports where nobody listens and are refused.',
    doNot:
      'Do not let a firewall drop the SYNs to make it quiet: clients would wait for their time-outs instead of failing over.',
  },
  connects_failing: {
    alert: 'TcpConnectsFailing',
    means: 'Connections that programs here open are refused or not answered.',
    doNot: 'Do not restart the client: it works.',
  },
  destination_failing: {
    alert: 'TcpDestinationFailing',
    means: 'Programs here call this destination in vain.',
    doNot: 'Do not restart the programs that call: they would only call more often.',
  },
  connections_not_reused: {
    alert: 'TcpConnectionsNotReused',
    means:
      'Nothing is broken, but at 470 per second the default range of ports is used up where this side closes first.',
    doNot: 'Do not turn on tcp_tw_reuse instead: the handshakes stay.',
  },
  syn_sent_piling: {
    alert: 'TcpSynSentPiling',
    means: 'This destination does not answer: it is down, its accept queue is full, or a firewall drops the packets.',
    doNot: 'Do not lower tcp_syn_retries for the whole host.',
  },
  connections_reset: {
    alert: 'TcpConnectionsReset',
    means: 'Something cuts connections instead of closing them.',
    doNot: 'Do not hide it by longer keep-alive times.',
  },
  conntrack_full: {
    alert: 'TcpConntrackTableFull',
    means: 'The firewall drops packets of new connections of every protocol; established ones go on.',
    doNot: NO_FLUSH,
  },
  conntrack_high: {
    alert: 'TcpConntrackTableHigh',
    means: 'When the table is full, new connections of every protocol are dropped.',
    doNot: NO_FLUSH,
  },
  conntrack_drops: {
    alert: 'TcpConntrackDrops',
    means:
      'The table has room, and still packets of new connections are dropped: most often source NAT has no port left towards one destination.',
    doNot: 'Do not raise nf_conntrack_max: the table is not full.',
  },
  orphans_near_limit: {
    alert: 'TcpOrphansNearLimit',
    means:
      'Closed sockets with data still to deliver; beyond the limit the kernel resets them and the last bytes are lost.',
    doNot: 'Do not lower tcp_orphan_retries for everybody: slow clients lose their answers.',
  },
  tcp_memory_near_limit: {
    alert: 'TcpMemoryNearLimit',
    means: 'At the limit the kernel drops segments and resets connections.',
    doNot: 'Do not raise tcp_mem beyond what the host has: it cannot be swapped out.',
  },
  aborted_for_memory: {
    alert: 'TcpAbortOnMemory',
    means: 'TCP memory or the number of orphans is exhausted: users see broken connections now.',
    doNot: 'Do not ignore it because the host has free memory: tcp_mem is a limit of its own.',
  },
  wrong_network_namespace: {
    alert: 'TcpStateWrongNamespace',
    means:
      'These are the sockets of a container or namespace, not those of the host: every number is right, and of that alone.',
    also: 'If this is what you want to see: --no-collector.namespace.',
    doNot: 'Do not take it for the state of the host.',
  },
  wrong_pid_namespace: {
    alert: 'TcpStateWrongNamespace',
    means: 'The processes of the host cannot be seen from here: sockets have no owner.',
    also: 'If this is what you want to see: --no-collector.namespace.',
    doNot: 'Do not take "unknown" for a process.',
  },
  owners_hidden: {
    alert: 'TcpStateOwnersHidden',
    means: 'Numbers by state, port and peer are right; processes are missing from them.',
    doNot: 'Do not run a service as root for this: two capabilities are enough.',
  },
  collector_failing: {
    alert: 'TcpStateCollectorFailing',
    means: 'This part is not judged at all; the rest is right.',
    doNot: 'Do not take silence on this part for good news.',
  },
  beyond_your_limit: {
    means: 'This is a limit that you gave by --warn or --crit.',
    also: 'Look at the tables: they name who has most of it.',
    doNot: 'Do not take the number alone for a fault.',
  },
} as const satisfies Readonly<Record<string, Advice>>;

export type FindingKind = keyof typeof ADVICE;

/** What to do first, with the name of the process where it is known. */
export function sayDo(kind: FindingKind, process: string | undefined): string {
  const { alert, also, instead = alert && ACTIONS[alert] }: Advice = ADVICE[kind];
  const action = instead?.replace('{process}', () => process ?? 'the process behind it');
  return [action, also].filter((sentence) => sentence !== undefined).join(' ');
}
