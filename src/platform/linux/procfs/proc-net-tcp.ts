import { closeSync, openSync, readSync } from 'node:fs';
import { MissedDeadline } from '../../../model/missed-deadline.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { ScrapeBudget, SocketReader } from '../../platform.ts';
import type { AsciiCursor } from './ascii-cursor.ts';
import { isMissing, ownFile, unreadable } from './proc-file.ts';
import { checkTcpHeader, decodeTcpLine } from './tcp-line.ts';

/** Room for a line cut off by the end of a read, and for what the kernel returns at a time: one page or a few. */
const BUFFER_LENGTH = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Reads sockets from /proc/net/tcp and tcp6, for kernels and sandboxes that refuse inet_diag. It has no accept queue
 * limit, no bound-but-idle sockets and no cgroup. The kernel prints the table page by page: under churn a socket may be
 * missing or appear twice.
 */
export function createProcNetTcpReader(procfs: string): SocketReader {
  const buffer = new Uint8Array(BUFFER_LENGTH);
  return {
    source: 'procfs',
    read(table, budget) {
      readTcpFile({ path: ownFile(procfs, 'net/tcp'), isIpv6: false, buffer, table, budget });
      readTcpFile({ path: ownFile(procfs, 'net/tcp6'), isIpv6: true, buffer, table, budget });
    },
  };
}

interface TcpFile {
  readonly path: string;
  readonly isIpv6: boolean;
  readonly buffer: Uint8Array;
  readonly table: SocketTable;
  readonly budget: ScrapeBudget;
}

function readTcpFile(file: TcpFile): void {
  const fd = openTcpFile(file);
  if (fd === undefined) return;
  try {
    readLines(fd, file);
  } finally {
    closeSync(fd);
  }
}

/** Undefined if the machine has no IPv6, and so no tcp6. */
function openTcpFile({ path, isIpv6 }: TcpFile): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (isIpv6 && isMissing(error)) return undefined;
    throw unreadable(path, error);
  }
}

function readLines(fd: number, file: TcpFile): void {
  const { path, buffer, budget, table } = file;
  const progress = { line: 1 };
  let kept = 0;
  for (;;) {
    if (budget.now() > budget.deadlineMs) {
      throw new MissedDeadline(`reading ${path}`, `at ${table.length} sockets`);
    }
    const length = readChunk(fd, file, kept);
    if (length === 0) break;
    const end = kept + length;
    const decoded = decodeLines(file, buffer.subarray(0, end), progress);
    buffer.copyWithin(0, decoded, end);
    kept = end - decoded;
    if (kept === BUFFER_LENGTH) throw new Error(`${path}, line ${progress.line}: longer than ${BUFFER_LENGTH} bytes`);
  }
  if (kept > 0) throw new Error(`${path}, line ${progress.line}: cut off, no end of line`);
  if (progress.line === 1) throw new Error(`${path} is empty: no header`);
}

/** Reads into the buffer after the `kept` bytes at its start. 0 at the end of the file. */
function readChunk(fd: number, { path, buffer }: TcpFile, kept: number): number {
  try {
    return readSync(fd, buffer, kept, BUFFER_LENGTH - kept, null);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Decodes the whole lines of `bytes`, counting them in `progress.line`; returns where the first unfinished one starts. */
function decodeLines(file: TcpFile, bytes: Uint8Array, progress: { line: number }): number {
  const cursor: AsciiCursor = { bytes, start: 0, at: 0, end: 0 };
  try {
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, cursor.start)) {
      cursor.at = cursor.start;
      cursor.end = end;
      if (progress.line > 1) decodeTcpLine(cursor, file.isIpv6, file.table);
      else checkTcpHeader(Buffer.from(bytes.subarray(0, end)).toString('latin1'));
      cursor.start = end + 1;
      progress.line++;
    }
  } catch (error) {
    throw new Error(`${file.path}, line ${progress.line}: ${(error as Error).message}`, { cause: error });
  }
  return cursor.start;
}
