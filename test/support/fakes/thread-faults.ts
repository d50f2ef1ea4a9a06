import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const PRELOADED = new URL('./thread-faults.mjs', import.meta.url);

/** A small heap is full sooner. */
const HEAP_MB = 200;

/** Faults of the collector thread of a program that `launcher` starts; thread-faults.mjs tells which there are. */
export function createThreadFaults(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-thread-'));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755); // the program may be another user's
  const file = join(folder, 'fault');
  const begin = (fault: string) => writeFileSync(file, fault);
  begin('');
  return {
    launcher: [
      'env',
      `NODE_OPTIONS=--max-old-space-size=${HEAP_MB} --import=${PRELOADED.href}`,
      `THREAD_FAULT=${file}`,
    ],
    begin,
    end: () => begin(''),
  };
}
