import type { Libc } from '../../../src/platform/linux/libc/libc.ts';

export const EAGAIN = 11;

/** A C library that knows these calls only; what it lacks fails the target that calls it. */
export function fakeLibc(calls: Partial<Libc>): Libc {
  const missing = (name: string) => (): never => {
    throw new TypeError(`unexpected call of ${name}`);
  };
  return {
    socket: missing('socket'),
    bind: missing('bind'),
    setsockopt: missing('setsockopt'),
    send: missing('send'),
    recv: missing('recv'),
    close: () => 0,
    read: missing('read'),
    lseek: missing('lseek'),
    open: missing('open'),
    readlinkat: missing('readlinkat'),
    getdents64: missing('getdents64'),
    errno: () => EAGAIN,
    ...calls,
  };
}

/** Bytes for a call that fills a buffer; returns how many. */
export function fill(buffer: Uint8Array, bytes: Uint8Array, length: number): number {
  const taken = bytes.subarray(0, Math.min(bytes.length, length, buffer.length));
  buffer.set(taken);
  return taken.length;
}
