import type { Snapshot } from '../model/snapshot.ts';
import type { ConnectionCell, DestinationCell, FamilyLabel } from '../model/socket-counts.ts';
import { TcpState } from '../model/tcp-state.ts';
import type { Owner } from './finding.ts';
import { isNamed } from './words.ts';

/** Ports of the range that the next connect() to a destination cannot have. */
export function takenTowards({ portsUsed, portsOutside, portsReusable }: DestinationCell): number {
  return Math.max(0, portsUsed - portsOutside - portsReusable);
}

/** The destination with most ports taken in a family. */
export function busiestOf({ sockets }: Snapshot, family: FamilyLabel): DestinationCell | undefined {
  const cells = sockets?.ephemeral?.destinations.cells.filter((cell) => cell.family === family) ?? [];
  return cells.toSorted((one, other) => takenTowards(other) - takenTowards(one))[0];
}

/** The same destination in another snapshot. */
export function sameDestination({ sockets }: Snapshot, sought: DestinationCell): DestinationCell | undefined {
  return sockets?.ephemeral?.destinations.cells.find(
    ({ localIp, remoteIp, remotePort }) =>
      localIp === sought.localIp && remoteIp === sought.remoteIp && remotePort === sought.remotePort,
  );
}

/**
 * The process with most open connections to a destination. Where most of its ports wait in TIME_WAIT, which has no owner,
 * this is an inference. undefined: nobody has open ones there, or their owner is not known.
 */
export function ownerOf(
  snapshot: Snapshot,
  { remoteIp, remotePort, portsUsed, portsTimeWait }: DestinationCell,
): Owner | undefined {
  const isThere = (cell: ConnectionCell) =>
    cell.direction === 'outbound' && cell.remoteIp === remoteIp && cell.remotePort === String(remotePort);
  const open = new Map<string, number>();
  for (const cell of snapshot.sockets?.connections?.cells ?? []) {
    if (cell.state === TcpState.timeWait || !isNamed(cell.process) || !isThere(cell)) continue;
    open.set(cell.process, (open.get(cell.process) ?? 0) + cell.sockets);
  }
  const [first] = [...open].sort(([, one], [, other]) => other - one);
  if (first === undefined) return undefined;
  return { process: first[0], openConnections: first[1], isInferred: portsTimeWait * 2 > portsUsed };
}

/** The process that holds most ports of the range. */
export function processWithMostPorts({ sockets }: Snapshot): { process: string; ports: number } | undefined {
  return sockets?.ephemeral?.processes?.cells
    .filter(({ process }) => isNamed(process))
    .toSorted((one, other) => other.ports - one.ports)[0];
}
