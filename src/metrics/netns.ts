import type { NetnsCell, NetnsCounts, NetnsIdentity, NetnsNumbers } from '../model/netns.ts';
import { gauge, type MetricFamily } from './family.ts';

const LABELS = ['netns', 'namespace', 'pod'] as const;
const OF_ANOTHER = 'of another network namespace';

/** Field → metric, type, what it is, source below /proc/PID/net. */
const NUMBERS: Readonly<
  Record<keyof NetnsNumbers, readonly [name: string, type: MetricFamily['type'], meaning: string, source: string]>
> = {
  inUse: [
    'tcpstate_netns_inuse_sockets',
    'gauge',
    `TCP sockets ${OF_ANOTHER} in any state but TIME_WAIT, SYN_RECV and bound`,
    'sockstat TCP inuse and sockstat6 TCP6 inuse',
  ],
  timeWait: [
    'tcpstate_netns_time_wait_sockets',
    'gauge',
    `TCP sockets ${OF_ANOTHER} in TIME_WAIT, with those in FIN_WAIT2 that nobody owns any more`,
    'sockstat TCP tw',
  ],
  currEstab: [
    'tcpstate_netns_curr_estab',
    'gauge',
    `TCP connections ${OF_ANOTHER} that are established or in CLOSE_WAIT`,
    'snmp Tcp CurrEstab',
  ],
  activeOpens: counter(
    'active_opens',
    'Connections that another network namespace began to open',
    'snmp Tcp ActiveOpens',
  ),
  passiveOpens: counter(
    'passive_opens',
    'Connections that peers opened to another network namespace',
    'snmp Tcp PassiveOpens',
  ),
  attemptFails: counter(
    'attempt_fails',
    `Attempts ${OF_ANOTHER} to open a connection that failed`,
    'snmp Tcp AttemptFails',
  ),
  estabResets: counter(
    'estab_resets',
    `Connections ${OF_ANOTHER} that ended by a reset instead of a close`,
    'snmp Tcp EstabResets',
  ),
  outSegments: counter('out_segments', `Segments ${OF_ANOTHER} sent, without retransmissions`, 'snmp Tcp OutSegs'),
  retransmittedSegments: counter('retransmitted_segments', `Segments ${OF_ANOTHER} sent again`, 'snmp Tcp RetransSegs'),
  listenOverflows: counter(
    'listen_overflows',
    `Connections ${OF_ANOTHER} dropped because the accept queue of their listener was full`,
    'netstat TcpExt ListenOverflows',
  ),
  listenDrops: counter(
    'listen_drops',
    `Connections ${OF_ANOTHER} that a listener dropped for any reason, overflows included`,
    'netstat TcpExt ListenDrops',
  ),
  timeWaitOverflows: counter(
    'time_wait_overflows',
    `Sockets ${OF_ANOTHER} that closed without TIME_WAIT because there were too many`,
    'netstat TcpExt TCPTimeWaitOverflow',
  ),
};

/** The other network namespaces of the host. The exporter's own has the families without `netns` in their name. */
export function netnsFamilies(netns: NetnsCounts | undefined): MetricFamily[] {
  const rows = netns === undefined ? [] : rowsOf(netns);
  const numbers = (Object.keys(NUMBERS) as (keyof NetnsNumbers)[]).map((field): MetricFamily => {
    const [name, type, meaning, source] = NUMBERS[field];
    const samples = rows.flatMap(({ labels, numbers: { [field]: value } }) =>
      value === undefined ? [] : [{ labels, value }],
    );
    return { name, type, help: `${meaning}, from /proc/PID/net/${source}.`, labelNames: LABELS, samples };
  });
  return [
    gauge(
      'tcpstate_network_namespaces',
      ['status'],
      "Network namespaces of the host besides the exporter's own: read, failed to be read, or named in /run/netns and without a process that is seen (without_process), from /proc and /proc/1/mountinfo.",
      netns === undefined ? [] : statusesOf(netns),
    ),
    gauge(
      'tcpstate_netns_info',
      [...LABELS, 'container', 'pod_uid', 'container_id', 'inum'],
      "Always 1; the labels show who a network namespace is, from /proc/PID/cgroup, the names of the kubelet's log folders and /run/netns.",
      netns === undefined ? [] : [...netns.cells, ...netns.withoutProcess].map(infoOf),
    ),
    ...numbers,
  ];
}

function counter(name: string, meaning: string, source: string) {
  return [`tcpstate_netns_${name}_total`, 'counter', meaning, source] as const;
}

function rowsOf({ cells, other }: NetnsCounts) {
  const all: readonly NetnsCell[] = other === undefined ? cells : [...cells, other];
  return all.map(({ netns, namespace, pod, numbers }) => ({ labels: [netns, namespace, pod], numbers }));
}

function statusesOf({ cells, folded, failed, withoutProcessCount }: NetnsCounts) {
  const numbers = { read: cells.length + folded, failed, without_process: withoutProcessCount };
  return Object.entries(numbers).map(([status, value]) => ({ labels: [status] as [string], value }));
}

function infoOf({ netns, namespace, pod, container, podUid, containerId, inum }: NetnsIdentity) {
  const number = inum === undefined ? '' : String(inum);
  return { labels: [netns, namespace, pod, container, podUid, containerId, number] as const, value: 1 };
}
