// Runs on Windows' node.exe: makes one socket of each state that can be held, and tells where they are.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Local ports of the sockets made: the listener's, and that of each client by the state its socket is in. */
export interface SocketZoo {
  readonly listener: number;
  readonly established: number;
  /** Its peer, on the listener's port, is in CLOSE_WAIT. */
  readonly finWait2: number;
  readonly timeWait: number;
  /** The same over IPv6: a listener and a client that is connected to it. */
  readonly listenerV6: number;
  readonly establishedV6: number;
}

/** The sockets stay as long as this process. */
export async function openSocketZoo(): Promise<SocketZoo> {
  const accepted: Socket[] = [];
  const listener = await listenOn('127.0.0.1', accepted);
  const established = await connectTo(listener);
  const halfClosed = await connectTo(listener);
  const finWait2 = halfClosed.localPort!;
  await finish(halfClosed);
  const closed = await connectTo(listener);
  const timeWait = closed.localPort!;
  await finish(closed);
  for (const socket of accepted) if (socket.remotePort === timeWait) socket.end();
  await once(closed.resume(), 'end');
  const listenerV6 = await listenOn('::1', accepted);
  const establishedV6 = await connectTo(listenerV6);
  return {
    listener: portOf(listener),
    established: established.localPort!,
    finWait2,
    timeWait,
    listenerV6: portOf(listenerV6),
    establishedV6: establishedV6.localPort!,
  };
}

async function listenOn(host: string, accepted: Socket[]): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket.on('error', () => {})));
  server.listen(0, host);
  await once(server, 'listening');
  return server;
}

async function connectTo(server: Server): Promise<Socket> {
  const { address, port } = server.address() as AddressInfo;
  const client = connect({ port, host: address, allowHalfOpen: true });
  await Promise.all([once(client, 'connect'), once(server, 'connection')]);
  return client;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Sends the FIN; the socket stays open for reading, so that it gets to FIN_WAIT2 and stays there. */
async function finish(client: Socket): Promise<void> {
  client.end();
  await once(client, 'finish');
}
