import { readFileSync, statSync } from 'node:fs';

/** Reads files, and detects later changes of them. */
export interface ReadFiles {
  read(path: string): Buffer;
  /** Changes whenever one of the files does. */
  fingerprint(): string;
  hasChanged(): boolean;
}

/**
 * Follows links: an orchestrator replaces a mounted folder by changing the target of a link. `isAgain`: somebody waits for the answer, so
 * only regular files are read; a pipe could be waited for in vain.
 */
export function createReadFiles(isAgain = false): ReadFiles {
  const seen = new Map<string, string>();
  const fingerprint = () => [...seen.keys()].map(stampOf).join();
  return {
    read(path) {
      seen.set(path, stampOf(path)); // before reading: a change in between must show
      if (isAgain && !statSync(path).isFile()) throw new Error('it is no regular file any more');
      return readFileSync(path);
    },
    fingerprint,
    hasChanged: () => fingerprint() !== [...seen.values()].join(),
  };
}

function stampOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
