import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The recorded procfs; read-only. */
export const RECORDED = fileURLToPath(new URL('../../../fixtures/linux/procfs', import.meta.url));

/** A folder that goes away with the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A copy of the recorded procfs in which some files have another text, or are missing (undefined). */
export function fakeProcfs(t: TestContext, changes: Readonly<Record<string, string | undefined>>): string {
  const folder = temporaryFolder(t);
  cpSync(RECORDED, folder, { recursive: true });
  for (const [name, text] of Object.entries(changes)) {
    const path = join(folder, name);
    if (text === undefined) rmSync(path, { recursive: true });
    else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
  return folder;
}
