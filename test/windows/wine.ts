import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { WinePrograms } from './tools.ts';

/** A program under way. Its output goes into files: Wine cannot write into the pipes of Unix. */
export interface Started {
  stdout(): string;
  stderr(): string;
  /** Sends a signal, SIGKILL after a while, and gives the exit code; null when a signal ended it. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
  /** Waits for the end. Throws, with the output, when it does not come in time. */
  end(): Promise<number | null>;
}

/** A Windows of its own: drive C, registry and services are made for this run. */
export interface Wine {
  /** Folder of drive C. */
  readonly driveC: string;
  start(program: string, ...args: string[]): Started;
  /** Runs a program to its end and gives what it printed. Throws unless the exit code is 0. */
  run(program: string, ...args: string[]): Promise<string>;
  /** Waits until Windows has gone down, as it does when its last program has ended, services left aside. */
  waitUntilDown(): void;
  close(): void;
}

/** Making the prefix takes 6 to 11 s on an idle machine. */
const LONGEST_RUN_MS = 120_000;
const STOP_MS = 5000;
/** Node.js refuses Windows 7, which a new prefix of Wine 8 poses as. */
const VERSION = 'win10';

/** `folder`: everything of this run goes there. `native`: programs whose stand-in in the system folder is to be run instead of Wine's own. */
export async function openWine(
  { wine, server }: WinePrograms,
  folder: string,
  native: readonly string[],
): Promise<Wine> {
  const prefix = join(folder, 'prefix');
  const overrides = native.length > 0 ? `${native.join(',')}=n` : '';
  // a node.exe that believes to be a child of this test run would report in its way
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const env = { ...inherited, WINEPREFIX: prefix, WINEDEBUG: '-all', WINEDLLOVERRIDES: overrides };
  const running = new Set<ChildProcess>();
  let runs = 0;
  const self: Wine = { driveC: join(prefix, 'drive_c'), start, run, waitUntilDown, close };
  try {
    await run('wineboot', '-i');
    await run('winecfg', '/v', VERSION).catch(() => run('winecfg', '/v', VERSION)); // now and then it ends with 1 on a busy machine
  } catch (error) {
    close();
    throw error;
  }
  return self;

  function start(program: string, ...args: string[]): Started {
    const files = { stdout: join(folder, `${++runs}.out`), stderr: join(folder, `${runs}.err`) };
    const descriptors = [openSync(files.stdout, 'w'), openSync(files.stderr, 'w')] as const;
    const child = spawn(wine, [program, ...args], { env, stdio: ['ignore', ...descriptors] });
    for (const descriptor of descriptors) closeSync(descriptor);
    running.add(child);
    const exit = once(child, 'exit').then(([code]) => {
      running.delete(child);
      return code as number | null;
    });
    const output = {
      stdout: () => readFileSync(files.stdout, 'utf8'),
      stderr: () => readFileSync(files.stderr, 'utf8'),
    };
    return {
      ...output,
      async stop(signal) {
        child.kill(signal);
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
        return exit.finally(() => clearTimeout(timer));
      },
      async end() {
        const late = pause(LONGEST_RUN_MS, 'late' as const, { ref: false });
        const code = await Promise.race([exit, late]);
        if (code !== 'late') return code;
        child.kill('SIGKILL');
        throw new Error(`${program} ${args.join(' ')} does not end:\n${output.stdout()}${output.stderr()}`);
      },
    };
  }

  async function run(program: string, ...args: string[]): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      const started = start(program, ...args);
      const code = await started.end();
      if (code === 0) return started.stdout();
      const output = started.stdout() + started.stderr();
      if (attempt === 1 && hasNotBegun(output)) continue;
      throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${output}`);
    }
  }

  function waitUntilDown(): void {
    spawnSync(server, ['-w'], { env, stdio: 'ignore', timeout: LONGEST_RUN_MS });
  }

  function close(): void {
    for (const child of running) child.kill('SIGKILL');
    spawnSync(server, ['-k'], { env, stdio: 'ignore' });
    spawnSync(server, ['-w'], { env, stdio: 'ignore', timeout: STOP_MS });
  }
}

/**
 * What Wine's own `start.exe` prints where a process that it made was gone before the program in it began: that happens now and then on a busy
 * machine, and says nothing about the program.
 */
function hasNotBegun(output: string): boolean {
  return /^Application could not be started, [^\n]*\n\s*ShellExecuteEx failed: Internal error\./.test(output);
}

/** How a program under Wine names a file of the host. */
export function windowsPath(path: string): string {
  return `Z:${path.replaceAll('/', '\\')}`;
}
