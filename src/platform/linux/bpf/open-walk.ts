import { loadWalk, OUTPUT_BYTES, type WalkDescriptors } from './kernel-walk.ts';
import { listOwn } from './own-descriptors.ts';

const PROGRAM_NAME = 'tcpstate_walk';
const MAP_NAME = 'tcpstate_rows';

/**
 * The walk that this process has loaded, in another thread or before it gave up what loading takes; else it is loaded. The descriptors
 * stay open as long as the process lives. Throws as `loadWalk`.
 */
export function openWalk(): WalkDescriptors {
  return findWalk() ?? loadWalk();
}

/** Undefined where this process has not loaded it. */
export function findWalk(): WalkDescriptors | undefined {
  const { maps, programs } = listOwn();
  for (const { fd, name, mapId } of programs) {
    if (name !== PROGRAM_NAME) continue;
    const rows = maps.find((map) => map.id === mapId && map.name === MAP_NAME && map.valueSize === OUTPUT_BYTES);
    if (rows !== undefined) return { program: fd, rows: rows.fd };
  }
  return undefined;
}
