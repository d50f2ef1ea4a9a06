import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

const MOST_MS = 30_000;

/** A shell with job control in a terminal of its own. */
export interface Terminal {
  /** Of the shell. */
  readonly pid: number;
  type(keys: string): void;
  /** What was shown since the last call, once it fits. Throws with it where that takes too long. */
  waitFor(pattern: RegExp): Promise<string>;
  /** Runs a command line and gives what it printed. */
  run(command: string): Promise<string>;
}

/** `script` (Debian: bsdutils) makes the terminal; 24 lines of 80 columns. */
export async function openTerminal(t: TestContext): Promise<Terminal> {
  const child = spawn('script', ['-qfc', 'bash --norc --noprofile -i', '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm-256color', PS1: '$ ', HISTFILE: '' },
  });
  const exit = once(child, 'exit');
  let shown = '';
  let read = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  t.after(async () => {
    child.kill('SIGKILL'); // the terminal goes with it, and SIGHUP ends what runs there
    await exit;
  });
  let commands = 0;
  await run('stty rows 24 columns 80');
  return { pid: Number(await run('echo $$')), type, waitFor, run };

  function type(keys: string): void {
    child.stdin.write(keys);
  }

  async function waitFor(pattern: RegExp): Promise<string> {
    for (const startMs = performance.now(); performance.now() - startMs < MOST_MS; await delay(20)) {
      const text = shown.slice(read);
      const match = pattern.exec(text);
      if (match === null) continue;
      read += match.index + match[0].length;
      return text.slice(0, match.index + match[0].length);
    }
    throw new Error(`${pattern} was not shown: ${JSON.stringify(shown.slice(read))}`);
  }

  /** The quotes keep the echo of the command line from being taken for the end of its output. */
  async function run(command: string): Promise<string> {
    const number = ++commands;
    type(`echo "be""gin"${number}; ${command}; echo "e""nd"${number}:$?\n`);
    await waitFor(new RegExp(`begin${number}\r\n`));
    const text = await waitFor(new RegExp(`end${number}:\\d+\r\n`));
    return text.slice(0, text.lastIndexOf(`end${number}:`)).replaceAll('\r\n', '\n');
  }
}
