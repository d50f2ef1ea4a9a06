import type { CollectorName } from '../model/collectors.ts';
import type { NetnsCounts } from '../model/netns.ts';
import { countEphemeralPorts } from '../model/port-range.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { ReasonLabel, SocketCounts } from '../model/socket-counts.ts';
import { TcpState } from '../model/tcp-state.ts';

/** What a collector found, one line each; undefined or empty = nothing, its series are absent. */
export const FINDINGS: Readonly<Record<CollectorName, (snapshot: Snapshot) => readonly string[] | undefined>> = {
  ephemeral_ports: describeEphemeral,
  counters: ({ counters }) => counters && [`${Object.keys(counters).length} counters`],
  memory: ({ memory }) => memory && listFields(memory),
  conntrack: ({ conntrack }) => conntrack && [`${conntrack.entries} of ${conntrack.limit} entries`],
  settings: ({ settings }) => settings && listFields(settings),
  namespace: ({ namespace }) =>
    namespace && [
      ...describeNamespace('network namespace', namespace.isHostNetwork),
      ...describeNamespace('pid namespace', namespace.isHostPid),
    ],
  port_exhaustion_events: ({ portExhaustionEvents: events }) =>
    events && [
      `since this check began: ${Object.entries(events)
        .map(([id, count]) => `event ${id} ${count}`)
        .join(', ')}`,
    ],
  sockets: ({ sockets }) => sockets?.states && describeSockets(sockets),
  processes: ({ sockets }) => sockets?.processes && describeOwners(sockets),
  units: ({ sockets }) => {
    if (sockets?.units === undefined) return undefined;
    const named = sockets.units.cells.filter(({ unit }) => unit !== 'unknown');
    const units = largest(named.map(({ unit, sockets: count }) => [unit, count]));
    return [shareOf(sumOf(named), sumOf(sockets.units.cells), 'sockets have a unit'), ...units];
  },
  close_wait: ({ sockets }) => sockets?.closeWait && describeCloseWait(sockets),
  netns: ({ netns }) => netns && describeNetns(netns),
  connection_events: ({ connectionEvents: events }) =>
    events && [
      `since the exporter attached its programs: connections to ${events.outbound.length} destinations, at ${events.inbound.length} ports`,
    ],
};

function describeNetns({ cells, folded, failed, withoutProcessCount }: NetnsCounts): readonly string[] {
  return [
    `${cells.length + folded} other network namespaces, ${cells.filter(({ pod }) => pod !== '').length} of pods`,
    ...(failed === 0 ? [] : [`${failed} could not be read`]),
    ...(withoutProcessCount === 0 ? [] : [`${withoutProcessCount} named in /run/netns, and without a process`]),
  ];
}

function describeNamespace(what: string, isHost: boolean | undefined): readonly string[] {
  return isHost === undefined ? [] : [isHost ? `the host's ${what}` : `NOT the host's ${what}`];
}

function describeEphemeral({ ephemeral, sockets }: Snapshot): readonly string[] | undefined {
  if (ephemeral === undefined) return undefined;
  return (['ipv4', 'ipv6'] as const).map((family) => {
    const range = ephemeral.ranges[family];
    if (range === undefined) return `${family}: no range known`;
    const excluded = range.excluded.map(({ first, last }) => (first === last ? first : `${first}-${last}`));
    const use = sockets?.ephemeral?.families.find((candidate) => candidate.family === family);
    return [
      `${family}: ${range.first}-${range.last}`,
      `${countEphemeralPorts(range)} ports`,
      excluded.length === 0 ? 'none excluded' : `excluded ${listSome(excluded)}`,
      ...(use === undefined ? [] : [`${use.used} used`, `${use.blocked} blocked`]),
      ...(use?.utilization === undefined ? [] : [`utilization ${percent(use.utilization)}`]),
    ].join(', ');
  });
}

function describeSockets({ states, listeners }: SocketCounts): readonly string[] {
  const bound = states!.ipv4[TcpState.bound] ?? states!.ipv6[TcpState.bound];
  const limited = listeners?.cells.filter(({ queueLimit }) => queueLimit !== undefined).length ?? 0;
  const queues = listeners?.cells.length ?? 0;
  return [
    `${sumOf([...states!.ipv4, ...states!.ipv6].map((sockets) => ({ sockets: sockets ?? 0 })))} sockets, by state below`,
    bound === undefined ? 'bound sockets are not seen: the state bound is absent' : 'bound sockets are seen',
    queues === 0 ? 'accept queues are not known' : `accept queues: ${queues}, with their limit: ${limited}`,
  ];
}

function describeOwners({ processes, unattributed, processFds }: SocketCounts): readonly string[] {
  const named = processes!.cells.filter(({ process }) => process !== 'unknown');
  const reasons = new Map<ReasonLabel, number>();
  for (const { reason, sockets } of unattributed ?? []) reasons.set(reason, (reasons.get(reason) ?? 0) + sockets);
  const unknown = [...reasons].filter(([, sockets]) => sockets > 0).map(([reason, sockets]) => `${reason} ${sockets}`);
  return [
    shareOf(sumOf(named), sumOf(processes!.cells), 'sockets have their process'),
    ...(unknown.length === 0 ? [] : [`without one, by reason: ${unknown.join(', ')}`]),
    `process names whose open descriptors or handles are known: ${processFds?.cells.length ?? 0}`,
    ...largest((processFds?.cells ?? []).map(({ process, open }) => [process, open])),
  ];
}

function describeCloseWait({ closeWait }: SocketCounts): readonly string[] {
  const oldest = closeWait!.oldest.reduce((longest, { seconds }) => Math.max(longest, seconds), 0);
  if (closeWait!.oldest.length === 0) return ['no socket is in CLOSE_WAIT'];
  return [`the oldest socket in CLOSE_WAIT has waited for at least ${oldest.toFixed(1)} s`];
}

const FIELDS_PER_LINE = 4;

/** `{ tcpTwReuse: 2 }` → `tcp_tw_reuse 2`, a few on each line: the names are those of the metrics. */
function listFields(fields: object): readonly string[] {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  const texts = known.map(
    ([name, value]) => `${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)} ${value}`,
  );
  const starts = texts.flatMap((_, index) => (index % FIELDS_PER_LINE === 0 ? [index] : []));
  return starts.map((start) => texts.slice(start, start + FIELDS_PER_LINE).join(', '));
}

const MOST_LISTED = 8;

function listSome(items: readonly (string | number)[]): string {
  const more = items.length - MOST_LISTED;
  return `${items.slice(0, MOST_LISTED).join(' ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const MOST_LARGEST = 3;

/** The names with the largest sums, to compare by hand with what other programs show. */
function largest(numbers: readonly (readonly [name: string, number: number])[]): readonly string[] {
  const sums = new Map<string, number>();
  for (const [name, number] of numbers) sums.set(name, (sums.get(name) ?? 0) + number);
  const ranked = [...sums].sort((a, b) => b[1] - a[1]).slice(0, MOST_LARGEST);
  return ranked.length === 0 ? [] : [`the largest: ${ranked.map(([name, sum]) => `${name} ${sum}`).join(', ')}`];
}

function shareOf(part: number, whole: number, what: string): string {
  return `${part} of ${whole} ${what}${whole === 0 ? '' : ` (${percent(part / whole)})`}`;
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}

function sumOf(cells: readonly { readonly sockets: number }[]): number {
  return cells.reduce((sum, { sockets }) => sum + sockets, 0);
}
