import { bpf, Command, type MapMemory, mapMemory, packAttr } from './bpf-call.ts';
import { DESCRIPTORS } from './descriptors.skeleton.ts';
import { findOwn, type ReaderDescriptors } from './own-descriptors.ts';
import { loadSkeleton, type Skeleton, unpackSkeleton } from './skeleton.ts';

/** Descriptors of one run at most. */
export const MOST_FDS = 2048;
/** struct output of c/descriptors.bpf.c, in words. */
const OUTPUT = { ticket: 1, failures: 2, found: 3, next: 4, end: 5, started: 6, fds: 16 } as const;
const FIRST_LINK = OUTPUT.fds + MOST_FDS;
const OUTPUT_BYTES = 4 * (FIRST_LINK + MOST_FDS);
/** struct request of c/descriptors.bpf.c: ticket, pid, from, asked, most, 32 bits each. */
const REQUEST_BYTES = 20;
/** Runs begun anew in one read when the process got another table of descriptors, or another thread came in between. */
const MAX_TRIES = 5;
const EBUSY = -16;

/** Which process answered: nanoseconds since boot at its start, 0 = there is none. Two numbers that differ are two processes. */
export type Started = number;

/** The program and its map in this process, from another thread or from before it gave up what loading takes; else they are loaded. Throws as `loadFds`. */
export function openFds(): ReaderDescriptors {
  return findOwn('tcpstate_fds_of', 'tcpstate_fds', OUTPUT_BYTES) ?? loadFds();
}

/** Takes CAP_BPF, CAP_PERFMON and Linux 6.10; throws SystemCallError where they are missing. */
export function loadFds(skeleton: Skeleton = unpackSkeleton(DESCRIPTORS)): ReaderDescriptors {
  const { maps, programs } = loadSkeleton(skeleton);
  return { program: programs[0]!, rows: maps[0]! };
}

/** Reads the descriptors of processes, given by their numbers in the initial pid namespace, up to MOST_FDS in a run of half a millisecond. */
export class KernelFds {
  readonly #memory: MapMemory;
  readonly #request = Buffer.alloc(REQUEST_BYTES);
  readonly #attr: Buffer;
  #ticket = (Math.random() * 2 ** 32) | 0;

  constructor({ program, rows }: ReaderDescriptors) {
    this.#memory = mapMemory(rows, OUTPUT_BYTES);
    this.#attr = packAttr(80, [
      [0, program],
      [40, REQUEST_BYTES],
      [48, this.#request],
    ]);
  }

  /** Which process has this number now. */
  find(pid: number): Started {
    return this.#run(pid, 0, 0, 0);
  }

  /** Reads what `length` descriptors are into `links`, as FdLinks.linkOf has it. */
  ask(pid: number, fds: Int32Array, links: Int32Array, length: number): Started {
    const { words } = this.#memory;
    let started: Started = 0;
    for (let done = 0; done < length; ) {
      for (let each = done; each < length; each++) words[OUTPUT.fds + each - done] = fds[each]!;
      started = this.#run(pid, 0, length - done, 0);
      const found = words[OUTPUT.found]!;
      if (started === 0 || found === 0) return 0;
      for (let each = 0; each < found; each++) links[done + each] = words[FIRST_LINK + each]!;
      done += found;
    }
    return started;
  }

  /**
   * Reads the open descriptors from `from` on, at most `most` of them, into `fds` and `links`. `next`: where the next call goes on, −1 = they
   * are all read.
   */
  list(
    pid: number,
    from: number,
    most: number,
    fds: Int32Array,
    links: Int32Array,
  ): { readonly started: Started; readonly length: number; readonly next: number } {
    const { words } = this.#memory;
    const started = this.#run(pid, from, 0, most);
    const length = words[OUTPUT.found]!;
    fds.set(words.subarray(OUTPUT.fds, OUTPUT.fds + length));
    links.set(words.subarray(FIRST_LINK, FIRST_LINK + length));
    const next = words[OUTPUT.next]!;
    return { started, length, next: next >= words[OUTPUT.end]! ? -1 : next };
  }

  close(): void {
    this.#memory.release();
  }

  /** Throws SystemCallError, and Error where nobody lets it read. A process that has ended counts as gone. */
  #run(pid: number, from: number, asked: number, most: number): Started {
    const { words } = this.#memory;
    for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
      this.#ticket = (this.#ticket + 1) | 0;
      for (const [index, value] of [this.#ticket, pid, from, asked, most].entries())
        this.#request.writeInt32LE(value, index * 4);
      bpf(Command.progRun, this.#attr, 'BPF_PROG_RUN');
      if (this.#attr.readInt32LE(4) === EBUSY || words[OUTPUT.ticket] !== this.#ticket) continue;
      if (words[OUTPUT.failures] === 0) return words[OUTPUT.started + 1]! * 2 ** 32 + (words[OUTPUT.started]! >>> 0);
    }
    throw new Error('another reader is at work all the time, or the descriptors of a process never hold still');
  }
}
