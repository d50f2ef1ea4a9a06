import { arch } from 'node:process';
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

/**
 * The C library calls this platform needs, bound once. Synchronous; each returns −1 on failure and leaves `errno`.
 * Buffers are passed by address: the caller keeps them alive and large enough.
 */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  /** `address` is a struct sockaddr. */
  bind(fd: number, address: Uint8Array, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  send(fd: number, buffer: Uint8Array, length: number, flags: number): number;
  recv(fd: number, buffer: Uint8Array, length: number, flags: number): number;
  close(fd: number): number;
  read(fd: number, buffer: Uint8Array, length: number): number;
  lseek(fd: number, offset: number, whence: number): number;
  /** `path` is NUL-terminated bytes. */
  open(path: Uint8Array, flags: number): number;
  readlinkat(dirfd: number, path: Uint8Array, buffer: Uint8Array, length: number): number;
  getdents64(fd: number, buffer: Uint8Array, length: number): number;
  errno(): number;
  /** Whether two processes or threads share what `type` says (man 2 kcmp): 0 = they do. */
  kcmp?(pid: number, other: number, type: number): number;
  /** Name of a network interface in the thread's namespace; `name`: 16 bytes (IF_NAMESIZE). Null if there is none. */
  if_indextoname?(index: number, name: Uint8Array): unknown;
  /** Capabilities of a thread (man 2 capget). `header` and `data`: structs of include/uapi/linux/capability.h. */
  capget?(header: Uint8Array, data: Uint8Array): number;
  capset?(header: Uint8Array, data: Uint8Array): number;
  /** An extended attribute of the target of a path (man 2 getxattr). Both texts are NUL-terminated bytes. */
  getxattr?(path: Uint8Array, name: Uint8Array, value: Uint8Array, size: number): number;
  /** Returns freed memory to the system. glibc only. */
  malloc_trim?(pad: number): number;
  /** Sets a parameter of `malloc` (man 3 mallopt) for the whole process. Returns 0 on failure. glibc only. */
  mallopt?(parameter: number, value: number): number;
}

/**
 * The number of getdents64 (arch/…/syscall.tbl; generic: include/uapi/asm-generic/unistd.h). Called by number because
 * glibc before 2.30 has no function for it, and musl since 1.2.4 hides its own.
 */
const GETDENTS64: Readonly<Record<string, number>> = { x64: 217, arm: 217, ia32: 220, s390x: 220, ppc64: 202 };
const GETDENTS64_GENERIC = 61; // arm64, riscv64, loong64
/** The number of kcmp, for which no C library has a function. */
const KCMP: Readonly<Record<string, number>> = { x64: 312, arm: 378, ia32: 349, s390x: 343, ppc64: 354 };
const KCMP_GENERIC = 272;

let bound: Libc | undefined;

/** Binds the C library that this process already uses (glibc or musl), at the first call. */
export function loadLibc(): Libc {
  bound ??= bind();
  return bound;
}

/** An error that names the call and the errno: `socket(AF_NETLINK): EPROTONOSUPPORT`. `code` is the errno's name. */
export class SystemCallError extends Error {
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = errnoName(errno);
    super(`${call}: ${code}`);
    this.name = 'SystemCallError';
    this.code = code;
  }
}

/** A positive errno → its name, or its number if the name is unknown. */
export function errnoName(errno: number): string {
  return errno > 0 ? getSystemErrorName(-errno) : `errno ${errno}`;
}

function bind(): Libc {
  const process = koffi.load(null);
  const syscall = process.func('int64_t syscall(int64_t number, int fd, void *buffer, size_t length)');
  const getdents64 = GETDENTS64[arch] ?? GETDENTS64_GENERIC;
  const compare = process.func('int64_t syscall(int64_t number, int pid, int other, int type, uint64_t a, uint64_t b)');
  const kcmp = KCMP[arch] ?? KCMP_GENERIC;
  return {
    socket: process.func('int socket(int domain, int type, int protocol)'),
    bind: process.func('int bind(int fd, void *address, uint32_t length)'),
    setsockopt: process.func('int setsockopt(int fd, int level, int name, void *value, uint32_t length)'),
    send: process.func('int64_t send(int fd, void *buffer, size_t length, int flags)'),
    recv: process.func('int64_t recv(int fd, void *buffer, size_t length, int flags)'),
    close: process.func('int close(int fd)'),
    read: process.func('int64_t read(int fd, void *buffer, size_t length)'),
    lseek: process.func('int64_t lseek(int fd, int64_t offset, int whence)'),
    open: process.func('int open(void *path, int flags)'),
    readlinkat: process.func('int64_t readlinkat(int dirfd, void *path, void *buffer, size_t length)'),
    getdents64: (fd, buffer, length) => syscall(getdents64, fd, buffer, length),
    errno: () => koffi.errno(),
    kcmp: (pid, other, type) => compare(kcmp, pid, other, type, 0, 0),
    if_indextoname: process.func('void *if_indextoname(unsigned int index, void *name)'),
    capget: process.func('int capget(void *header, void *data)'),
    capset: process.func('int capset(void *header, void *data)'),
    getxattr: process.func('int64_t getxattr(void *path, void *name, void *value, size_t size)'),
    ...bindMalloc(process),
  };
}

function bindMalloc(process: ReturnType<typeof koffi.load>): Pick<Libc, 'malloc_trim' | 'mallopt'> {
  try {
    return {
      malloc_trim: process.func('int malloc_trim(size_t pad)'),
      mallopt: process.func('int mallopt(int parameter, int value)'),
    };
  } catch {
    return {}; // musl keeps little freed memory
  }
}
