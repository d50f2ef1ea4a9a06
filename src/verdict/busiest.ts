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
 * The process with most connections to a destination: those in TIME_WAIT count where their owner was seen. Where most of its ports wait in
 * TIME_WAIT and nobody saw who left them there, this is an inference. undefined: no owner is known.
 */
export function ownerOf(
  snapshot: Snapshot,
  { remoteIp, remotePort, portsUsed, portsTimeWait }: DestinationCell,
): Owner | undefined {
  const isThere = (cell: Pick<ConnectionCell, 'direction' | 'remoteIp' | 'remotePort'>) =>
    cell.direction === 'outbound' && cell.remoteIp === remoteIp && cell.remotePort === String(remotePort);
  const held = new Map<string, { all: number; open: number }>();
  let seen = 0;
  for (const { state, process, sockets, ...cell } of snapshot.sockets?.connections?.cells ?? []) {
    if (!isNamed(process) || !isThere(cell)) continue;
    const { all, open } = held.get(process) ?? { all: 0, open: 0 };
    const isOpen = state !== TcpState.timeWait;
    held.set(process, { all: all + sockets, open: open + (isOpen ? sockets : 0) });
    if (!isOpen) seen += sockets;
  }
  const [first] = [...held].sort(([, one], [, other]) => other.all - one.all);
  if (first === undefined) return undefined;
  const isInferred = portsTimeWait * 2 > portsUsed && seen * 2 < portsTimeWait;
  return { process: first[0], openConnections: first[1].open, isInferred };
}

/** The process that listens on most ports of the range, among those listeners that have a name. `ports`: at least so many. */
export function processWithMostListeners({ sockets }: Snapshot): { process: string; ports: number } | undefined {
  const ports = new Map<string, number>();
  for (const { process } of sockets?.ephemeral?.listeners ?? [])
    if (isNamed(process)) ports.set(process, (ports.get(process) ?? 0) + 1);
  const [first] = [...ports].sort(([, one], [, other]) => other - one);
  return first && { process: first[0], ports: first[1] };
}

/** The process that holds most ports of the range without listening on them. */
export function processWithMostPorts({ sockets }: Snapshot): { process: string; ports: number } | undefined {
  return sockets?.ephemeral?.processes?.cells
    .filter(({ process }) => isNamed(process))
    .toSorted((one, other) => other.ports - one.ports)[0];
}
