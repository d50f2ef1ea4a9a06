import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** Opens connections one after the other until none can be had, and keeps them. */
const TAKE_ALL = `
const open = () => require('node:net').connect(PORT, '127.0.0.1').once('connect', open).on('error', () => setTimeout(open, 100));
open();`;

/** Opens a number of connections and never closes its side when the server does. */
const NEVER_CLOSE = `
for (let i = 0; i < 12; i++) require('node:net').connect({ port: PORT, host: '127.0.0.1', allowHalfOpen: true }).resume();
setInterval(() => {}, 1000);`;

export interface Client {
  readonly port: number;
  stop(): Promise<void>;
}

/** A client process named \`name\` that takes every ephemeral port towards one server. */
export async function startGreedyClient(t: TestContext, name: string): Promise<Client> {
  return startClient(t, name, TAKE_ALL, () => {});
}

/** A client process named \`name\` whose server closes every connection, while it closes none: 12 CLOSE_WAIT sockets. */
export async function startLeakingClient(t: TestContext, name: string): Promise<Client> {
  return startClient(t, name, NEVER_CLOSE, (socket) => socket.end());
}

async function startClient(
  t: TestContext,
  name: string,
  script: string,
  serve: (socket: Socket) => void,
): Promise<Client> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket
      .on('error', () => {})
      .on('close', () => sockets.delete(socket))
      .resume();
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 511 }, resolve));
  const { port } = server.address() as { port: number };
  const source = `process.title = ${JSON.stringify(name)};${script.replace('PORT', String(port))}`;
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exit = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await exit;
  };
  t.after(async () => {
    await stop();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port, stop };
}
