import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createProgram } from '../programs/c-program.ts';

const SOURCE = fileURLToPath(new URL('connection-maker.c', import.meta.url));

/** What a caller said of its connections. */
export interface Called {
  /** Where they went. */
  readonly remotePort: number;
  readonly ok: number;
  /** By errno. */
  readonly errors: Readonly<Record<number, number>>;
  /** Local ports of those that were established. */
  readonly ports: readonly number[];
}

/** How a caller treats its connections: connection-maker.c. */
export type How =
  | 'close'
  | 'wait'
  | 'shut'
  | 'reset'
  | 'keep'
  | 'abandon'
  | 'impatient'
  | 'fork'
  | 'pass'
  | 'exec'
  | 'threads';

/** Programs that open and close connections under a name. Needs gcc. */
export function createConnectionMaker(t: TestContext) {
  const { path } = createProgram(t, readFileSync(SOURCE, 'utf8'));
  return { serve, call, callMeanwhile, callUntilEnd, callAndDie };

  /** `cpu`: where it runs, anywhere if undefined. */
  async function serve(
    name: string,
    address: string,
    port: number,
    first: 'server' | 'client' | 'reset',
    cpu?: number,
  ): Promise<void> {
    const child = start(['serve', name, address, String(port), first], cpu);
    t.after(async () => end(child));
    const lines = createInterface(child.stdout!);
    const [line] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [line?: string];
    if (line !== 'listening') throw new Error(`${name} does not listen: ${line ?? 'it ended'}`);
  }

  function call(name: string, to: readonly [address: string, port: number], count: number, how: How): Called {
    const words = ['call', name, to[0], String(to[1]), String(count), how];
    return parse(to[1], execFileSync(path, words, { encoding: 'utf8', maxBuffer: 2 ** 26 }));
  }

  async function callMeanwhile(
    name: string,
    to: readonly [address: string, port: number],
    count: number,
    how: How,
    cpu: number,
  ): Promise<Called> {
    const child = start(['call', name, to[0], String(to[1]), String(count), how], cpu);
    return parse(to[1], await text(child.stdout!));
  }

  /** Goes on when this returns; ends with the test. Returns the pid of the caller. */
  function callUntilEnd(name: string, to: readonly [address: string, port: number], count: number, how: How): number {
    const child = start(['call', name, to[0], String(to[1]), String(count), how]);
    t.after(async () => end(child));
    return child.pid!;
  }

  /** Opens connections, and is killed with all of them open. */
  async function callAndDie(
    name: string,
    to: readonly [address: string, port: number],
    count: number,
  ): Promise<Called> {
    const child = start(['call', name, to[0], String(to[1]), String(count), 'keep']);
    const said = text(child.stdout!);
    child.stdout!.on('data', (data: Buffer) => {
      if (data.includes('end')) child.kill('SIGKILL');
    });
    await once(child, 'exit');
    return parse(to[1], await said);
  }

  function start(words: readonly string[], cpu?: number): ChildProcess {
    const [program, ...args] = cpu === undefined ? [path, ...words] : ['taskset', '-c', String(cpu), path, ...words];
    return spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function parse(remotePort: number, said: string): Called {
  const lines = said.split('\n').map((line) => line.split(' '));
  const numbersOf = (word: string) => lines.filter(([first]) => first === word).map(([, ...rest]) => rest.map(Number));
  return {
    remotePort,
    ok: numbersOf('ok')[0]![0]!,
    errors: Object.fromEntries(numbersOf('error')),
    ports: numbersOf('port').map(([port]) => port!),
  };
}
