import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Listeners of this process with a few real connections each. */
export interface Listeners {
  close(): Promise<void>;
}

const LISTENERS = 5;
const CONNECTIONS = 4;
const ADDRESSES = ['127.0.0.1', '10.1.2.3', '::1'] as const;

/** Opens listeners on ports that the kernel chooses, and connects to them. */
export async function openListeners(): Promise<Listeners> {
  const opened = await Promise.all(
    Array.from({ length: LISTENERS }, (_, index) => openOne(ADDRESSES[index % ADDRESSES.length]!)),
  );
  return { close: async () => void (await Promise.all(opened.map(({ close }) => close()))) };
}

async function openOne(address: string): Promise<Listeners> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(quiet(socket)));
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (let connection = 0; connection < CONNECTIONS; connection++) {
    const socket = quiet(connect(port, address));
    sockets.push(socket);
    await once(socket, 'connect');
  }
  return { close: () => closeAll(server, sockets) };
}

/** The other end may be closed first. */
function quiet(socket: Socket): Socket {
  return socket.on('error', () => {});
}

async function closeAll(server: Server, sockets: readonly Socket[]): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroySoon();
  await closed;
}
