import type { Platform, SocketReader } from '../../../src/platform/platform.ts';
import { addSocketRows, type SocketRow } from '../tables/socket-rows.ts';

/** A reader that appends these rows, or throws. */
export function fakeReader(rows: readonly SocketRow[] | Error, source = 'fake'): SocketReader {
  return {
    source,
    read(table) {
      if (rows instanceof Error) throw rows;
      addSocketRows(table, rows);
    },
  };
}

/** A platform of plain rows: nothing but sockets unless more is given. */
export function fakePlatform(parts: Partial<Platform> = {}): Platform {
  return { name: 'linux', sockets: fakeReader([]), facts: [], notices: [], close() {}, ...parts };
}
