import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

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
 * last one is deleted. A full disk, or a program that holds the file, must not end the exporter: it counts the lines
 * that it could not write and reports them with the next one it can; a file that cannot be renamed goes on growing.
 */
export function openRotatingFile({ path, maxBytes, count }: LogFile): { write(line: string): void } {
  mkdirSync(dirname(path), { recursive: true });
  let descriptor: number | undefined;
  let size = 0;
  let retryAt = maxBytes;
  let lost = 0;
  reopen();
  return { write };

  function write(line: string): void {
    try {
      if (size > 0 && size + Buffer.byteLength(line) > retryAt) rotate();
      if (lost > 0) append(`${lost} lines could not be written here\n`);
      lost = 0;
      append(line);
    } catch {
      lost++; // there is no other place to report it
    }
  }

  function append(text: string): void {
    size += writeSync(descriptor ?? reopen(), text);
  }

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
