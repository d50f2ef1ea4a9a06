import { closeSync } from 'node:fs';

/** More than the thread has open at once: two netlink sockets, a folder of /proc, one for the probe. */
const MOST_HANDLES = 16;

/** Memory in which the collector thread notes the descriptors it has open besides those Node knows of; see `PlatformOptions.handles`. */
export function shareHandles(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(MOST_HANDLES * Int32Array.BYTES_PER_ELEMENT));
}

/** Closes what a thread that has ended left open. */
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
    // whatever it was, it is not open any more, and the thread has to be started again
  }
}
