/** Bytes that the OS fills, and views of them by 16 and 32 bits. */
export interface NativeBuffer {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
}

/** A buffer of at least `length` bytes, all zero; the length is rounded up to a multiple of 8. */
export function allocateNativeBuffer(length: number): NativeBuffer {
  return viewNativeBuffer(new Uint8Array(Math.ceil(length / 8) * 8));
}

/** Views of bytes that start at the beginning of their own memory; a tail of less than 4 bytes is in no 32-bit view. */
export function viewNativeBuffer(bytes: Uint8Array<ArrayBuffer>): NativeBuffer {
  const { buffer, byteOffset, length } = bytes;
  return {
    bytes,
    halves: new Uint16Array(buffer, byteOffset, length >> 1),
    words: new Int32Array(buffer, byteOffset, length >> 2),
  };
}
