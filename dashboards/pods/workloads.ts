import { line, type PlaceablePanel } from '../layout.ts';
import { CONNECTIONS_PER_SECOND } from '../panel-spec.ts';
import { barGauge } from '../panels.ts';
import { lastOfPods, perSecondOfPods } from './queries.ts';

const NAME = '{{namespace}} {{created_by_kind}} {{created_by_name}}';
const NO_VALUE = 'Needs kube-state-metrics in the same Prometheus.';
/** A pod has one owner; that several kube-state-metrics tell it must not break the join. */
const OWNERS =
  'max by (cluster, namespace, pod, created_by_kind, created_by_name) (kube_pod_info{cluster=~"$cluster", namespace=~"$namespace"})';

/** The same by what made the pods: a Deployment's ReplicaSet, a DaemonSet, a Job. */
export function workloads(): PlaceablePanel[] {
  return line(11, [8, timeWait()], [8, opened()], [8, dropped()]);
}

function timeWait() {
  return barGauge({
    title: 'TIME_WAIT by workload',
    description: 'Sockets in TIME_WAIT of all pods of a workload; the ten with most.',
    unit: 'locale',
    noValue: NO_VALUE,
    queries: [{ expr: byWorkload(lastOfPods('tcpstate_netns_time_wait_sockets')), legend: NAME }],
  });
}

function opened() {
  return barGauge({
    title: 'Connections opened by workload',
    description: 'Connections that all pods of a workload open, per second; the ten with most.',
    unit: CONNECTIONS_PER_SECOND,
    noValue: NO_VALUE,
    queries: [{ expr: byWorkload(perSecondOfPods('tcpstate_netns_active_opens_total')), legend: NAME }],
  });
}

function dropped() {
  return barGauge({
    title: 'Dropped connections by workload',
    description:
      'Incoming connections that listeners of all pods of a workload dropped, per second; the ten with most.',
    unit: CONNECTIONS_PER_SECOND,
    noValue: NO_VALUE,
    queries: [{ expr: byWorkload(perSecondOfPods('tcpstate_netns_listen_drops_total')), legend: NAME }],
  });
}

function byWorkload(expression: string): string {
  const owned = `${expression} * on (cluster, namespace, pod) group_left (created_by_kind, created_by_name) ${OWNERS}`;
  return `topk(10, sum by (namespace, created_by_kind, created_by_name) (${owned}))`;
}
