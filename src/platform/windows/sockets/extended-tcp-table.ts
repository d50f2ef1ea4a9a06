import { HEADERS } from '../dll/headers.ts';
import type { Iphlpapi } from '../dll/iphlpapi.ts';
import { WindowsError, WindowsErrorCode } from '../dll/windows-error.ts';
import { allocateTableBuffer } from './table-buffer.ts';
import type { TcpTableLayout } from './tcp-layout.ts';
import type { TcpTable } from './tcp-table.ts';

const { AF_INET, AF_INET6, TCP_TABLE_OWNER_MODULE_ALL } = HEADERS;

/** The table may grow between the call that returns its size and the next one: attempts, and slack. */
const MAX_TRIES = 5;
const SLACK = 1.25;
const INITIAL_LENGTH = 64 * 1024;
/** Twice the size of a million IPv6 sockets: a larger size is invalid, and not allocated. */
const MOST_BYTES = 400_000_000;
/** A buffer this many times larger than the table is freed. */
const FAR_TOO_LARGE = 8;

/**
 * Reads all TCP sockets of one address family into a buffer of its own, which the next read reuses. Undefined if the
 * machine lacks the family. Throws with the code of the call, or if the table outgrows the buffer every time.
 */
export function createExtendedTcpTable(
  iphlpapi: Iphlpapi,
  family: typeof AF_INET | typeof AF_INET6,
  layout: TcpTableLayout,
): () => TcpTable | undefined {
  let buffer = allocateTableBuffer(INITIAL_LENGTH);
  const size = new Uint32Array(1);
  const call = `GetExtendedTcpTable(${family === AF_INET ? 'AF_INET' : 'AF_INET6'})`;

  return function read() {
    for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
      size[0] = buffer.bytes.length;
      const code = iphlpapi.getExtendedTcpTable(buffer.bytes, size, 0, family, TCP_TABLE_OWNER_MODULE_ALL, 0);
      if (code === WindowsErrorCode.success) return takeTable();
      if (code === WindowsErrorCode.notSupported && family === AF_INET6) return undefined;
      if (code !== WindowsErrorCode.insufficientBuffer) throw new WindowsError(call, code);
      if (size[0] > MOST_BYTES) throw new Error(`${call}: asks for ${size[0]} bytes`);
      buffer = allocateTableBuffer(Math.max(size[0], buffer.bytes.length) * SLACK);
    }
    throw new Error(`${call}: the table outgrew the buffer ${MAX_TRIES} times, at last ${size[0]} bytes`);
  };

  function takeTable(): TcpTable {
    const table = { buffer, length: buffer.bytes.length, layout };
    const needed = layout.firstRow + (buffer.words[0]! >>> 0) * layout.rowLength;
    if (buffer.bytes.length > Math.max(INITIAL_LENGTH, needed) * FAR_TOO_LARGE) {
      buffer = allocateTableBuffer(Math.max(INITIAL_LENGTH, needed * SLACK));
    }
    return table;
  }
}
