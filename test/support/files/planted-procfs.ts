import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { createLinkedProcfs } from './linked-procfs.ts';

/**
 * A folder for `--path.procfs` that shows the real files and, of processes, those it is told to, until a test plants
 * something else in the place of any of them.
 */
export function createPlantedProcfs(t: TestContext, pids: readonly number[] = []) {
  const { folder } = createLinkedProcfs(t);
  for (const pid of pids) symlinkSync(`/proc/${pid}`, join(folder, String(pid)));

  return { folder, plant, remove, mend };

  /** Another text, or a link to another file. */
  function plant(name: string, content: string | { readonly linkTo: string }): void {
    remove(name);
    if (typeof content === 'string') writeFileSync(join(folder, name), content);
    else symlinkSync(content.linkTo, join(folder, name));
  }

  function remove(name: string): void {
    openUp(dirname(name));
    rmSync(join(folder, name), { recursive: true, force: true });
  }

  /** The real file again. */
  function mend(name: string): void {
    plant(name, { linkTo: `/proc/${name}` });
  }

  /** Folders that are links to real ones become folders of links. */
  function openUp(name: string): void {
    if (name === '.') return;
    openUp(dirname(name));
    const path = join(folder, name);
    if (existsSync(path) && !lstatSync(path).isSymbolicLink()) return;
    const entries = existsSync(path) ? readdirSync(path) : [];
    rmSync(path, { force: true });
    mkdirSync(path, { recursive: true });
    for (const entry of entries) symlinkSync(join('/proc', name, entry), join(path, entry));
  }
}
