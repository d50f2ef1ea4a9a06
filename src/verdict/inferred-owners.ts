import type { Snapshot } from '../model/snapshot.ts';
import { TcpState } from '../model/tcp-state.ts';
import { isNamed } from './words.ts';

/** Whose TIME_WAIT sockets these probably are. */
export interface InferredShare {
  readonly process: string;
  readonly sockets: number;
  /** false: the sum of what nobody can be named for. */
  readonly isInferred: boolean;
}

/**
 * TIME_WAIT by the process that probably had it: its listener, or who has open connections to the same destination. The kernel
 * keeps no owner. The largest first, what cannot be inferred last.
 */
export function inferTimeWaitOwners({ sockets }: Snapshot): InferredShare[] {
  const cells = sockets?.connections?.cells ?? [];
  const dialled = new Map<string, Map<string, number>>();
  for (const cell of cells) {
    if (cell.state === TcpState.timeWait || cell.direction !== 'outbound' || !isNamed(cell.process)) continue;
    const there = dialled.get(placeOf(cell)) ?? new Map<string, number>();
    dialled.set(placeOf(cell), there.set(cell.process, (there.get(cell.process) ?? 0) + cell.sockets));
  }
  const listening = new Map(
    (sockets?.listeners?.cells ?? [])
      .filter(({ process }) => isNamed(process))
      .map((each) => [String(each.localPort), each.process]),
  );
  const shares = new Map<string, number>();
  for (const cell of cells.filter(({ state }) => state === TcpState.timeWait)) {
    const likely = cell.direction === 'outbound' ? mostOf(dialled.get(placeOf(cell))) : listening.get(cell.localPort);
    const owner = isNamed(cell.process) ? cell.process : likely;
    shares.set(owner ?? '', (shares.get(owner ?? '') ?? 0) + cell.sockets);
  }
  return [...shares]
    .map(([process, sum]) => ({ process: process || 'unknown', sockets: sum, isInferred: process !== '' }))
    .sort((one, other) => Number(other.isInferred) - Number(one.isInferred) || other.sockets - one.sockets);
}

function placeOf({ remoteIp, remotePort }: { readonly remoteIp: string; readonly remotePort: string }): string {
  return `${remoteIp} ${remotePort}`;
}

function mostOf(counts: ReadonlyMap<string, number> | undefined): string | undefined {
  return [...(counts ?? [])].sort(([, one], [, other]) => other - one)[0]?.[0];
}
