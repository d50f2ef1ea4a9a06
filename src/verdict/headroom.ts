import type { Snapshot } from '../model/snapshot.ts';
import { TcpState } from '../model/tcp-state.ts';
import { busiestOf } from './busiest.ts';
import { socketsIn } from './evidence.ts';
import { bytes, count, destination, endpoint } from './words.ts';

/** How near the host is to one of its limits. */
export interface Headroom {
  readonly name: 'ports' | 'queue' | 'fds' | 'time_wait' | 'conntrack' | 'orphans' | 'memory' | 'files';
  readonly used: number;
  readonly limit: number;
  /** 0 to 1, and above where a limit was lowered. */
  readonly ratio: number;
  /** Of what: the busiest destination, the fullest listener, the process; absent for a limit of the host. */
  readonly of?: string;
  /** `28,232 of 28,232`. */
  readonly text: string;
}

/** What a limit is called in front of a person. */
export const LIMIT_WORDS: Readonly<Record<Headroom['name'], string>> = {
  ports: 'ports',
  queue: 'accept queue',
  fds: 'descriptors',
  time_wait: 'TIME_WAIT',
  conntrack: 'conntrack',
  orphans: 'orphans',
  memory: 'TCP memory',
  files: 'open files',
};

/** Every limit that is known here, each at its worst place. */
export function measureHeadroom(snapshot: Snapshot): Headroom[] {
  const { settings, memory, conntrack } = snapshot;
  return [
    worstPorts(snapshot),
    fullestQueue(snapshot),
    nearestProcess(snapshot),
    entry('time_wait', socketsIn(snapshot, TcpState.timeWait), settings?.tcpMaxTwBuckets),
    entry('conntrack', conntrack?.entries, conntrack?.limit),
    entry('orphans', memory?.orphans, memory?.orphanLimit),
    entry('memory', memory?.bytes, memory?.limitBytes, undefined, bytes),
    entry('files', settings?.fileNrOpen, settings?.fileMax),
  ].filter((each) => each !== undefined);
}

function entry(
  name: Headroom['name'],
  used: number | undefined,
  limit: number | undefined,
  of?: string,
  write: (value: number) => string = count,
): Headroom | undefined {
  if (used === undefined || limit === undefined || limit <= 0) return undefined;
  const text = `${write(used)} of ${write(limit)}`;
  return { name, used, limit, ratio: used / limit, text, ...(of !== undefined && { of }) };
}

/** The utilization of the worse family, in ports. */
function worstPorts(snapshot: Snapshot): Headroom | undefined {
  const [worst] = (snapshot.sockets?.ephemeral?.families ?? [])
    .filter(({ ports, utilization }) => ports > 0 && utilization !== undefined)
    .toSorted((one, other) => other.utilization! - one.utilization!);
  if (worst === undefined) return undefined;
  const busiest = busiestOf(snapshot, worst.family);
  const place = busiest && destination(busiest);
  return entry('ports', Math.round(worst.utilization! * worst.ports), worst.ports, place);
}

function fullestQueue({ sockets }: Snapshot): Headroom | undefined {
  const [fullest] = (sockets?.listeners?.cells ?? [])
    .filter(({ queueLimit = 0 }) => queueLimit > 0)
    .toSorted((one, other) => other.queueLength / other.queueLimit! - one.queueLength / one.queueLimit!);
  return (
    fullest && entry('queue', fullest.queueLength, fullest.queueLimit, endpoint(fullest.localIp, fullest.localPort))
  );
}

function nearestProcess({ sockets }: Snapshot): Headroom | undefined {
  const [nearest] = (sockets?.processFds?.cells ?? [])
    .filter(({ limit = 0 }) => limit > 0)
    .toSorted((one, other) => other.open / other.limit! - one.open / one.limit!);
  return nearest && entry('fds', nearest.open, nearest.limit, nearest.process);
}
