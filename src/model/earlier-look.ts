import type { NetnsCounts } from './netns.ts';
import type { Snapshot } from './snapshot.ts';
import { TcpState } from './tcp-state.ts';

/** What of a snapshot a later verdict can need as its earlier look: a small part, fit to be kept. */
export function toEarlierLook({ sockets, counters, conntrack, netns, connectionEvents }: Snapshot): Snapshot {
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
    ...(connectionEvents !== undefined && { connectionEvents: { ...connectionEvents, inbound: [] } }),
    ...(netns?.sockets !== undefined && { netns: onlyQueues(netns) }),
    outcomes: [],
  };
}

/** The fullest accept queue of each pod. */
function onlyQueues(netns: NetnsCounts): NetnsCounts {
  const none = { cells: [], folded: 0 };
  const cells = netns.sockets!.cells.map(({ netns: name, namespace, pod, fullestQueue }) => ({
    ...{ netns: name, namespace, pod, states: [] },
    ...(fullestQueue && { fullestQueue }),
  }));
  const sockets = { foldedStates: 0, connections: none, destinations: none, listeners: none };
  return {
    ...netns,
    cells: [],
    withoutProcess: [],
    sockets: { ...sockets, cells, closeWait: none, socketRanges: none },
  };
}
