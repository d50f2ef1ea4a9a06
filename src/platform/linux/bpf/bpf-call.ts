import { arch } from 'node:process';
import koffi from 'koffi';
import { SystemCallError } from '../libc/libc.ts';

/** Numbers of the call bpf(2) (arch/…/syscall.tbl). */
const NUMBERS: Readonly<Record<string, number>> = { x64: 321, arm64: 280 };
const ENOSYS = 38;
/** enum bpf_cmd of include/uapi/linux/bpf.h. */
export const Command = {
  mapCreate: 0,
  mapLookup: 1,
  mapUpdate: 2,
  mapDelete: 3,
  progLoad: 5,
  progRun: 10,
  infoByFd: 15,
  rawTracepointOpen: 17,
  mapLookupAndDelete: 21,
  mapLookupBatch: 24,
} as const;

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;

function bind() {
  const process = koffi.load(null);
  return {
    syscall: process.func('int64_t syscall(int64_t number, int64_t command, void *attr, int64_t length)'),
    mmap: process.func('void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)'),
    munmap: process.func('int munmap(void *address, size_t length)'),
    close: process.func('int close(int fd)'),
    fcntl: process.func('int fcntl(int fd, int command, ...)'),
    execve: process.func('int execve(void *path, void *words, void *environment)'),
  };
}

let bound: ReturnType<typeof bind> | undefined;

/** Bound at the first call: where nothing is loaded into the kernel, none of it is needed. */
function libc(): ReturnType<typeof bind> {
  bound ??= bind();
  return bound;
}

export interface ProcessCalls {
  /** man 2 fcntl, for commands that take a number. */
  fcntl(fd: number, command: number, value: number): number;
  /** man 2 execve: returns only when it fails. Arguments and environment are NUL-terminated bytes each. */
  execve(path: string, words: readonly Uint8Array[], environment: readonly Uint8Array[]): number;
  errno(): number;
}

export function processCalls(): ProcessCalls {
  const { fcntl, execve } = libc();
  return {
    fcntl: (fd, command, value) => fcntl(fd, command, 'int', value),
    execve: (path, words, environment) =>
      execve(Buffer.from(`${path}\0`), addressesOf(words), addressesOf(environment)),
    errno: () => koffi.errno(),
  };
}

/** An array of pointers that ends with a null pointer. */
function addressesOf(texts: readonly Uint8Array[]): BigInt64Array {
  return BigInt64Array.from([...texts.map((text) => BigInt(koffi.address(text))), 0n]);
}

export function closeFd(fd: number): void {
  libc().close(fd);
}

/** What stands where in a union bpf_attr: numbers as 32 bits, buffers by their address. */
export type Fields = readonly (readonly [at: number, value: number | Uint8Array])[];

/** A union bpf_attr of so many bytes. The buffers named in it must live as long as it is used. */
export function packAttr(length: number, fields: Fields): Buffer {
  const bytes = Buffer.alloc(length);
  for (const [at, value] of fields) {
    if (typeof value === 'number') bytes.writeUInt32LE(value >>> 0, at);
    else bytes.writeBigUInt64LE(BigInt(koffi.address(value)), at);
  }
  return bytes;
}

/** Returns what the kernel returns, or the negative errno. */
export function tryBpf(command: number, attr: Buffer): number {
  const number = NUMBERS[arch];
  if (number === undefined) return -ENOSYS;
  const result = Number(libc().syscall(number, command, attr, attr.length));
  return result < 0 ? -koffi.errno() : result;
}

/** `what`: named in the error. */
export function bpf(command: number, attr: Buffer, what: string): number {
  const result = tryBpf(command, attr);
  if (result < 0) throw new SystemCallError(`bpf(${what})`, -result);
  return result;
}

/** The value of an array map made with BPF_F_MMAPABLE, as memory that the kernel and this process write. */
export interface MapMemory {
  readonly words: Int32Array;
  /** The memory must not be read afterwards. */
  release(): void;
}

export function mapMemory(fd: number, length: number): MapMemory {
  const address = libc().mmap(null, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (BigInt.asIntN(64, BigInt(koffi.address(address))) === -1n)
    throw new SystemCallError('mmap(bpf map)', koffi.errno());
  return { words: new Int32Array(koffi.view(address, length)), release: () => void libc().munmap(address, length) };
}
