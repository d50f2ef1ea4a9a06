import { constants } from 'node:os';
import type { Libc } from '../../../../src/platform/linux/libc/libc.ts';

/** What recv() answers: bytes (under the sequence of the last request, or `stray` as they are), or the name of an errno. */
export type Answer = Buffer | { readonly stray: Buffer } | keyof typeof constants.errno;

/** A C library whose netlink sockets give these answers, one list per socket opened. */
export function fakeNetlink(...sockets: Answer[][]) {
  const calls: string[] = [];
  let errno = 0;
  let current: Answer[] = [];
  let sequence = 0;
  const fail = (name: keyof typeof constants.errno) => {
    errno = constants.errno[name];
    return -1;
  };
  const libc: Partial<Libc> = {
    socket() {
      calls.push('socket');
      const answers = sockets.shift();
      if (answers === undefined) return fail('EMFILE');
      current = [...answers];
      return 9;
    },
    setsockopt: () => 0,
    send(_fd, buffer) {
      calls.push('send');
      sequence = Buffer.from(buffer).readUInt32LE(8);
      return buffer.length;
    },
    recv(_fd, buffer, length) {
      const answer = current.shift() ?? 'EAGAIN';
      if (typeof answer === 'string') return fail(answer);
      const bytes = 'stray' in answer ? answer.stray : answersTo(sequence, answer);
      buffer.set(bytes.subarray(0, length));
      return bytes.length;
    },
    close() {
      calls.push('close');
      return 0;
    },
    errno: () => errno,
  };
  return { libc: libc as Libc, calls };
}

function answersTo(sequence: number, datagram: Buffer): Buffer {
  const bytes = Buffer.from(datagram);
  for (let at = 0; at + 16 <= bytes.length; at += (bytes.readUInt32LE(at) + 3) & ~3)
    bytes.writeUInt32LE(sequence, at + 8);
  return bytes;
}
