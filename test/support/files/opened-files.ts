import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const WATCHED = 'open,openat,openat2,creat,execve,execveat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat';

export function skipWithoutStrace(): string | false {
  if (spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0 && process.getuid?.() === 0) return false;
  const reason = 'skipped: needs strace and root';
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}

/** Watches which files the threads of a process open, make or run, from now on. */
export async function watchFiles(t: TestContext, pid: number) {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-strace-'));
  const file = join(folder, 'calls');
  const tracer = spawn('strace', ['-f', '-s', '4096', '-e', `trace=${WATCHED}`, '-o', file, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exit = once(tracer, 'exit');
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await once(tracer.stderr, 'data'); // "Process … attached"
  return {
    /** Ends the watch: `<call> <path>` of all calls. */
    async stop(): Promise<string[]> {
      tracer.kill('SIGINT');
      await exit;
      const calls = readFileSync(file, 'utf8').matchAll(/^\d+ +(\w+)\((?:[^"\n]*?)"([^"\n]*)"/gm);
      return [...new Set([...calls].map(([, call, path]) => `${call} ${path}`))].sort();
    },
  };
}
