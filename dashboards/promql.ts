/** The hosts chosen in the variables. Every query holds this. */
export const CHOSEN = 'cluster=~"$cluster", job=~"$job", instance=~"$instance"';
/** For metrics with these labels, on dashboards that ask for them. */
export const CHOSEN_PROCESS = 'process=~"$process"';
const CHOSEN_PEER = 'remote_ip=~"$remote_ip"';
/** Metrics with a label `process` or `remote_ip`, and the filter they get. */
const FILTERED: readonly (readonly [metrics: RegExp, filter: string])[] = [
  [/^tcpstate_(process|close_wait|listener)_/, CHOSEN_PROCESS],
  [/^tcpstate_(ephemeral_destination|remote_ip)_/, CHOSEN_PEER],
];

/** A metric of the chosen hosts, and of the chosen processes and peers where the dashboards ask for them. */
export function chosen(metric: string, matchers?: string): string {
  const filters = FILTERED.filter(([metrics]) => metrics.test(metric)).map(([, filter]) => filter);
  return ofHosts(metric, [...(matchers === undefined ? [] : [matchers]), ...filters]);
}

/** A metric of the chosen hosts, whatever process and peer are chosen. */
export function ofHosts(metric: string, matchers: readonly string[] = []): string {
  return `${metric}{${[CHOSEN, ...matchers].join(', ')}}`;
}

/** A metric of the chosen pods: other network namespaces of the chosen hosts, on the dashboard that asks for them. */
export function ofPods(metric: string): string {
  return ofHosts(metric, ['namespace=~"$namespace"', 'netns=~"$netns"']);
}

/** Its last sample: a figure or a table row must not vanish because one scrape was missed. */
export function recent(metric: string, matchers?: string): string {
  return `last_over_time(${chosen(metric, matchers)}[3m])`;
}

/** A counter, per second. */
export function perSecond(counter: string, matchers?: string): string {
  return `rate(${chosen(counter, matchers)}[$__rate_interval])`;
}

/** Sum per host and the labels named. */
export function sumBy(labels: readonly string[], expression: string): string {
  return `sum by (${['instance', ...labels].join(', ')}) (${expression})`;
}

const UTILIZATION = 'tcpstate_ephemeral_utilization_ratio';

/**
 * Seconds until the range is full at the growth of the last quarter of an hour. Only where more than `minimum` is taken and
 * the last 3 minutes lie above those of 5 to 8 minutes ago, the conditions of TcpEphemeralPortsFillingUp: a line through noise
 * always meets the limit some day.
 */
export function secondsToExhaustion(minimum: number): string {
  const now = recent(UTILIZATION);
  return [
    `clamp_min(1 - ${now}, 0) / (deriv(${chosen(UTILIZATION)}[15m]) > 0)`,
    `and min_over_time(${chosen(UTILIZATION)}[3m]) > max_over_time(${chosen(UTILIZATION)}[3m] offset 5m)`,
    `and ${now} > ${minimum}`,
  ].join('\n');
}

/** The utilization in half an hour if it grows on as in the last quarter, at most a little above full; where more than `minimum` is taken. */
export function utilizationForecast(minimum: number): string {
  return `clamp(predict_linear(${chosen(UTILIZATION)}[15m], 30 * 60), 0, 1.2) and ${chosen(UTILIZATION)} > ${minimum}`;
}

/** What is known of the destinations that `busiestDestinations` finds, without their owner. */
export function ofBusiest(count: number, expression: string): string {
  const labels = 'job, instance, family, local_ip, remote_ip, remote_port';
  return `${expression} and on (${labels}) topk(${count}, ${recent('tcpstate_ephemeral_destination_ports_used')})`;
}

/** Utilization of the range per destination, without ports outside the range, which the metric counts too. */
export function destinationShare(): string {
  const used = recent('tcpstate_ephemeral_destination_ports_used');
  const outside = `(${recent('tcpstate_ephemeral_destination_ports_outside')} or 0 * ${used})`;
  return `(${used} - ${outside}) / on (job, instance, family) group_left () (${recent('tcpstate_ephemeral_ports')} > 0)`;
}

/** Fill of each accept queue, 0–1. */
export function acceptQueueFill(): string {
  const limit = recent('tcpstate_listener_accept_queue_limit');
  return `${recent('tcpstate_listener_accept_queue_length')} / (${limit} > 0)`;
}

/** Share of segments sent again, per host; nothing where nothing is sent. */
export function retransmitRatio(): string {
  return `${perSecond('tcpstate_retransmitted_segments_total')} / (${perSecond('tcpstate_out_segments_total')} > 0)`;
}

/** Open files of a process as a share of its limit. */
export function openFilesShare(): string {
  return `${recent('tcpstate_process_open_fds')} / (${recent('tcpstate_process_max_fds')} > 0)`;
}

/** Connections per second that end in TIME_WAIT towards one destination: those that wait, over the time each waits. */
export function timeWaitPerSecond(): string {
  const duration = recent('tcpstate_time_wait_duration_seconds');
  return `${chosen('tcpstate_ephemeral_destination_ports_time_wait')} / on (job, instance) group_left () ${duration}`;
}

/** Connections per second that the range sustains towards one destination without reuse. */
export function sustainedPerSecond(): string {
  const duration = recent('tcpstate_time_wait_duration_seconds');
  return `${recent('tcpstate_ephemeral_ports')} / on (job, instance) group_left () ${duration}`;
}

/** Sockets by service and peer, of the chosen processes and peers. */
export function connections(): string {
  return recent('tcpstate_connections', `${CHOSEN_PROCESS}, ${CHOSEN_PEER}`);
}
