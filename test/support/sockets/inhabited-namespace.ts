import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

/** Listens, holds some connections, and has closed others; says so, and waits. */
const INHABITANT = `
const { createServer, connect } = require('node:net');
const { once } = require('node:events');
(async () => {
  const [host, open, closed] = [process.argv[1], ...process.argv.slice(2).map(Number)];
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.on('end', () => socket.end())).listen(0, host);
  await once(server, 'listening');
  for (let count = 0; count < open + closed; count++) {
    const client = connect(server.address().port, host);
    await once(client, 'connect');
    if (count >= open) {
      client.end();
      client.resume();
      await once(client, 'close');
    }
  }
  console.log('ready');
  process.stdin.resume().on('end', () => process.exit());
})();`;

export interface Inhabited {
  readonly pid: number;
  /** The number in `net:[…]`. */
  readonly inum: number;
  /** Output of a command in the namespace. */
  run(...command: readonly string[]): string;
  end(): Promise<void>;
}

/** A network namespace with one process in it: `open` connections to itself, and `closed` ones in TIME_WAIT. */
export async function inhabitNamespace(
  t: TestContext,
  { open, closed, host = '127.0.0.1' }: { readonly open: number; readonly closed: number; readonly host?: string },
): Promise<Inhabited> {
  const script = 'ip link set lo up && exec "$@"';
  const command = [
    '-n',
    '--',
    'sh',
    '-c',
    script,
    'sh',
    process.execPath,
    '-e',
    INHABITANT,
    host,
    String(open),
    String(closed),
  ];
  const child = spawn('unshare', command, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const end = async () => {
    child.kill('SIGKILL');
    await exit;
  };
  t.after(end);
  const lines = createInterface(child.stdout);
  await Promise.race([
    once(lines, 'line'),
    exit.then(() => Promise.reject(new Error('the process in the namespace ended'))),
  ]);
  const pid = child.pid!;
  const inum = Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))![0]);
  return { pid, inum, run: (...inside) => runIn(pid, inside), end };
}

function runIn(pid: number, command: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('nsenter', [`--net=/proc/${pid}/ns/net`, '--', ...command], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command.join(' ')} in the namespace of ${pid}: ${stderr}`);
  return stdout;
}
