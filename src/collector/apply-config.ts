import type { ConfigInUse } from '../model/file-config.ts';
import { createRemoteNames } from '../model/remote-names.ts';
import type { Facts } from '../model/snapshot.ts';
import type { Breakdown, SocketCounts } from '../model/socket-counts.ts';
import type { CollectedPart } from './protocol.ts';

interface Peer {
  readonly remoteIp: string;
  readonly remotePort: string | number;
}

/** What a configuration file adds to the counts: looked up for each cell that reaches the page, not for each socket. */
export function createConfigured(config: ConfigInUse): (part: CollectedPart) => CollectedPart {
  const { destinations, thresholds, isCurrent } = config;
  const nameOf = destinations.length === 0 ? undefined : createRemoteNames(destinations);

  return (part) => ({
    ...part,
    facts: { ...(nameOf ? nameFacts(part.facts, nameOf) : part.facts), config: { isCurrent, thresholds } },
    ...(part.sockets && nameOf && { sockets: nameSockets(part.sockets, nameOf) }),
  });
}

type NameOf = ReturnType<typeof createRemoteNames>;

function nameSockets(sockets: SocketCounts, nameOf: NameOf): SocketCounts {
  const { connections, ephemeral } = sockets;
  return {
    ...sockets,
    ...(connections && { connections: nameCells(connections, nameOf) }),
    ...(ephemeral && { ephemeral: { ...ephemeral, destinations: nameCells(ephemeral.destinations, nameOf) } }),
  };
}

function nameFacts(facts: Facts | undefined, nameOf: NameOf): Facts | undefined {
  const { connectionEvents: events, netns } = facts ?? {};
  const others = netns?.sockets;
  return {
    ...facts,
    ...(events && { connectionEvents: { ...events, outbound: namePeers(events.outbound, nameOf) } }),
    ...(others && {
      netns: {
        ...netns!,
        sockets: {
          ...others,
          connections: nameCells(others.connections, nameOf),
          destinations: nameCells(others.destinations, nameOf),
        },
      },
    }),
  };
}

function nameCells<Cell extends Peer>({ cells, ...rest }: Breakdown<Cell>, nameOf: NameOf): Breakdown<Cell> {
  return { ...rest, cells: namePeers(cells, nameOf) };
}

function namePeers<Cell extends Peer>(cells: readonly Cell[], nameOf: NameOf): Cell[] {
  return cells.map((cell) => ({ ...cell, remoteName: nameOf(cell.remoteIp, cell.remotePort) }));
}
