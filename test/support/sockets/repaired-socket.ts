import { constants } from 'node:os';
import koffi from 'koffi';
import { errnoName } from '../../../src/platform/linux/libc/libc.ts';
import type { createRawSockets } from './raw-sockets.ts';
import type { End } from './tcp-segment.ts';

/** Sequence numbers of a repaired connection: the first byte either side has not sent yet. */
export const SEQUENCE = { ours: 1000, peers: 2000 } as const;

// include/uapi/linux/tcp.h
const SOL_TCP = 6;
const TCP_INFO = 11;
const TCP_REPAIR = 19;
const TCP_REPAIR_QUEUE = 20;
const TCP_QUEUE_SEQ = 21;
const TCP_REPAIR_WINDOW = 29;
const TCP_RECV_QUEUE = 1;
const TCP_SEND_QUEUE = 2;
const REPAIR_ON = 1;
/** Without the window probe that TCP_REPAIR_OFF would send. */
const REPAIR_OFF_SILENTLY = -1;
const WINDOW = 65_535;

const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

/** Connections without a handshake (TCP_REPAIR), and a look at the state of a socket. */
export function createRepairedSockets(sockets: ReturnType<typeof createRawSockets>) {
  const lib = koffi.load(null);
  const setsockopt = lib.func('int setsockopt(int fd, int level, int name, void *value, uint32_t length)');
  const getsockopt = lib.func('int getsockopt(int fd, int level, int name, void *value, void *length)');
  const fcntl = lib.func('int fcntl(int fd, int command, int flags)');

  return { establish, connectWithoutWaiting, stateOf };

  /**
   * A socket in ESTABLISHED whose peer need not exist and is told nothing. It goes past the rules of bind(): its local
   * port may also be a listener's. `keepsSilent`: it stays in repair mode, so that it is closed without a word, too.
   */
  function establish(local: End, remote: End, keepsSilent = false): number {
    const fd = sockets.open(local[0]);
    set(fd, TCP_REPAIR, [REPAIR_ON]);
    if (!keepsSilent) {
      set(fd, TCP_REPAIR_QUEUE, [TCP_SEND_QUEUE]);
      set(fd, TCP_QUEUE_SEQ, [SEQUENCE.ours]);
      set(fd, TCP_REPAIR_QUEUE, [TCP_RECV_QUEUE]);
      set(fd, TCP_QUEUE_SEQ, [SEQUENCE.peers]);
    }
    sockets.bind(fd, ...local);
    sockets.connect(fd, ...remote);
    if (keepsSilent) return fd;
    // struct tcp_repair_window: snd_wl1, snd_wnd, max_window, rcv_wnd, rcv_wup
    set(fd, TCP_REPAIR_WINDOW, [SEQUENCE.peers, WINDOW, WINDOW, WINDOW, SEQUENCE.peers]);
    set(fd, TCP_REPAIR, [REPAIR_OFF_SILENTLY]);
    return fd;
  }

  /** A connect() that is under way. Without a local end the kernel chooses one. */
  function connectWithoutWaiting(remote: End, local?: End): number {
    const fd = sockets.open(remote[0]);
    if (local !== undefined) sockets.bind(fd, ...local);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) throw new Error(`fcntl: ${errnoName(koffi.errno())}`);
    const outcome = sockets.tryConnect(fd, ...remote);
    if (outcome === undefined) throw new Error(`connect ${remote.join(':')}: it is there at once`);
    if (koffi.errno() !== constants.errno.EINPROGRESS) throw new Error(`connect ${remote.join(':')}: ${outcome}`);
    return fd;
  }

  /** The kernel's number of a socket's state: the first byte of struct tcp_info. */
  function stateOf(fd: number): number {
    const info = new Uint8Array(8);
    if (getsockopt(fd, SOL_TCP, TCP_INFO, info, new Uint32Array([info.length])) < 0)
      throw new Error(`TCP_INFO: ${errnoName(koffi.errno())}`);
    return info[0]!;
  }

  function set(fd: number, name: number, values: readonly number[]): void {
    const bytes = new Int32Array(values);
    if (setsockopt(fd, SOL_TCP, name, bytes, bytes.byteLength) < 0)
      throw new Error(`setsockopt(${name}): ${errnoName(koffi.errno())}`);
  }
}
