import { writeSync } from 'node:fs';

/** A reader that is slow gets so long to make room, then the line is lost. */
const PATIENCE_MS = 100;
const PAUSE_MS = 10;

/**
 * Lines to a descriptor, each written when `write` returns, so that the last words before an exit are not lost. A full disk or a reader
 * that has gone must not end the exporter: lines that cannot be written are counted, and told with the next one that can.
 */
export function createLineWriter(append: (text: string) => void): { write(line: string): void } {
  let lost = 0;
  return { write };

  function write(line: string): void {
    try {
      append(lost === 0 ? line : `${lost} lines could not be written here\n${line}`);
      lost = 0;
    } catch {
      lost++; // there is no other place to report it
    }
  }
}

/** Writes all of the text. Throws what write(2) fails with; EAGAIN, which a pipe without room may answer, after a while. */
export function writeWhole(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0, waitedMs = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || waitedMs >= PATIENCE_MS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
      waitedMs += PAUSE_MS;
    }
  }
}
