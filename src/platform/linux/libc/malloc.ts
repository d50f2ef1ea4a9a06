import type { Libc } from './libc.ts';

/** man 3 mallopt */
const M_MMAP_THRESHOLD = -3;
const LARGE_BYTES = 1024 * 1024;

/**
 * Gives every large array a mapping of its own, which returns to the system with the array. glibc would raise the
 * threshold to 32 MB when the first arrays are freed; then the holes that growing tables leave are 44 MB of 224 at a
 * million sockets, and 17 of 128 at 100,000.
 */
export function keepLargeArraysApart(libc: Libc): void {
  libc.mallopt?.(M_MMAP_THRESHOLD, LARGE_BYTES);
}

/** Returns smaller freed blocks to the system. */
export function trimMemory(libc: Libc): void {
  libc.malloc_trim?.(0);
}
