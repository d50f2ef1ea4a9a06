import type { Snapshot } from '../model/snapshot.ts';
import type { CloseWaitAges, ListenerCell } from '../model/socket-counts.ts';
import { TcpState } from '../model/tcp-state.ts';
import { ownerOf, takenTowards } from './busiest.ts';
import type { Owner } from './finding.ts';
import { destination, endpoint } from './words.ts';

/** A destination, and the local ports that connections to it have. */
export interface DestinationRow {
  readonly place: string;
  readonly localIp: string;
  readonly taken: number;
  /** Of the range, 0 to 1; absent where the range is not known. */
  readonly ratio?: number;
  readonly timeWait: number;
  readonly owner?: Owner;
}

/** The busiest destination first; those that take no port of the range are left out. */
export function destinationRows(snapshot: Snapshot): DestinationRow[] {
  const { families, destinations } = snapshot.sockets?.ephemeral ?? {};
  return (destinations?.cells ?? [])
    .toSorted((one, other) => takenTowards(other) - takenTowards(one))
    .filter((cell) => takenTowards(cell) > 0)
    .map((cell) => {
      const ports = families?.find(({ family }) => family === cell.family)?.ports ?? 0;
      const owner = ownerOf(snapshot, cell);
      const taken = takenTowards(cell);
      return {
        place: destination(cell),
        localIp: cell.localIp,
        taken,
        ...(ports > 0 && { ratio: taken / ports }),
        timeWait: cell.portsTimeWait,
        ...(owner !== undefined && { owner }),
      };
    });
}

/** A process with sockets in CLOSE_WAIT. */
export interface CloseWaitRow {
  readonly process: string;
  /** Absent where nobody looked for processes. */
  readonly sockets?: number;
  readonly oldestSeconds: number;
  /** Those past `--close-wait.stuck-after`. */
  readonly stuck: CloseWaitAges['stuck'];
}

export function closeWaitRows({ sockets }: Snapshot): CloseWaitRow[] {
  const { closeWait, processes } = sockets ?? {};
  return (closeWait?.oldest ?? []).map(({ process, seconds }) => {
    const cell = processes?.cells.find((each) => each.process === process && each.state === TcpState.closeWait);
    return {
      process,
      ...(cell !== undefined && { sockets: cell.sockets }),
      oldestSeconds: seconds,
      stuck: (closeWait?.stuck ?? []).filter((each) => each.process === process && each.sockets > 0),
    };
  });
}

/** A listener, its accept queue and what it has dropped. */
export interface QueueRow extends ListenerCell {
  readonly place: string;
  /** Since it listens; absent where listeners do not tell. */
  readonly drops?: number;
  /** Since the earlier look. */
  readonly newDrops?: number;
}

/** The fullest queue first. */
export function queueRows({ sockets }: Snapshot, before: Snapshot | undefined): QueueRow[] {
  const fill = ({ queueLength, queueLimit }: ListenerCell) => queueLength / (queueLimit || Infinity);
  const dropsAt = (
    cells: NonNullable<Snapshot['sockets']>['listenerDrops'],
    { localIp, localPort, process }: ListenerCell,
  ) =>
    cells?.cells.find((each) => each.localIp === localIp && each.localPort === localPort && each.process === process)
      ?.drops;
  return (sockets?.listeners?.cells ?? [])
    .toSorted((one, other) => fill(other) - fill(one))
    .map((cell) => {
      const drops = dropsAt(sockets?.listenerDrops, cell);
      const earlier = dropsAt(before?.sockets?.listenerDrops, cell);
      return {
        ...cell,
        place: endpoint(cell.localIp, cell.localPort),
        ...(drops !== undefined && { drops }),
        ...(drops !== undefined && earlier !== undefined && drops >= earlier && { newDrops: drops - earlier }),
      };
    });
}
