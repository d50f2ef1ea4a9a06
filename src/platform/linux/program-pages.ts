import type { Libc } from './libc/libc.ts';
import { ownFile, readOptionalLink, readRequiredFile } from './procfs/proc-file.ts';

/** include/uapi/asm-generic/mman-common.h */
const MADV_DONTNEED = 4;
/** Positions behind the comm in /proc/PID/stat (man 5 proc): field 26, startcode, and field 27, endcode. */
const START_OF_CODE = 26 - 3;
const END_OF_CODE = 27 - 3;

/** Addresses `start` … `end` − 1. */
export interface AddressRange {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * Makes the function that unmaps what the program file has in memory: code and constants that were needed to start and to
 * compile, half of what is resident on an idle host. What is still needed comes back from the page cache with the next
 * fault. Nothing can be lost: ranges of which any page was ever written to are left alone. It acts at the calls 1, 2, 4, 8 …,
 * as less and less of it is of the start. Where something cannot be read, it does nothing.
 */
export function createProgramPageDropper(libc: Libc, procfs: string): () => void {
  let calls = 0;

  return function dropNowAndThen() {
    calls++;
    if ((calls & (calls - 1)) === 0) dropProgramPages(libc, procfs);
  };
}

function dropProgramPages({ madvise }: Libc, procfs: string): void {
  try {
    const program = readOptionalLink(ownFile(procfs, 'exe'));
    const code = parseCodeRange(readRequiredFile(ownFile(procfs, 'stat')));
    if (madvise === undefined || program === undefined || code === undefined) return;
    for (const { start, end } of parseCleanMappings(readRequiredFile(ownFile(procfs, 'smaps')), program, code))
      madvise(start, end - start, MADV_DONTNEED);
  } catch {
    // memory that stays is no reason to fail a scrape
  }
}

/** Where the code of the program is, by /proc/PID/stat. */
export function parseCodeRange(stat: string): AddressRange | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [start, end] = [fields[START_OF_CODE], fields[END_OF_CODE]].map((field) => /^\d{1,20}$/.exec(field ?? '')?.[0]);
  return start === undefined || end === undefined ? undefined : { start: BigInt(start), end: BigInt(end) };
}

/**
 * The mappings of the file `program` in /proc/PID/smaps that cannot be written to and hold nothing but what the file has.
 * Executable ones only where the program was loaded: V8 maps part of its code a second time, and unmaps it when a thread ends.
 */
export function parseCleanMappings(smaps: string, program: string, code: AddressRange): AddressRange[] {
  return smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).flatMap((entry) => {
    const header = /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) r-([x-])p \S+ \S+ \S+ +(.*)$/m.exec(entry);
    if (header?.[4] !== program || !/^Anonymous: +0 kB$/m.test(entry) || !/^Swap: +0 kB$/m.test(entry)) return [];
    const [start, end] = [BigInt(`0x${header[1]}`), BigInt(`0x${header[2]}`)];
    const isCode = header[3] === 'x';
    return end <= start || (isCode && (end <= code.start || start >= code.end)) ? [] : [{ start, end }];
  });
}
