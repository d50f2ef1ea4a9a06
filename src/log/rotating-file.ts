import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { createLineWriter, writeWhole } from './write-line.ts';

export interface LogFile {
  readonly path: string;
  /** A file that would grow beyond this size is renamed, and a new one begins. */
  readonly maxBytes: number;
  /** Files kept, including the current one. */
  readonly count: number;
}

/** After this part of the size it tries again to rename a file that could not be renamed. */
const RETRY_PART = 0.1;

/**
 * Opens the file for lines, and creates its folder if it is missing. A line is in the file when `write` returns, so
 * that the last words before an exit are not lost. `log.txt` becomes `log.txt.1`, that one `log.txt.2` and so on; the
 * last one is deleted. What cannot be written is treated as `createLineWriter` says; a file that cannot be renamed goes on growing.
 */
export function openRotatingFile({ path, maxBytes, count }: LogFile): { write(line: string): void } {
  mkdirSync(dirname(path), { recursive: true });
  let descriptor: number | undefined;
  let size = 0;
  let retryAt = maxBytes;
  reopen();
  return createLineWriter((text) => {
    const length = Buffer.byteLength(text);
    if (size > 0 && size + length > retryAt) rotate();
    writeWhole(descriptor ?? reopen(), text);
    size += length;
  });

  function rotate(): void {
    if (descriptor !== undefined) closeSync(descriptor); // Windows does not rename an open file
    descriptor = undefined;
    try {
      putAside(path, count);
    } catch {
      // Another program holds one of the files: go on with this one.
    }
    reopen();
    retryAt = size === 0 ? maxBytes : size + maxBytes * RETRY_PART;
  }

  function reopen(): number {
    descriptor = openSync(path, 'a');
    size = fstatSync(descriptor).size;
    return descriptor;
  }
}

/** The current file goes first: if it cannot be renamed, the others stay as they are. */
function putAside(path: string, count: number): void {
  if (count === 1) {
    rmSync(path);
    return;
  }
  renameSync(path, `${path}.0`);
  for (let age = count - 1; age > 0; age--) {
    try {
      renameSync(`${path}.${age - 1}`, `${path}.${age}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
