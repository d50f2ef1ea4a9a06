import { closeSync } from 'node:fs';

/** More than the thread ever has open at once: two netlink sockets, a folder of /proc, one for the probe. */
const MOST_HANDLES = 16;

/**
 * Shared memory where the collector thread records the descriptors that Node does not know of; see
 * `PlatformOptions.handles`.
 */
export function shareHandles(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(MOST_HANDLES * Int32Array.BYTES_PER_ELEMENT));
}

/** Closes what an ended thread left open. */
export function closeHandles(handles: Int32Array): void {
  for (const noted of handles) {
    if (noted > 0) closeQuietly(noted - 1);
  }
  handles.fill(0);
}

function closeQuietly(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // whatever failed, it is closed now, and the thread must restart
  }
}
