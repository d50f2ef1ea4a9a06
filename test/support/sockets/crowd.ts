import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { errnoName } from '../../../src/platform/linux/libc/libc.ts';
import { socketAddress } from './raw-sockets.ts';
import type { End } from './tcp-segment.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOL_TCP = 6;
const TCP_REPAIR = 19;
const REPAIR_ON = new Int32Array([1]);
/** Most sockets one holder gets, and how many of the descriptors a process may have stay for its other files. */
const SOCKETS_PER_HOLDER = 16_000;
const OTHER_FILES = 3000;
/** They end by themselves even if nobody is left to stop them. */
const HOLDER_LIFE_SECONDS = '120';

/** A connection in ESTABLISHED whose peer need not exist. */
export interface Stand {
  readonly local: End;
  readonly remote: End;
}

/**
 * Makes ESTABLISHED sockets by the hundred thousand, without a handshake and without a packet (TCP_REPAIR): they are
 * handed to processes that do nothing but hold them.
 */
export function createCrowd() {
  const lib = koffi.load(null);
  const socket = lib.func('int socket(int domain, int type, int protocol)');
  const setsockopt = lib.func('int setsockopt(int fd, int level, int name, void *value, uint32_t length)');
  const bind = lib.func('int bind(int fd, void *address, uint32_t length)');
  const connect = lib.func('int connect(int fd, void *address, uint32_t length)');
  const close = lib.func('int close(int fd)');
  const holders: ChildProcess[] = [];

  return { open, leave: (fd: number) => check(close(fd), 'close'), hold, disperse };

  /** One socket, held by this process and by those it starts while it has it. */
  function open({ local, remote }: Stand): number {
    const from = socketAddress(...local);
    const to = socketAddress(...remote);
    const fd = check(socket(from.length === 16 ? AF_INET : AF_INET6, SOCK_STREAM, 0), 'socket');
    check(setsockopt(fd, SOL_TCP, TCP_REPAIR, REPAIR_ON, 4), 'TCP_REPAIR');
    check(bind(fd, from, from.length), `bind ${local.join(':')}`);
    check(connect(fd, to, to.length), `connect ${remote.join(':')}`);
    return fd;
  }

  /** Opens sockets and lets other processes have them. */
  function hold(stands: readonly Stand[]): void {
    const most = Math.min(SOCKETS_PER_HOLDER, readDescriptorLimit() - OTHER_FILES);
    if (most < 1) throw new Error('a process may not have enough file descriptors here (ulimit -Hn)');
    for (let start = 0; start < stands.length; start += most) {
      const fds = stands.slice(start, start + most).map(open);
      holders.push(spawn('sleep', [HOLDER_LIFE_SECONDS], { stdio: 'ignore' })); // inherits what is open now
      for (const fd of fds) check(close(fd), 'close');
    }
  }

  /** Ends the holders; in repair mode their sockets go without a word to their peers. */
  async function disperse(): Promise<void> {
    await Promise.all(
      holders.map(async (holder) => {
        const exit = holder.exitCode ?? holder.signalCode ?? once(holder, 'exit');
        holder.kill('SIGKILL');
        await exit;
      }),
    );
  }
}

/** Node has raised its own limit to the hard one. */
function readDescriptorLimit(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
}

function check(result: number, call: string): number {
  if (result < 0) throw new Error(`${call}: ${errnoName(koffi.errno())}`);
  return result;
}
