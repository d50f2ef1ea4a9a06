import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Targets that read files write them for each input. */
const IN_MEMORY = '/dev/shm';

/** A new folder, in memory where that is possible. */
export function makeFolder(): string {
  return mkdtempSync(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), 'tcpstate-fuzz-'));
}
