import type { Snapshot } from '../model/snapshot.ts';
import { TcpState } from '../model/tcp-state.ts';
import { onlyOutbound } from './event-cells.ts';

/** What of a snapshot a later verdict can need as its earlier look: a small part, fit to be kept. */
export function toEarlierLook({ sockets, counters, conntrack, connectionEvents }: Snapshot): Snapshot {
  const { connections, listeners, listenerDrops, ephemeral, closeWait, processFds } = sockets ?? {};
  const waiting = connections && {
    folded: connections.folded,
    cells: connections.cells.filter(({ state }) => state === TcpState.synSent),
  };
  return {
    ...(sockets !== undefined && {
      sockets: {
        ...(waiting !== undefined && { connections: waiting }),
        ...(listeners !== undefined && { listeners }),
        ...(listenerDrops !== undefined && { listenerDrops }),
        ...(ephemeral !== undefined && { ephemeral }),
        ...(closeWait !== undefined && { closeWait }),
        ...(processFds !== undefined && { processFds }),
      },
    }),
    ...(counters !== undefined && { counters }),
    ...(conntrack !== undefined && { conntrack }),
    ...(connectionEvents !== undefined && { connectionEvents: onlyOutbound(connectionEvents) }),
    outcomes: [],
  };
}
