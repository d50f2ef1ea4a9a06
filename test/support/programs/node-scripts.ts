import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { createConfigFolder } from '../files/config-folder.ts';

/** Listens on 127.0.0.1:0, or the port behind `--listen=`; connects so often to the one behind `--connect=`; says its port, or 0, and stays. */
const SCRIPT = `
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
const value = (name) => process.argv.find((each) => each.startsWith(name))?.slice(name.length);
const to = value('--connect=');
if (to === undefined) {
  const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(Number(value('--listen=') ?? 0), '127.0.0.1');
  await once(server, 'listening');
  console.log(server.address().port);
} else {
  for (let made = 0; made < Number(value('--times=')); made++) {
    const socket = connect(Number(to), '127.0.0.1');
    await once(socket, 'connect');
    socket.end();
    await once(socket, 'close');
  }
  console.log(0);
}
setInterval(() => {}, 1000);
`;

/** Programs that are all called `node`, each in a file of its own. They end with the test. */
export function createNodeScripts(t: TestContext) {
  const { write } = createConfigFolder(t);
  const children: ChildProcess[] = [];
  t.after(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  return { start, write };

  /** Resolves with the port on which it listens, once it does, or with 0 once it has made its connections. */
  async function start(file: string, args: readonly string[], launcher: readonly string[] = []): Promise<number> {
    const [program, ...rest] = [...launcher, process.execPath, write(file, SCRIPT), ...args];
    const child = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    return Number(line);
  }
}
