import { describeError } from '../../model/describe-error.ts';
import { ConfigRefusal } from '../refusal.ts';
import { createReadFiles, type ReadFiles } from './read-files.ts';

/** How long the files must be unchanged before they are read again: somebody may still be writing them. */
const SETTLE_MS = 100;

export interface Reread<Value> {
  /** Reads at start; what it throws is thrown. */
  first(files: ReadFiles): Value;
  /** Reads after a change, given what is in use. If it throws, that stays. */
  again(files: ReadFiles, inUse: Value): Value;
  /** The value to go on with when `again` threw. */
  broken(error: unknown, inUse: Value): Value;
}

/**
 * A value that comes from files. The function it returns gives the value. It also checks for changed files, by a few stat() calls, and
 * has them read again soon after a change.
 */
export function openReread<Value>({ first, again, broken }: Reread<Value>): () => Value {
  let files = createReadFiles();
  let value = first(files);
  let isSettling = false;

  return () => {
    if (!isSettling && files.hasChanged()) settle(files.fingerprint());
    return value;
  };

  function settle(fingerprint: string): void {
    isSettling = true;
    setTimeout(() => {
      const later = files.fingerprint();
      if (later !== fingerprint) return settle(later);
      isSettling = false;
      files = createReadFiles(true); // broken or not: not read again until it changes
      try {
        value = again(files, value);
      } catch (error) {
        value = broken(error, value);
      }
    }, SETTLE_MS).unref();
  }
}

/** The text of the file that an option names. */
export function readWhole(flag: string, file: string, files: ReadFiles): string {
  try {
    return files.read(file).toString('utf8');
  } catch (error) {
    throw new ConfigRefusal(`${flag}=${file} cannot be read: ${describeError(error)}`);
  }
}
