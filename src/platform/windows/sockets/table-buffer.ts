/**
 * Bytes that Windows fills with one table, and views of them by 16 and 32 bits. netlink's buffer has the same views of
 * other bytes; the folders of the two platforms share nothing.
 */
export interface TableBuffer {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
}

/** A buffer of at least `length` bytes, all zero; the length is rounded up to a multiple of 8. */
export function allocateTableBuffer(length: number): TableBuffer {
  return viewTableBuffer(new Uint8Array(Math.ceil(length / 8) * 8));
}

/**
 * Views of bytes that start at the beginning of their own memory; the 32-bit view leaves out a tail of less than 4
 * bytes.
 */
export function viewTableBuffer(bytes: Uint8Array<ArrayBuffer>): TableBuffer {
  const { buffer, byteOffset, length } = bytes;
  return {
    bytes,
    halves: new Uint16Array(buffer, byteOffset, length >> 1),
    words: new Int32Array(buffer, byteOffset, length >> 2),
  };
}
