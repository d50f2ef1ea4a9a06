import { ofPods } from '../promql.ts';

/** Without the name of the metric, which would keep the columns of a table in rows of their own. */
export function byPod(expression: string): string {
  return `max by (instance, namespace, netns) (${expression})`;
}

/** The last sample of the chosen pods. */
export function lastOfPods(metric: string): string {
  return `last_over_time(${ofPods(metric)}[3m])`;
}

/** A counter of the chosen pods, per second. */
export function perSecondOfPods(counter: string): string {
  return `rate(${ofPods(counter)}[$__rate_interval])`;
}

/** Share of segments sent again; nothing where nothing is sent. */
export function podRetransmitRatio(): string {
  const sent = perSecondOfPods('tcpstate_netns_out_segments_total');
  return `${perSecondOfPods('tcpstate_netns_retransmitted_segments_total')} / (${sent} > 0)`;
}

/** How full the range of ports of the chosen pods is, as their next connect() finds it. */
export function podUtilization(): string {
  return lastOfPods('tcpstate_netns_ephemeral_utilization_ratio');
}

/** Of the fullest accept queue of the chosen pods. */
export function podQueueFill(): string {
  const limit = lastOfPods('tcpstate_netns_fullest_accept_queue_limit');
  return `clamp_max(${lastOfPods('tcpstate_netns_fullest_accept_queue_length')} / (${limit} > 0), 1)`;
}

/** CLOSE_WAIT sockets of the chosen pods past the age limit. */
export function podCloseWaitStuck(): string {
  return `sum by (cluster, job, instance, namespace, netns) (${lastOfPods('tcpstate_netns_close_wait_stuck_sockets')})`;
}
