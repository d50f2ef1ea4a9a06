import { lookup } from 'node:dns/promises';
import type { AddressInfo, Server } from 'node:net';
import { formatListenAddress, type ListenAddress } from '../../config/listen-address.ts';
import type { PassedSocket } from '../../config/passed-sockets.ts';
import { trackConnections } from './draining.ts';
import { explainListenError, explainPassedSocketError } from './listen-error.ts';

/** A web server that listens on one or more addresses. */
export interface Listening {
  /** Its addresses, with the ports that the system chose. */
  readonly addresses: readonly string[];
  /** Accepts no new connections, finishes the current answers, and cuts off those that take longer than `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/**
 * Listens on every address or passed socket, each with a server of its own. If one fails, it listens on none and throws
 * one line for the operator.
 */
export async function listen(
  places: readonly (ListenAddress | PassedSocket)[],
  makeServer: () => Server,
): Promise<Listening> {
  const servers: Server[] = [];
  const closers: ((graceMs: number) => Promise<void>)[] = [];
  const close = async (graceMs: number) => {
    await Promise.all(closers.map((closeServer) => closeServer(graceMs)));
  };
  for (const [index, place] of places.entries()) {
    const server = makeServer();
    const closeServer = trackConnections(server);
    try {
      await ('fd' in place ? listenOn(server, { fd: place.fd }) : bind(server, place));
    } catch (error) {
      await close(0);
      const line =
        'fd' in place ? explainPassedSocketError(place, error) : explainBind(place, places.slice(0, index), error);
      throw new Error(line, { cause: error });
    }
    servers.push(server);
    closers.push(closeServer);
  }
  return { addresses: servers.map((server) => formatBound(server.address() as AddressInfo | null)), close };
}

/** The exporter itself may hold the port: with the same address, or one that includes it. */
function explainBind(place: ListenAddress, before: readonly (ListenAddress | PassedSocket)[], error: unknown): string {
  const own = before.find((each): each is ListenAddress => 'port' in each && each.port === place.port);
  return explainListenError(formatListenAddress(place), error, own && formatListenAddress(own));
}

/** Without a host: every IPv6 and IPv4 address through one socket, or IPv4 alone if the system has no IPv6. */
async function bind(server: Server, { host, port }: ListenAddress): Promise<void> {
  // A name with IPv4 and IPv6 addresses means IPv4, as in the Go exporters.
  if (host !== undefined) return listenOn(server, { host: (await lookup(host, { verbatim: false })).address, port });
  try {
    await listenOn(server, { host: '::', port });
  } catch (error) {
    if (!isWithoutIpv6(error)) throw error;
    await listenOn(server, { host: '0.0.0.0', port });
  }
}

function listenOn(server: Server, where: { host: string; port: number } | { fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** EAFNOSUPPORT: the kernel runs without IPv6. EADDRNOTAVAIL: it has no IPv6 address, not even `::`. */
function isWithoutIpv6(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL';
}

/** null: a passed Unix socket. */
function formatBound(bound: AddressInfo | null): string {
  return bound === null ? 'a Unix socket' : formatListenAddress({ host: bound.address, port: bound.port });
}
