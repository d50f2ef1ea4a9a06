import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why C cannot be compiled here, undefined when it can. In CI a missing compiler is an error. */
export function missingCompiler(): string | undefined {
  if (spawnSync('gcc', ['--version'], { stdio: 'ignore' }).status === 0) return undefined;
  if (process.env.CI === 'true') throw new Error('gcc is missing: CI must install it');
  return 'skipped: needs gcc';
}

/** Compiles a C program, runs it without arguments, and returns what it printed. */
export function runC(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-c-'));
  try {
    writeFileSync(join(folder, 'main.c'), source);
    execFileSync('gcc', ['-Wall', '-o', join(folder, 'main'), join(folder, 'main.c')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return execFileSync(join(folder, 'main'), { encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
