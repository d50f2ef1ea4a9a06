import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('./socket-puppet.c', import.meta.url));

/** A process that does with sockets what it is told; socket-puppet.c lists the commands. */
export interface SocketPuppet {
  readonly pid: number;
  /** Sends one command and resolves with the number it answers: a descriptor, a pid, a count. Rejects when it fails. */
  tell(command: string): Promise<number>;
  /** Ends it. What it has split off or started goes on. */
  end(): Promise<void>;
}

/** Compiles the puppet once per test file and ends whatever it started when the test is over. */
export function createSocketPuppets(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-puppet-'));
  chmodSync(folder, 0o755); // other users run it too
  const program = join(folder, 'puppet');
  execFileSync('gcc', ['-Wall', '-O1', '-pthread', '-o', program, SOURCE], { stdio: ['ignore', 'ignore', 'inherit'] });
  const puppets: SocketPuppet[] = [];
  const leftBehind = new Set<number>();
  t.after(async () => {
    await Promise.all(puppets.map((puppet) => puppet.end()));
    for (const pid of leftBehind) killIfThere(pid);
    rmSync(folder, { recursive: true });
  });

  return { start, programNamed };

  /** `launcher` is a command line that is put in front, such as `setpriv …`. */
  async function start(name: string, launcher: readonly string[] = []): Promise<SocketPuppet> {
    const [command, ...args] = [...launcher, program, name];
    const child = spawn(command!, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
    const answer = async (question: string) => {
      const { value, done } = (await answers.next()) as { value: string; done?: boolean };
      if (done || value.startsWith('error')) throw new Error(`${name}, told to ${question}: ${done ? 'ended' : value}`);
      return value;
    };
    const puppet: SocketPuppet = {
      pid: child.pid!,
      async tell(line) {
        child.stdin.write(`${line}\n`);
        const number = Number(await answer(line));
        if (/^(split|start) /.test(line)) leftBehind.add(number);
        if (line.startsWith('kill ')) leftBehind.delete(Number(line.slice('kill '.length)));
        return number;
      },
      end: () => endChild(child),
    };
    puppets.push(puppet);
    await answer('start');
    return puppet;
  }

  /** A copy of a program that sleeps, under another name. */
  function programNamed(name: string): string {
    const path = join(folder, name);
    copyFileSync('/bin/sleep', path);
    return path;
  }
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
