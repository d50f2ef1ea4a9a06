import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Compiles a C program called `main` that runs until `stop` makes a file `stop` in its folder. Needs gcc. */
export function createProgram(t: TestContext, source: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-c-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'main');
  writeFileSync(`${path}.c`, source);
  execFileSync('gcc', ['-Wall', '-O1', '-o', path, `${path}.c`], { stdio: 'inherit' });
  return { folder, path, stop: () => writeFileSync(join(folder, 'stop'), '') };
}
