// Runs on Windows' node.exe: leaves TIME_WAIT behind whenever somebody connects to the control port, and closes that connection when it has
// done so: on ports where this process listens, more with each port and from a peer of its own; and towards one service, with which
// it keeps a connection. Stays until it is killed.
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { CONTROL, FIRST_PORT, PEERS, SERVICE, STEP, TO_SERVICE } from '../time-wait-crowd.ts';

for (let index = 1; index <= PEERS; index++) {
  // who closes first keeps the TIME_WAIT
  await listen(
    createServer((socket) => socket.on('error', () => {}).end()),
    FIRST_PORT + index,
    '127.0.0.1',
  );
}
await listen(
  createServer((socket) => socket.on('error', () => {}).resume()),
  SERVICE.port,
  SERVICE.host,
);
await once(connect(SERVICE), 'connect');
const control = createServer(async (socket) => {
  socket.on('error', () => {});
  await leaveTimeWait();
  socket.end();
});
await listen(control, CONTROL.port, CONTROL.host);
process.stdout.write('listening\n');

async function leaveTimeWait(): Promise<void> {
  for (let index = 1; index <= PEERS; index++) {
    for (let made = 0; made < index * STEP; made++) {
      const client = connect({ host: '127.0.0.1', port: FIRST_PORT + index, localAddress: `127.0.1.${index}` });
      await once(client.resume(), 'close');
    }
  }
  for (let made = 0; made < TO_SERVICE; made++) {
    const client = connect(SERVICE);
    await once(client, 'connect');
    await once(client.resume().end(), 'close');
  }
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening');
}
