import type { NetnsCounts } from '../../model/netns.ts';
import type {
  NetnsCloseWait,
  NetnsOwner,
  NetnsQueue,
  NetnsSockets,
  NetnsSocketsCell,
} from '../../model/netns-sockets.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Breakdown } from '../../model/socket-counts.ts';
import { destinationOf, foldedOf } from './page-sockets.ts';
import type { PageSample, PageSamples } from './parse-page.ts';

const NOT_READ: Breakdown<never> = { cells: [], folded: 0 };

/** Of other network namespaces what a verdict speaks of: ports, fullest queues, busiest destinations and CLOSE_WAIT. */
export function netnsOf(page: PageSamples): Pick<Snapshot, 'netns'> {
  if (!page.has('tcpstate_netns_sockets')) return {};
  const sockets: NetnsSockets = {
    cells: cellsOf(page),
    foldedStates: foldedOf(page, 'tcpstate_netns_sockets'),
    connections: NOT_READ,
    destinations: destinationsOf(page),
    listeners: NOT_READ,
    closeWait: closeWaitOf(page),
    socketRanges: NOT_READ,
  };
  const netns: NetnsCounts = { cells: [], folded: 0, failed: 0, withoutProcess: [], withoutProcessCount: 0, sockets };
  return { netns };
}

function cellsOf(page: PageSamples): NetnsSocketsCell[] {
  const used = byNetns(page, 'tcpstate_netns_ephemeral_ports_used');
  const ratios = (family: string) =>
    byNetns(page, 'tcpstate_netns_ephemeral_utilization_ratio', ({ labels }) => labels.family === family);
  const [ipv4, ipv6] = [ratios('ipv4'), ratios('ipv6')];
  const limits = byNetns(page, 'tcpstate_netns_fullest_accept_queue_limit');
  const ports = byNetns(page, 'tcpstate_netns_ephemeral_ports');
  const queues = byNetns(page, 'tcpstate_netns_fullest_accept_queue_length');
  return [...new Set([...ports.keys(), ...queues.keys()])].map((netns) => {
    const [queue, range, ratio6] = [queues.get(netns), ports.get(netns), ipv6.get(netns)?.value];
    const { namespace = '', pod = '' } = (range ?? queue)!.labels;
    return {
      ...{ netns, namespace, pod, states: [] },
      ...(range && {
        ephemeral: {
          ports: range.value,
          used: used.get(netns)?.value ?? 0,
          ipv4: ipv4.get(netns)?.value ?? 0,
          ...(ratio6 !== undefined && { ipv6: ratio6 }),
        },
      }),
      ...(queue && { fullestQueue: queueOf(queue, limits.get(netns)?.value) }),
    };
  });
}

function byNetns(page: PageSamples, name: string, isWanted: (sample: PageSample) => boolean = () => true) {
  return new Map((page.get(name) ?? []).filter(isWanted).map((sample) => [sample.labels.netns ?? '', sample]));
}

function queueOf(sample: PageSample, queueLimit: number | undefined): NetnsQueue {
  const { container, unit, process } = ownerOf(sample);
  const localPort = Number(sample.labels.local_port);
  return { container, unit, process, localPort, queueLength: sample.value, queueLimit };
}

function destinationsOf(page: PageSamples): NetnsSockets['destinations'] {
  const name = 'tcpstate_netns_ephemeral_destination_ports_used';
  const numbers = (kind: string) =>
    new Map(
      page.get(`tcpstate_netns_ephemeral_destination_ports_${kind}`)?.map((sample) => [keyOf(sample), sample.value]),
    );
  const [timeWait, outside, reusable] = [numbers('time_wait'), numbers('outside'), numbers('reusable')];
  const cells = (page.get(name) ?? []).map((sample) => ({
    ...ownerOf(sample),
    ...destinationOf(sample.labels),
    portsUsed: sample.value,
    portsTimeWait: timeWait.get(keyOf(sample)) ?? 0,
    portsOutside: outside.get(keyOf(sample)) ?? 0,
    portsReusable: reusable.get(keyOf(sample)) ?? 0,
  }));
  return { cells, folded: foldedOf(page, name) };
}

function closeWaitOf(page: PageSamples): Breakdown<NetnsCloseWait> {
  const name = 'tcpstate_netns_close_wait_oldest_seconds';
  const stuck = page.get('tcpstate_netns_close_wait_stuck_sockets') ?? [];
  const numbers = (reason: string) =>
    new Map(
      stuck
        .filter(({ labels }) => labels.reason === reason)
        .map(({ labels: { reason: _, ...labels }, value }) => {
          return [keyOf({ labels }), value];
        }),
    );
  const [unclosed, unaccepted] = [numbers('unclosed'), numbers('unaccepted')];
  const cells = (page.get(name) ?? []).map((sample) => ({
    ...ownerOf(sample),
    oldestSeconds: sample.value,
    unclosed: unclosed.get(keyOf(sample)) ?? 0,
    unaccepted: unaccepted.get(keyOf(sample)) ?? 0,
  }));
  return { cells, folded: foldedOf(page, name) };
}

function ownerOf({ labels }: PageSample): NetnsOwner {
  const { netns = '', namespace = '', pod = '', container = '', unit = '', process = '' } = labels;
  return { netns, namespace, pod, container, unit, process };
}

function keyOf({ labels }: Pick<PageSample, 'labels'>): string {
  return JSON.stringify(Object.entries(labels).sort());
}
