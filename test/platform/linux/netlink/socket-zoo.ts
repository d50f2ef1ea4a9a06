// A program: makes loopback sockets in many states, says "ready", and keeps them until its input ends.
// Runs in a network namespace of its own, where lo is up and 10.255.0.0/16 leads nowhere.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const DEAF_LISTENER = `require('net').createServer().listen(0, '127.0.0.1', 511, function () {
  process.stdout.write(this.address().port + '\\n');
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});`;

const kept: Socket[] = [];

await makeEstablished('127.0.0.1', '127.0.0.1');
await makeEstablished('::', '127.0.0.1'); // the server's side is v4-mapped
await makeEstablished('::1', '::1');
await makeTimeWait('127.0.0.1');
await makeTimeWait('::1');
await makeCloseWait();
const deaf = await fillAcceptQueue();
kept.push(connect({ host: '10.255.0.1', port: 81 }).on('error', () => {})); // SYN_SENT
await delay(100); // the last FINs and ACKs
process.stdout.write('ready\n');
process.stdin.resume();
await once(process.stdin, 'end');
deaf.kill('SIGKILL');
process.exit(0);

async function makeEstablished(listenOn: string, host: string): Promise<void> {
  const server = await listen(listenOn, () => {});
  await connectTo(server, host);
}

async function makeTimeWait(host: string): Promise<void> {
  const server = await listen(host, (socket) => socket.end());
  const client = await connectTo(server, host);
  client.end();
  await once(client, 'close');
}

/** CLOSE_WAIT at the server, FIN_WAIT2 at the client. */
async function makeCloseWait(): Promise<void> {
  const server = await listen('127.0.0.1', (socket) => kept.push(socket.resume()));
  const client = await connectTo(server, '127.0.0.1');
  client.end();
}

/** Three connections at a listener that never accepts. */
async function fillAcceptQueue() {
  const listener = spawn(process.execPath, ['-e', DEAF_LISTENER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(listener.stdout, 'data')) as [Buffer];
  for (let count = 0; count < 3; count++) {
    const client = connect(Number(line), '127.0.0.1');
    await once(client, 'connect');
    kept.push(client);
  }
  return listener;
}

async function listen(host: string, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    kept.push(socket);
    onConnection(socket);
  });
  server.listen(0, host);
  await once(server, 'listening');
  return server;
}

async function connectTo(server: Server, host: string): Promise<Socket> {
  const client = connect({ host, port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  kept.push(client.resume());
  await once(client, 'connect');
  return client;
}
