import { TcpState } from '../../../model/tcp-state.ts';
import { ROW_WORDS, stateOf, Word } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { Libc } from '../libc/libc.ts';
import { decodeLookup, encodeLookup, type FoundSocket, NO_SOCKET, REQUEST_LENGTH } from './lookup-request.ts';
import { allocateNetlinkBuffer, NetlinkError } from './netlink.ts';
import { openSockDiag, receiveDatagram, sendRequest } from './sock-diag-socket.ts';

/** One message with the few requested attributes. */
const BUFFER_LENGTH = 8 * 1024;
/** Most datagrams of other requests before the answer. */
const MOST_STRAY = 16;

/**
 * Asks the kernel about single sockets: 5 µs each, 7.5 with WITH_TCP_INFO (100,000 look-ups of one socket), as long as
 * two links of /proc/PID/fd.
 */
export interface SocketLookup {
  /**
   * What the kernel now has under the addresses and ports of a row; undefined if there is no such connection any more.
   * It may be a different socket than the row's: compare `inode`. Only for rows that pass `canLookUp`. `extensions` as
   * in `encodeLookup`. Throws SystemCallError or NetlinkError if the kernel does not answer.
   */
  lookUp(table: SocketTable, row: number, extensions?: number): FoundSocket | undefined;
  close(): void;
}

/** Looks sockets up. It keeps one netlink socket, and replaces it after a failure. */
export function createSocketLookup(libc: Libc): SocketLookup {
  const buffer = allocateNetlinkBuffer(BUFFER_LENGTH);
  const request = allocateNetlinkBuffer(REQUEST_LENGTH);
  let fd = -1;
  let sequence = 0;

  return { lookUp, close };

  function lookUp(table: SocketTable, row: number, extensions = 0): FoundSocket | undefined {
    const boundInterface = table.addresses.scopeOf(table.words[row * ROW_WORDS + Word.remoteAddress]!);
    sequence = (sequence + 1) & 0x7fffffff;
    encodeLookup(request, sequence, table, row, boundInterface, extensions);
    const answer = ask();
    // without a connection the kernel answers with the listener that would get it
    return answer === NO_SOCKET || answer.state === TcpState.listen ? undefined : answer;
  }

  function ask(): FoundSocket | typeof NO_SOCKET {
    try {
      if (fd < 0) fd = openSockDiag(libc);
      sendRequest(libc, fd, request.bytes);
      for (let stray = 0; stray < MOST_STRAY; stray++) {
        const answer = decodeLookup(buffer, receiveDatagram(libc, fd, buffer), sequence);
        if (answer !== undefined) return answer;
      }
      throw new NetlinkError('a look-up was not answered', 'EBADMSG');
    } catch (error) {
      close(); // a late answer must not count for the next request
      throw error;
    }
  }

  function close(): void {
    if (fd >= 0) libc.close(fd);
    fd = -1;
  }
}

/**
 * Whether addresses and ports identify a row's socket: listeners may share them, and sockets that are only bound are in
 * none of the tables that the kernel searches.
 */
export function canLookUp({ words }: SocketTable, row: number): boolean {
  const state = stateOf(words, row * ROW_WORDS);
  return state !== TcpState.listen && state !== TcpState.bound;
}
