import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient, type HttpClient } from './http-client.ts';

const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const PRELOAD = fileURLToPath(new URL('event-loop-delay.mjs', import.meta.url));
/** Each population has a namespace of its own: the port is free. */
export const PORT = 10048;
const STOP_MS = 10_000;

/** The built exporter, with everything on. */
export interface BenchExporter {
  readonly pid: number;
  readonly client: HttpClient;
  /** Times between two ticks of a 1 ms timer on the main thread while `work` is under way: how late its event loop is. */
  eventLoopDelaysDuring(work: () => Promise<void>): Promise<number[]>;
  stop(): Promise<void>;
}

/** How it is started. */
export interface StartOptions {
  /** In front of the program, and behind it. */
  readonly nodeArgs?: readonly string[];
  readonly options?: readonly string[];
  /** The program of Node.js; this process's where it is left out. */
  readonly node?: string;
  readonly port?: number;
}

/** Starts the built program in the network namespace of this thread. */
export async function startExporter({
  nodeArgs = [],
  options = [],
  node = process.execPath,
  port = PORT,
}: StartOptions = {}): Promise<BenchExporter> {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-bench-'));
  const delayFile = join(folder, 'delay.json');
  const args = [
    ...nodeArgs,
    '--import',
    PRELOAD,
    PROGRAM,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
    ...options,
  ];
  const child = spawn(node, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, BENCH_DELAY_FILE: delayFile },
  });
  const exit = once(child, 'exit');
  const client = createClient(port);
  try {
    await client.waitUntilReady('/-/ready', () => child.exitCode);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid!, client, eventLoopDelaysDuring, stop };

  async function eventLoopDelaysDuring(work: () => Promise<void>): Promise<number[]> {
    rmSync(delayFile, { force: true });
    child.kill('SIGUSR2');
    await work();
    child.kill('SIGUSR2');
    for (let attempt = 0; !existsSync(delayFile); attempt++) {
      if (attempt === 500) throw new Error('the exporter does not tell how late its event loop was');
      await delay(10);
    }
    return JSON.parse(readFileSync(delayFile, 'utf8')) as number[];
  }

  async function stop(): Promise<void> {
    client.close();
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exit;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
  }
}
