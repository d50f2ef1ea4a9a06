import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

/** Opens COUNT connections, writes BYTES on each, reads nothing, and opens others for those that are closed: 2,500 per second at first, then 500. */
const HOLD = `
const { connect } = require('node:net');
let held = 0, opened = 0, full = false;
setInterval(() => {
  for (let i = 0; i < (full ? 10 : 50) && held < COUNT; i++) {
    held++;
    opened++;
    const socket = connect({ port: PORT, host: '127.0.0.1', localAddress: '127.0.0.1' }, () => socket.write(Buffer.from(BYTES, 'latin1')));
    socket.on('error', () => {}).on('close', () => held--);
    if (BYTES === '' || READ) socket.resume();
  }
  if (!full && opened >= COUNT) { full = true; console.log('full'); }
}, 20);`;

export interface Hold {
  readonly count: number;
  /** What is written on each connection. */
  readonly bytes: string;
  /** Whether answers are read; otherwise connections fill up. */
  readonly reads: boolean;
}

export interface Attacker {
  stop(): Promise<void>;
}

/** A process at 127.0.0.1 that holds connections. Resolves once it has opened all of them for the first time. */
export async function holdConnections(t: TestContext, port: number, { count, bytes, reads }: Hold): Promise<Attacker> {
  const source = HOLD.replaceAll('COUNT', String(count))
    .replaceAll('PORT', String(port))
    .replaceAll('BYTES', JSON.stringify(bytes))
    .replaceAll('READ', String(reads));
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await exit;
  };
  t.after(stop);
  await Promise.race([
    once(createInterface(child.stdout), 'line'),
    exit.then(() => Promise.reject(new Error('the attacker has ended by itself'))),
  ]);
  return { stop };
}
