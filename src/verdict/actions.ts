/**
 * What to do first, by alert: the `action` annotation of the rule, and the *do* of every finding on the same thing. `{process}` is
 * the process that alert or finding names. `test/contract/verdict.test.ts` holds the annotations against this table.
 */
export const ACTIONS = {
  TcpEphemeralPortsExhausted:
    'Slow down or stop {process}, then let it reuse its connections (a pool); if the range is narrow, widen it (net.ipv4.ip_local_port_range, on Windows netsh int ipv4 set dynamicport).',
  TcpEphemeralPortsHigh:
    'Compare with yesterday and the last deployment; let {process} reuse its connections before the next peak.',
  TcpEphemeralPortsFillingUp: 'Lower the rate of {process}, or move traffic away, before connections fail.',
  TcpTimeWaitHigh:
    'Let {process} keep its connections open and reuse them; tcp_tw_reuse=1 helps only where both ends have TCP timestamps.',
  TcpTimeWaitTableOverflow:
    'Raise net.ipv4.tcp_max_tw_buckets as far as kernel memory allows, and let clients keep their connections.',
  TcpCloseWaitStuck: 'Take a stack dump of {process}, then restart it: no kernel setting ends CLOSE_WAIT.',
  TcpProcessFdsRunningOut:
    'Gain time with prlimit --pid PID --nofile=65536:65536, take a stack dump, then restart {process}.',
  TcpProcessFdsNearLimit:
    'Raise the limit of the running process (prlimit --pid PID --nofile=65536:65536), then look for what it does not close.',
  TcpClosedSocketsHeld:
    'Take a stack dump, restart {process} before its descriptors run out, and close the socket on errors of read, write and connect.',
  TcpSystemFilesNearLimit: 'Gain time with sysctl -w fs.file-max, then restart the process that holds most.',
  TcpAcceptQueueOverflow: 'Check whether {process} still works (stack dump); restart it or start more instances.',
  TcpAcceptQueueStuck: 'Take a stack dump of {process}, then restart it: its clients already gave up.',
  TcpAcceptQueueNearLimit: 'Start more instances of {process}, or restart it, before it drops connections.',
  TcpPodEphemeralPortsExhausted:
    'Let {process} reuse its connections (a pool, keep-alive); until then start more pods, or widen the range of this pod (its sysctl net.ipv4.ip_local_port_range).',
  TcpPodEphemeralPortsHigh: 'Let {process} reuse its connections before the next peak, or start more pods.',
  TcpPodCloseWaitStuck: 'Take a stack dump of {process}, then delete the pod: no kernel setting ends CLOSE_WAIT.',
  TcpPodAcceptQueueStuck: 'Take a stack dump of {process}, then delete the pod: its clients already gave up.',
  TcpSynBacklogFull:
    'If the peers are strangers, it is a flood: let the balancer, firewall or provider filter it, and keep net.ipv4.tcp_syncookies at 1.',
  TcpConnectionsRefused:
    'Find the port (tcpdump -ni any "tcp[tcpflags] & tcp-rst != 0"): a service that does not run, a balancer with an old list, or a scan.',
  TcpConnectsWithoutPort:
    'Slow down or stop {process}, then let it reuse its connections (a pool); if the range is narrow, widen it (net.ipv4.ip_local_port_range).',
  TcpDestinationFailing:
    'Refused: the service is down or not on that port. Timed out or abandoned: it does not answer, or a firewall drops what it sends.',
  TcpConnectionsNotReused:
    'Let {process} keep its connections open and reuse them (a pool, HTTP keep-alive): each one costs a handshake, and a port for a minute where it closes first.',
  TcpConnectsFailing:
    'Find the destination in the logs of the programs. Few in SYN_SENT: it refuses at once (the service is down). Many: it does not answer.',
  TcpSynSentPiling:
    'Check whether that destination is up (nc -vz -w 3). If this message has many hosts, the destination is the cause; if one, its route or firewall.',
  TcpConnectionsReset:
    'Look for a process that crashes or is killed on this host or its peers, and for a firewall or balancer that lost its state.',
  TcpConntrackTableFull: 'Double the limit (sysctl -w net.netfilter.nf_conntrack_max), then find who fills the table.',
  TcpConntrackTableHigh: 'Raise net.netfilter.nf_conntrack_max in daylight, in a file under /etc/sysctl.d.',
  TcpConntrackDrops:
    'Give SNAT more source ports or addresses, or let the clients behind it reuse connections; if UDP is the cause, cache DNS on the node.',
  TcpOrphansNearLimit:
    'Find the peers that no longer read (ss -tan state fin-wait-1 state last-ack) and block those that hold most.',
  TcpMemoryNearLimit: 'Find the process that does not read (ss -tanp, large Recv-Q) and restart it.',
  TcpAbortOnMemory: 'Check which is full, TCP memory or orphans (panel Kernel limits), and act on that.',
  TcpStateWrongNamespace: 'Start it with --network=host --pid=host (Kubernetes: hostNetwork and hostPID).',
  TcpStateOwnersHidden:
    "permission: grant CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH. pid_namespace: start it with the host's processes. unaccepted, unresolved: see the runbook.",
  TcpStateCollectorFailing: "Read the reason in the exporter's log and grant what is missing.",
} as const satisfies Readonly<Record<string, string>>;

export type AlertName = keyof typeof ACTIONS;

/** The sentence as the alert has it, which cannot tell the name here. */
export function actionOfAlert(alert: AlertName): string {
  return ACTIONS[alert].replace('{process}', 'the named process');
}
