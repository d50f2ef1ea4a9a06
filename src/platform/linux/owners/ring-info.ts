/** The heading of the files in the text (io_uring/fdinfo.c); missing while another thread uses the ring. */
const FILES = /^UserFiles:\t\d+\n/m;
const FILE = /^ *(\d{1,9}): (?:socket:\[(\d{1,20})\]$|(MPTCP|TCP)(v6)?$)?/;
/** IORING_MAX_FIXED_FILES */
const MOST_FILES = 2 ** 20;

/**
 * Calls `visit` with each direct descriptor in the `fdinfo` of an io_uring ring that holds a socket, lowest first: its
 * number, and the inode as signed 32 bits. Returns whether the text lists all connections: the list is missing while
 * another thread uses the ring, and older kernels print the protocol instead of the inode.
 */
export function parseRingFiles(text: string, visit: (index: number, inode: number) => void): boolean {
  const match = FILES.exec(text);
  if (match === null) return false;
  let last = -1;
  let isTold = true;
  for (let at = match.index + match[0].length; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end);
    const [isFile, index, inode, protocol] = FILE.exec(line) ?? [];
    const number = Number(index);
    // descriptors come in order: the first line without one ends the list
    if (isFile === undefined || number <= last || number >= MOST_FILES) break;
    last = number;
    if (inode !== undefined) visit(number, Number(BigInt.asIntN(32, BigInt(inode))));
    if (protocol !== undefined) isTold = false;
    at += line.length + 1;
  }
  return isTold;
}
