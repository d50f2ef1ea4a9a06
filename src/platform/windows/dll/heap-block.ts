import type { Kernel32 } from './kernel32.ts';

/** Far more than any table needs: a larger size is a failure of HeapSize. */
const MOST_BYTES = 400_000_000;

/** Copies a block that a call allocated from the process heap, and frees it. The heap knows its size. */
export function copyHeapBlock(kernel32: Kernel32, block: bigint): Uint8Array<ArrayBuffer> {
  const heap = kernel32.getProcessHeap();
  const size = kernel32.heapSize(heap, 0, block);
  if (size > MOST_BYTES) throw new Error(`HeapSize gives no size for a table of bound sockets: ${size}`);
  const bytes = new Uint8Array(Number(size));
  kernel32.moveMemory(bytes, block, bytes.length);
  kernel32.heapFree(heap, 0, block);
  return bytes;
}
