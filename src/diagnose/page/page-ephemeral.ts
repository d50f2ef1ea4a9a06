import type {
  DestinationCell,
  EphemeralFamilyUse,
  FamilyLabel,
  PortHolder,
  SocketCounts,
} from '../../model/socket-counts.ts';
import { destinationOf, foldedOf } from './page-sockets.ts';
import type { PageSample, PageSamples } from './parse-page.ts';

const FAMILIES: readonly FamilyLabel[] = ['ipv4', 'ipv6'];

/** How the ephemeral ports are used; nothing where the page tells the range only. */
export function ephemeralOf(page: PageSamples): Pick<SocketCounts, 'ephemeral'> {
  const families = FAMILIES.flatMap((family) => familyUse(page, family));
  if (families.length === 0) return {};
  const processes = page.get('tcpstate_process_ephemeral_ports');
  return {
    ephemeral: {
      families,
      destinations: {
        cells: destinationsOf(page),
        folded: foldedOf(page, 'tcpstate_ephemeral_destination_ports_used'),
      },
      ...(processes && {
        processes: {
          cells: processes.map(({ labels, value }) => ({ process: labels.process ?? 'unknown', ports: value })),
          folded: foldedOf(page, 'tcpstate_process_ephemeral_ports'),
        },
      }),
      listeners: holdersOf(page.get('tcpstate_ephemeral_listeners')),
      holders: holdersOf(page.get('tcpstate_ephemeral_port_holders')),
    },
  };
}

function familyUse(page: PageSamples, family: FamilyLabel): EphemeralFamilyUse[] {
  const valueAt = (name: string) =>
    page.get(`tcpstate_ephemeral_${name}`)?.find(({ labels }) => labels.family === family)?.value;
  const [first, last] = [valueAt('port_range_first'), valueAt('port_range_last')];
  const [ports, used, blocked] = [valueAt('ports'), valueAt('ports_used'), valueAt('ports_blocked')];
  if (first === undefined || last === undefined || ports === undefined || used === undefined) return [];
  const [bound, boundEstimate] = [valueAt('ports_bound'), valueAt('ports_bound_estimated')];
  const utilization = valueAt('utilization_ratio');
  const [known, listening] = [{ family, first, last, ports, used }, valueAt('ports_listening') ?? 0];
  return [{ ...known, blocked: blocked ?? 0, listening, bound, boundEstimate, utilization }];
}

function destinationsOf(page: PageSamples): DestinationCell[] {
  const numbers = (name: string) =>
    new Map(page.get(`tcpstate_ephemeral_destination_ports_${name}`)?.map((sample) => [keyOf(sample), sample.value]));
  const [timeWait, outside, reusable] = [numbers('time_wait'), numbers('outside'), numbers('reusable')];
  return (page.get('tcpstate_ephemeral_destination_ports_used') ?? []).map((sample) => ({
    ...destinationOf(sample.labels),
    portsUsed: sample.value,
    portsTimeWait: timeWait.get(keyOf(sample)) ?? 0,
    portsOutside: outside.get(keyOf(sample)) ?? 0,
    portsReusable: reusable.get(keyOf(sample)) ?? 0,
  }));
}

function keyOf({ labels }: PageSample): string {
  return JSON.stringify([labels.family, labels.local_ip, labels.remote_ip, labels.remote_port]);
}

function holdersOf(samples: readonly PageSample[] | undefined): PortHolder[] {
  return (samples ?? []).map(({ labels, value }) => ({
    localPort: labels.local_port ?? '',
    process: labels.process ?? 'unknown',
    sockets: value,
  }));
}
