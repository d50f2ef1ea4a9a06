import { SystemCallError } from '../libc/libc.ts';
import { bpf, Command, type MapMemory, mapMemory, packAttr } from './bpf-call.ts';
import { findOwn, type ReaderDescriptors } from './own-descriptors.ts';
import { type Loaded, loadSkeleton, type Skeleton, unpackSkeleton } from './skeleton.ts';
import { WALK } from './walk.skeleton.ts';

/** The kernel's tables, as c/walk.bpf.c numbers them. */
export const Table = { connections: 0, listeners: 1, bound: 2, ports: 3, namespaces: 4, reserved: 5 } as const;
export type Table = (typeof Table)[keyof typeof Table];

/** struct output of c/walk.bpf.c, in words. */
const OUTPUT = {
  ticket: 1,
  rows: 2,
  next: 3,
  buckets: 4,
  failures: 6,
  keepalive: 7,
  inum: 9,
  others: 12,
  firstRow: 352,
} as const;
const MOST_ROWS = 4096;
/** struct row of c/walk.bpf.c. */
export const KERNEL_ROW_WORDS = 16;
const FIRST_MORE = OUTPUT.firstRow + MOST_ROWS * KERNEL_ROW_WORDS;
const FIRST_PORTS = FIRST_MORE + MOST_ROWS;
const PORTS = 65_536;
const FIRST_NETNS = FIRST_PORTS + PORTS / 32;
const FIRST_SENT = FIRST_NETNS + MOST_ROWS;
/** From where a word more is for a row to where, for one in CLOSE_WAIT, the jiffies are since its program last sent data. */
export const MORE_TO_SENT = FIRST_SENT - FIRST_MORE;
const OUTPUT_BYTES = 4 * (FIRST_SENT + MOST_ROWS);

/** struct request of c/walk.bpf.c: ticket, table, from, states, namespace, 32 bits each. */
export const REQUEST_BYTES = 20;
/** In `states`: the sockets of every network namespace. */
export const EVERY_NAMESPACE = 1 << 16;

const DISTURBED = 1;
const TOO_LONG = 2;

/** Another thread or another socket came in between: a new walk may succeed. */
export class WalkDisturbed extends Error {
  readonly code = 'EINTR';
}

/** The network namespace that was asked for has ended. */
export class NamespaceEnded extends Error {}

const NO_NAMESPACE = 4;

/** What a run has told, valid until the next one. */
export interface Run {
  /** Rows of KERNEL_ROW_WORDS words each, from `firstRow` on. */
  readonly words: Int32Array;
  readonly firstRow: number;
  readonly length: number;
  /** Where a word more for each row is: see `more` in c/walk.bpf.c. */
  readonly firstMore: number;
  /** Where the number of each row's network namespace is, 0 = the caller's; undefined if all rows are the caller's. */
  readonly firstNetns: number | undefined;
}

/**
 * The walk that this process has loaded, in another thread or before it gave up what loading takes; else it is loaded. Throws as `loadWalk`.
 */
export function openWalk(): ReaderDescriptors {
  return findOwn('tcpstate_walk', 'tcpstate_rows', OUTPUT_BYTES) ?? loadWalk();
}

/** Loads the program. Takes CAP_BPF and CAP_PERFMON; throws SystemCallError where they or something of the kernel's is missing. */
export function loadWalk(skeleton: Skeleton = unpackSkeleton(WALK)): ReaderDescriptors {
  const { maps, programs }: Loaded = loadSkeleton(skeleton);
  return { program: programs[0]!, rows: maps[0]! };
}

/** Runs of the program, each of at most half a millisecond in the kernel, in the network namespace of the calling thread. */
export class KernelWalk {
  readonly #descriptors: ReaderDescriptors;
  readonly #memory: MapMemory;
  readonly #request = Buffer.alloc(REQUEST_BYTES);
  readonly #attr: Buffer;
  #ticket = (Math.random() * 2 ** 32) | 0;

  constructor(descriptors: ReaderDescriptors) {
    this.#descriptors = descriptors;
    this.#memory = mapMemory(descriptors.rows, OUTPUT_BYTES);
    this.#attr = packAttr(80, [
      [0, this.#descriptors.program],
      [40, REQUEST_BYTES],
      [48, this.#request],
    ]);
  }

  /** Setting of the last run's namespace in jiffies: `net.ipv4.tcp_keepalive_time`. */
  get keepaliveJiffies(): number {
    return this.#memory.words[OUTPUT.keepalive]!;
  }

  /** Number of the last run's network namespace, as in /proc/self/ns/net. */
  get inum(): number {
    return this.#memory.words[OUTPUT.inum]! >>> 0;
  }

  /** Every socket of a table that is in one of these states (bit n = state n), run by run. `namespace`: number of the one whose tables are read. */
  read(table: Table, states: number, each: (run: Run) => void, namespace = 0): void {
    for (let from = 0; ; ) {
      this.#run(table, from, states, namespace);
      const { words } = this.#memory;
      const [length, next, buckets] = [words[OUTPUT.rows]!, words[OUTPUT.next]! >>> 0, words[OUTPUT.buckets]! >>> 0];
      const firstNetns = words[OUTPUT.others] === 0 ? undefined : FIRST_NETNS;
      each({ words, firstRow: OUTPUT.firstRow, length, firstMore: FIRST_MORE, firstNetns });
      if (words[OUTPUT.ticket] !== this.#ticket) throw new WalkDisturbed('another walk has written over the rows');
      if (next >= buckets) return;
      from = next;
    }
  }

  /**
   * Ports that connect() gives nobody, whatever the destination, because a program got them by bind(), by itself or for those that share
   * them (`read_ports` of c/walk.bpf.c). Shape: 65,536 bytes, 1 = such a port. `states`: 0, or EVERY_NAMESPACE for rows with the ports of
   * other namespaces.
   */
  readHeldPorts(each: (run: Run) => void = () => {}, states = 0): Uint8Array {
    const held = new Uint8Array(PORTS);
    this.read(Table.ports, states, (run) => {
      addPorts(run.words, held);
      each(run);
    });
    return held;
  }

  /**
   * `net.ipv4.ip_local_reserved_ports` of a network namespace by its number. Shape: 65,536 bytes, 1 = such a port; undefined if there are
   * none. Throws NamespaceEnded.
   */
  readReservedPorts(namespace: number): Uint8Array | undefined {
    let reserved: Uint8Array | undefined;
    const note = ({ words }: Run) => {
      if (!hasPorts(words)) return;
      reserved = new Uint8Array(PORTS);
      addPorts(words, reserved);
    };
    this.read(Table.reserved, 0, note, namespace);
    return reserved;
  }

  close(): void {
    this.#memory.release();
  }

  #run(table: Table, from: number, states: number, namespace: number): void {
    this.#ticket = (this.#ticket + 1) | 0;
    for (const [index, value] of [this.#ticket, table, from, states, namespace].entries())
      this.#request.writeInt32LE(value | 0, index * 4);
    bpf(Command.progRun, this.#attr, 'BPF_PROG_RUN');
    const result = this.#attr.readInt32LE(4);
    if (result === -16) throw new WalkDisturbed('another walk is under way');
    if (result !== 0) throw new SystemCallError('bpf(walk)', -result);
    const failures = this.#memory.words[OUTPUT.failures]!;
    if (failures === DISTURBED) throw new WalkDisturbed('a chain of sockets did not hold still');
    if (failures === NO_NAMESPACE && namespace !== 0) throw new NamespaceEnded(`no network namespace ${namespace}`);
    if (failures !== 0) throw new Error(failures & TOO_LONG ? 'a chain of sockets has no end' : 'no network namespace');
  }
}

function addPorts(words: Int32Array, ports: Uint8Array): void {
  for (let word = 0; word < PORTS / 32; word++) {
    const bits = words[FIRST_PORTS + word]!;
    if (bits !== 0) for (let bit = 0; bit < 32; bit++) ports[word * 32 + bit]! |= (bits >>> bit) & 1;
  }
}

function hasPorts(words: Int32Array): boolean {
  for (let at = FIRST_PORTS; at < FIRST_NETNS; at++) if (words[at] !== 0) return true;
  return false;
}
