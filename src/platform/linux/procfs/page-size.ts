import { closeSync, openSync, readSync } from 'node:fs';
import { ownFile, unreadable } from './proc-file.ts';

/** Enough for the first mapping, which is all we need: a read returns what the kernel has printed so far. */
const HEAD_BYTES = 4096;

/**
 * Bytes of a memory page, from the first mapping in smaps, which every process may read about itself. auxv (AT_PAGESZ)
 * is closed to a process that got capabilities from its file (`setcap`), as this program may without root.
 */
export function readPageSize(procfs: string): number {
  const path = ownFile(procfs, 'smaps');
  return parsePageSize(readHead(path), path);
}

/** `KernelPageSize:  4 kB` → 4096. `path` is for errors. */
export function parsePageSize(text: string, path: string): number {
  const match = /^KernelPageSize:\s+(\d{1,7}) kB$/m.exec(text);
  const bytes = Number(match?.[1]) * 1024;
  if (match === null || bytes === 0) throw new Error(`${path}: no KernelPageSize in its first ${HEAD_BYTES} bytes`);
  return bytes;
}

function readHead(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(HEAD_BYTES);
      return bytes.toString('utf8', 0, readSync(fd, bytes, 0, HEAD_BYTES, 0));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}
