import { NAME_COLUMN } from '../destinations.ts';
import { HOST_LINK, POD_LINK } from '../links.ts';
import { type LabelColumn, table } from '../table.ts';
import { ALERT_THRESHOLDS, orangeFrom, UTILIZATION_STEPS } from '../thresholds.ts';
import { lastOfPods } from './queries.ts';

const OWNER_COLUMNS: readonly LabelColumn[] = [
  { label: 'container', name: 'Container', width: 140 },
  { label: 'process', name: 'Process', width: 140 },
];
const BY_OWNER = 'instance, namespace, netns, container, process';

/** A pod whose host the row names. */
export function podColumns(): LabelColumn[] {
  return [
    { label: 'instance', name: 'Host', link: HOST_LINK, width: 150 },
    { label: 'namespace', name: 'Namespace', width: 130 },
    { label: 'netns', name: 'Pod', link: POD_LINK },
  ];
}

/** Where the ports of the chosen pods are used. */
export function destinationsOfPods() {
  return table({
    title: 'Busiest destinations of pods',
    description:
      'Where the ports of pods are used; a pod fails where one of its destinations has them all. Container and process where they are the same of all its sockets; TIME_WAIT alone has no process.',
    labels: [
      ...podColumns(),
      ...OWNER_COLUMNS,
      { label: 'remote_ip', name: 'Destination' },
      { label: 'remote_port', name: 'Port', width: 90 },
      NAME_COLUMN,
    ],
    values: [
      { name: 'Ports used', expr: byDestination('tcpstate_netns_ephemeral_destination_ports_used'), width: 110 },
      { name: 'TIME_WAIT', expr: byDestination('tcpstate_netns_ephemeral_destination_ports_time_wait'), width: 110 },
    ],
    sortBy: 'Ports used',
  });
}

/** `of`: a metric of the pods that the dashboard is about. */
export function podOwners(of: (metric: string) => string) {
  const last = (metric: string) => `last_over_time(${of(metric)}[3m])`;
  const fill = `${last('tcpstate_netns_fullest_accept_queue_length')} / (${last('tcpstate_netns_fullest_accept_queue_limit')} > 0)`;
  const [used, outside, reusable] = ['used', 'outside', 'reusable'].map((kind) =>
    last(`tcpstate_netns_ephemeral_destination_ports_${kind}`),
  );
  return table({
    title: 'Processes of pods that lack ports, do not close or do not accept',
    description:
      'Share of the ports of its pod that a process uses towards one destination, CLOSE_WAIT sockets past the age limit, and how full its accept queue is, where it is not empty; ports from a tenth on. Needs the reader in the kernel; processes need the capabilities for owners.',
    labels: [...podColumns(), ...OWNER_COLUMNS],
    values: [
      {
        name: 'Ports',
        expr: `max by (${BY_OWNER}) ((${used} - ${outside} - ${reusable}) / on (job, instance, netns) group_left () (${last('tcpstate_netns_ephemeral_ports')} > 0)) > 0.1`,
        unit: 'percentunit',
        decimals: 0,
        thresholds: UTILIZATION_STEPS,
        width: 80,
      },
      {
        name: 'Stuck CLOSE_WAIT',
        expr: `sum by (${BY_OWNER}) (${last('tcpstate_netns_close_wait_stuck_sockets')})`,
        thresholds: orangeFrom(ALERT_THRESHOLDS.TcpPodCloseWaitStuck),
        width: 140,
      },
      {
        name: 'Oldest',
        expr: `max by (${BY_OWNER}) (${last('tcpstate_netns_close_wait_oldest_seconds')}) > 0`,
        unit: 's',
        decimals: 0,
        width: 90,
      },
      {
        name: 'Queue',
        expr: `max by (${BY_OWNER}) (clamp_max(${fill}, 1)) > 0`,
        unit: 'percentunit',
        decimals: 0,
        width: 80,
      },
    ],
    sortBy: 'Ports',
  });
}

function byDestination(metric: string): string {
  return `max by (${BY_OWNER}, remote_ip, remote_port, remote_name) (${lastOfPods(metric)})`;
}
