import type { Breakdown, Direction, ReasonLabel, SocketCounts } from '../../model/socket-counts.ts';
import { KNOWN_STATES, STATE_SLOTS, stateLabel, TcpState } from '../../model/tcp-state.ts';
import type { PageSample, PageSamples } from './parse-page.ts';

const STATE_OF = new Map<string, number>(KNOWN_STATES.map((state) => [stateLabel(state), state]));

/** The counts of sockets on a page; a part without samples is not known, as on the page. */
export function socketCountsOf(page: PageSamples): SocketCounts {
  const states = page.get('tcpstate_sockets');
  return {
    ...(states && { states: { ipv4: statesOf(states, 'ipv4'), ipv6: statesOf(states, 'ipv6') } }),
    ...breakdown(page, 'connections', 'tcpstate_connections', ({ labels, value }) => ({
      state: stateOf(labels.state),
      direction: (labels.direction ?? 'inbound') as Direction,
      localPort: labels.local_port ?? '',
      remoteIp: labels.remote_ip ?? '',
      remotePort: labels.remote_port ?? '',
      ...remoteNameOf(labels),
      process: labels.process ?? 'unknown',
      sockets: value,
    })),
    ...breakdown(page, 'localPorts', 'tcpstate_local_port_sockets', ({ labels, value }) => ({
      state: stateOf(labels.state),
      localPort: labels.local_port ?? '',
      sockets: value,
    })),
    ...breakdown(page, 'remoteIps', 'tcpstate_remote_ip_sockets', ({ labels, value }) => ({
      state: stateOf(labels.state),
      remoteIp: labels.remote_ip ?? '',
      sockets: value,
    })),
    ...breakdown(page, 'processes', 'tcpstate_process_sockets', ({ labels, value }) => ({
      state: stateOf(labels.state),
      process: labels.process ?? 'unknown',
      sockets: value,
    })),
    ...breakdown(page, 'units', 'tcpstate_unit_sockets', ({ labels, value }) => ({
      state: stateOf(labels.state),
      unit: labels.unit ?? 'unknown',
      sockets: value,
    })),
    ...unattributedOf(page),
    ...listenersOf(page),
    ...closeWaitOf(page),
    ...processFdsOf(page),
  };
}

function stateOf(label: string | undefined): number {
  return STATE_OF.get(label ?? '') ?? TcpState.unknown;
}

/** The label is there where a configuration names peers. */
export function remoteNameOf({ remote_name: remoteName }: PageSample['labels']): { remoteName?: string } {
  return remoteName === undefined ? {} : { remoteName };
}

function statesOf(samples: readonly PageSample[], family: string): (number | undefined)[] {
  const counts = new Array<number | undefined>(STATE_SLOTS).fill(undefined);
  for (const { labels, value } of samples) if (labels.family === family) counts[stateOf(labels.state)] = value;
  return counts;
}

function breakdown<Part extends keyof SocketCounts, Cell>(
  page: PageSamples,
  part: Part,
  metric: string,
  read: (sample: PageSample) => Cell,
): { [Key in Part]?: Breakdown<Cell> } {
  const samples = page.get(metric);
  if (samples === undefined) return {};
  return { [part]: { cells: samples.map(read), folded: foldedOf(page, metric) } } as never;
}

export function foldedOf(page: PageSamples, metric: string): number {
  return page.get('tcpstate_series_folded')?.find(({ labels }) => labels.metric === metric)?.value ?? 0;
}

function unattributedOf(page: PageSamples): Pick<SocketCounts, 'unattributed'> {
  const samples = page.get('tcpstate_unattributed_sockets');
  if (samples === undefined) return page.has('tcpstate_process_sockets') ? { unattributed: [] } : {};
  const unattributed = samples.map(({ labels, value }) => ({
    state: stateOf(labels.state),
    reason: labels.reason as ReasonLabel,
    sockets: value,
  }));
  return { unattributed };
}

function listenersOf(page: PageSamples): Pick<SocketCounts, 'listeners' | 'listenerDrops'> {
  const place = ({ labels }: PageSample) => ({
    localIp: labels.local_ip ?? '',
    localPort: Number(labels.local_port),
    process: labels.process ?? 'unknown',
  });
  const keyOf = (sample: PageSample) => JSON.stringify(place(sample));
  const limits = new Map(
    page.get('tcpstate_listener_accept_queue_limit')?.map((sample) => [keyOf(sample), sample.value]),
  );
  const lengths = page.get('tcpstate_listener_accept_queue_length');
  const drops = page.get('tcpstate_listener_dropped_connections_total');
  const folded = foldedOf(page, 'tcpstate_listener_accept_queue_length');
  return {
    ...(lengths && {
      listeners: {
        cells: lengths.map((sample) => ({
          ...place(sample),
          queueLength: sample.value,
          queueLimit: limits.get(keyOf(sample)),
        })),
        folded,
      },
    }),
    ...(drops && {
      listenerDrops: {
        cells: drops.map((sample) => ({ ...place(sample), drops: sample.value })),
        folded: foldedOf(page, 'tcpstate_listener_dropped_connections_total'),
      },
    }),
  };
}

function closeWaitOf(page: PageSamples): Pick<SocketCounts, 'closeWait'> {
  const oldest = page.get('tcpstate_close_wait_oldest_seconds');
  if (oldest === undefined) return {};
  return {
    closeWait: {
      oldest: oldest.map(({ labels, value }) => ({ process: labels.process ?? 'unknown', seconds: value })),
      stuck: (page.get('tcpstate_close_wait_stuck_sockets') ?? []).map(({ labels, value }) => ({
        process: labels.process ?? 'unknown',
        reason: labels.reason === 'unaccepted' ? 'unaccepted' : 'unclosed',
        sockets: value,
      })),
      folded: foldedOf(page, 'tcpstate_close_wait_oldest_seconds'),
    },
  };
}

function processFdsOf(page: PageSamples): Pick<SocketCounts, 'processFds'> {
  const open = page.get('tcpstate_process_open_fds');
  if (open === undefined) return {};
  const byProcess = (metric: string) =>
    new Map(page.get(metric)?.map(({ labels, value }) => [labels.process, value] as const));
  const [limits, closed] = [byProcess('tcpstate_process_max_fds'), byProcess('tcpstate_process_closed_socket_fds')];
  const cells = open.map(({ labels: { process }, value }) => {
    const closedSockets = closed.get(process);
    return {
      process: process ?? 'unknown',
      open: value,
      limit: limits.get(process),
      ...(closedSockets !== undefined && { closedSockets }),
    };
  });
  return { processFds: { cells, folded: foldedOf(page, 'tcpstate_process_open_fds') } };
}

/** What says which destination a sample is about. */
export function destinationOf(labels: PageSample['labels']) {
  return {
    family: labels.family === 'ipv6' ? ('ipv6' as const) : ('ipv4' as const),
    localIp: labels.local_ip ?? '',
    remoteIp: labels.remote_ip ?? '',
    remotePort: Number(labels.remote_port),
    ...remoteNameOf(labels),
  };
}
