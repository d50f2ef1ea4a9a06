import { brotliDecompressSync } from 'node:zlib';
import { SystemCallError } from '../libc/libc.ts';
import { bpf, Command, closeFd, packAttr, tryBpf } from './bpf-call.ts';

/**
 * A light skeleton (`bpftool gen skeleton -L`): a small program that makes the maps and has the kernel relocate and load the programs in
 * its data. It needs neither libbpf nor the kernel's BTF in user space.
 */
export interface Skeleton {
  readonly data: Uint8Array;
  readonly loader: Uint8Array;
  readonly maps: readonly string[];
  readonly programs: readonly string[];
}

/** The same as text: data and loader behind each other, base64 of brotli. */
export interface PackedSkeleton extends Omit<Skeleton, 'data' | 'loader'> {
  readonly dataLength: number;
  readonly brotli: string;
}

/** Descriptors of what was loaded, in the order of the skeleton's names. */
export interface Loaded {
  readonly maps: readonly number[];
  readonly programs: readonly number[];
}

// include/uapi/linux/bpf.h
const BPF_MAP_TYPE_ARRAY = 2;
const BPF_PROG_TYPE_SYSCALL = 31;
const BPF_F_SLEEPABLE = 1 << 4;
/** The kernel's functions that the programs call are for programs under the GPL. */
const LICENSE = Buffer.from('Dual BSD/GPL\0');
const LOAD_ATTEMPTS = 5;
/** struct bpf_loader_ctx, bpf_map_desc and bpf_prog_desc of tools/lib/bpf/skel_internal.h. */
const HEADER = 24;
const MAP = 16;
const MAP_ENTRIES = 4;
const PROGRAM = 4;

export function unpackSkeleton({ brotli, dataLength, maps, programs }: PackedSkeleton): Skeleton {
  const bytes = brotliDecompressSync(Buffer.from(brotli, 'base64'));
  return { data: bytes.subarray(0, dataLength), loader: bytes.subarray(dataLength), maps, programs };
}

/**
 * `sizes`: entries of a map in place of those that it was written with. Takes CAP_BPF and CAP_PERFMON. Throws SystemCallError: EPERM
 * without them, ENOENT or EINVAL where the kernel lacks what a program uses.
 */
export function loadSkeleton(
  { data, loader, maps, programs }: Skeleton,
  sizes: Readonly<Record<string, number>> = {},
): Loaded {
  const context = Buffer.alloc(HEADER + maps.length * MAP + programs.length * PROGRAM);
  retryInterrupted(() => {
    context.fill(0).writeUInt32LE(context.length, 0);
    for (const [index, name] of maps.entries())
      context.writeUInt32LE(sizes[name] ?? 0, HEADER + index * MAP + MAP_ENTRIES);
    runLoader(data, loader, context);
  });
  const programsAt = HEADER + maps.length * MAP;
  return {
    maps: maps.map((_, index) => context.readInt32LE(HEADER + index * MAP)),
    programs: programs.map((_, index) => context.readInt32LE(programsAt + index * PROGRAM)),
  };
}

/** Attaches a program to the tracepoint it was written for, until the descriptor that is returned is closed. */
export function attachTracepoint(program: number): number {
  return bpf(Command.rawTracepointOpen, packAttr(16, [[8, program]]), 'BPF_RAW_TRACEPOINT_OPEN');
}

/** The verifier ends with EAGAIN if a signal comes meanwhile, of a profiler for example. libbpf tries as often. */
export function retryInterrupted(load: () => void): void {
  for (let attempt = 1; ; attempt++) {
    try {
      load();
      return;
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.code !== 'EAGAIN' || attempt === LOAD_ATTEMPTS) throw error;
    }
  }
}

function runLoader(data: Uint8Array, loader: Uint8Array, context: Buffer): void {
  const shape = packAttr(72, [
    [0, BPF_MAP_TYPE_ARRAY],
    [4, 4],
    [8, data.length],
    [12, 1],
  ]);
  const map = bpf(Command.mapCreate, shape, 'BPF_MAP_CREATE');
  try {
    const key = Buffer.alloc(4);
    bpf(
      Command.mapUpdate,
      packAttr(32, [
        [0, map],
        [8, key],
        [16, data],
      ]),
      'BPF_MAP_UPDATE_ELEM',
    );
    const fds = Buffer.alloc(4);
    fds.writeInt32LE(map);
    const instructions = loader.length / 8;
    const load = packAttr(144, [
      [0, BPF_PROG_TYPE_SYSCALL],
      [4, instructions],
      [8, loader],
      [16, LICENSE],
      [44, BPF_F_SLEEPABLE],
      [120, fds],
    ]);
    const program = bpf(Command.progLoad, load, 'BPF_PROG_LOAD');
    const run = packAttr(80, [
      [0, program],
      [40, context.length],
      [48, context],
    ]);
    const result = tryBpf(Command.progRun, run) || run.readInt32LE(4);
    closeFd(program);
    if (result < 0) throw new SystemCallError('bpf(light skeleton)', -result);
  } finally {
    closeFd(map);
  }
}
