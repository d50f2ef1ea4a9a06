import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { type ParsedFamily, parseExposition } from '../support/pages/exposition-parser.ts';

const START_MS = 20_000;

export interface InstalledExporter {
  readonly pid: number;
  /** The page over a connection that is closed afterwards. */
  scrape(): Promise<ReadonlyMap<string, ParsedFamily>>;
  /** SIGTERM; gives the exit code. */
  stop(): Promise<number | null>;
}

/** Starts an installed exporter, by its command and from another folder, and ends it after the test at the latest. */
export async function startInstalled(
  t: TestContext,
  command: readonly string[],
  cwd: string,
  startMs = START_MS,
): Promise<InstalledExporter> {
  const [program, ...args] = [...command, '--web.listen-address=127.0.0.1:0'];
  const child = spawn(program!, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const port = await new Promise<string>((resolve, reject) => {
    const log: string[] = [];
    const timer = setTimeout(() => reject(new Error(`not listening after ${startMs} ms: ${log.join('\n')}`)), startMs);
    createInterface(child.stderr).on('line', (line) => {
      log.push(line);
      const found = /msg=listening address=127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('error', reject);
    void ended.then(([code]) => reject(new Error(`exited with ${code}: ${log.join('\n')}`)));
    void ended.finally(() => clearTimeout(timer));
  });
  return {
    pid: child.pid!,
    async scrape() {
      const { body } = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } });
      return parseExposition(await text(body!));
    },
    async stop() {
      child.kill('SIGTERM');
      return (await ended)[0];
    },
  };
}
