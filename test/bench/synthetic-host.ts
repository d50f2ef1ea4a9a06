import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Libc } from '../../src/platform/linux/libc/libc.ts';
import { DATAGRAM_MESSAGES, MESSAGE_LENGTH, writeMessage } from './synthetic-dump.ts';
import { createSyntheticProcfs, FIRST_PID } from './synthetic-procfs.ts';

const PROCESSES = 50;
const NETLINK_FD = 9;
const SEQUENCE_WORD = 2;
const DONE = Uint8Array.from([20, 0, 0, 0, 3, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** A C library in front of a made-up machine. It makes no object per socket, so that what is measured is the caller's. */
export interface SyntheticHost {
  readonly libc: Libc;
  /** Calls since `forgetCalls`, by name. */
  readonly calls: Readonly<Record<string, number>>;
  forgetCalls(): void;
  /** Replaces every `step`th socket: another inode and another peer behind the same descriptor. */
  renew(step: number): void;
}

/** `sockets` sockets, a multiple of fifty, of fifty processes; `procfs` is an empty folder that stands for /proc. */
export function createSyntheticHost(sockets: number, procfs: string): SyntheticHost {
  const inodes = new Int32Array(sockets);
  const memory = new ArrayBuffer(sockets * MESSAGE_LENGTH);
  const words = new Int32Array(memory);
  const datagrams = splitDatagrams(memory);
  const done = DONE.slice();
  const doneWords = new Int32Array(done.buffer);
  const calls: Record<string, number> = {};
  let made = 0;
  let next = 0;
  for (let socket = 0; socket < sockets; socket++) make(socket);
  for (let pid = FIRST_PID; pid < FIRST_PID + PROCESSES; pid++)
    mkdirSync(join(procfs, String(pid), 'fd'), { recursive: true });
  const files = createSyntheticProcfs(inodes, sockets / PROCESSES);
  const libc = count({
    ...files,
    socket: () => NETLINK_FD,
    bind: () => 0,
    setsockopt: () => 0,
    send,
    recv,
    errno: () => 2,
  });
  return { libc, calls, forgetCalls, renew };

  function make(socket: number): void {
    inodes[socket] = 1000 + ++made;
    writeMessage(memory, socket, inodes[socket]!, made);
  }

  function renew(step: number): void {
    for (let socket = made % step; socket < sockets; socket += step) make(socket);
  }

  function send(_fd: number, request: Uint8Array): number {
    const sequence = new Int32Array(request.buffer)[SEQUENCE_WORD]!;
    for (let at = SEQUENCE_WORD; at < words.length; at += MESSAGE_LENGTH / 4) words[at] = sequence;
    doneWords[SEQUENCE_WORD] = sequence;
    next = 0;
    return request.length;
  }

  function recv(_fd: number, buffer: Uint8Array): number {
    const datagram = datagrams[next++] ?? done;
    buffer.set(datagram);
    return datagram.length;
  }

  function count(real: Libc): Libc {
    const counted = Object.entries(real).map(([name, call]) => [
      name,
      (a: number, b: number, c: number, d: number) => {
        calls[name] = (calls[name] ?? 0) + 1;
        return (call as (...args: number[]) => number)(a, b, c, d);
      },
    ]);
    return Object.fromEntries(counted);
  }

  function forgetCalls(): void {
    for (const name of Object.keys(calls)) delete calls[name];
  }
}

function splitDatagrams(memory: ArrayBuffer): Uint8Array[] {
  const length = DATAGRAM_MESSAGES * MESSAGE_LENGTH;
  return Array.from({ length: Math.ceil(memory.byteLength / length) }, (_, index) => {
    const start = index * length;
    return new Uint8Array(memory, start, Math.min(length, memory.byteLength - start));
  });
}
