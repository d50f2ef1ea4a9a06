import type { AlertName } from './actions.ts';

/**
 * What a finding means and what to leave alone. What to do first is that of its alert, if one watches the same thing; `also` goes
 * further for this kind, and `instead` says it where the cause is another one than the sentence of the alert is about.
 */
export interface Advice {
  readonly alert?: AlertName;
  readonly means: string;
  readonly also?: string;
  readonly instead?: string;
  readonly doNot: string;
}

export const NO_SETTING =
  'Do not search for a kernel setting: only the application can close, and raising its limit of files only gains time.';
export const NO_BACKLOG =
  'Do not only raise the backlog or somaxconn, and leave tcp_abort_on_overflow alone: clients would wait longer or fail harder.';

const OUT_OF_RANGE =
  'See which sockets they are (nsenter, ss -tlnp); give a server ports outside of the range, or widen the range of this pod beyond them (its sysctl net.ipv4.ip_local_port_range); let clients connect without bind(), or set IP_BIND_ADDRESS_NO_PORT.';

/** Of pods and other network namespaces. */
export const POD_ADVICE = {
  pod_ports_exhausted: {
    alert: 'TcpPodEphemeralPortsExhausted',
    means:
      'New connections of this pod to its busiest destination fail with "Cannot assign requested address". Its ports are its own: the host and other pods lack none.',
    doNot: 'Do not widen the range of the host: it does not apply to pods.',
  },
  pod_ports_high: {
    alert: 'TcpPodEphemeralPortsHigh',
    means: 'At the next peak new connections of this pod there may fail: its own range of local ports is nearly taken.',
    doNot: 'Do not widen the range of the host: it does not apply to pods.',
  },
  pod_ports_exhausted_for_all: {
    alert: 'TcpPodEphemeralPortsExhausted',
    means:
      'Listeners, or sockets that called bind(), hold the ports of this pod against every destination: all its new connections fail. The host and other pods lack none.',
    instead: OUT_OF_RANGE,
    doNot: 'Do not widen the range of the host: it does not apply to pods.',
  },
  pod_ports_high_for_all: {
    alert: 'TcpPodEphemeralPortsHigh',
    means:
      'Listeners, or sockets that called bind(), hold the ports of this pod against every destination: its new connections have few left.',
    instead: OUT_OF_RANGE,
    doNot: 'Do not widen the range of the host: it does not apply to pods.',
  },
  pod_close_wait_unclosed: {
    alert: 'TcpPodCloseWaitStuck',
    means: 'The peers have closed and the process in the pod never calls close(): a leak.',
    doNot: NO_SETTING,
  },
  pod_close_wait_unaccepted: {
    alert: 'TcpPodCloseWaitStuck',
    means: 'Clients connected, waited and gave up: the process in the pod never accepted them.',
    doNot: NO_SETTING,
  },
  pod_accept_queue_full: {
    alert: 'TcpPodAcceptQueueStuck',
    means: 'The process in the pod takes no connection, or far too few: clients wait until they give up.',
    doNot: NO_BACKLOG,
  },
} as const satisfies Readonly<Record<string, Advice>>;
