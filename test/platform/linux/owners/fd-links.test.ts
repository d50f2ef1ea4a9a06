import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { type Libc, loadLibc } from '../../../../src/platform/linux/libc/libc.ts';
import {
  createFdLinks,
  DENIED,
  DONE,
  GONE,
  NOT_A_SOCKET,
  parseLink,
  RING,
} from '../../../../src/platform/linux/owners/fd-links.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';

const { ENOENT, ESRCH, EACCES, EPERM, EIO } = constants.errno;
/** More than fit into one reading of the folder. */
const MANY = 3000;

describe('parseLink', () => {
  it('reads every inode as signed 32 bits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 - 4 }), (inode) => {
        assert.equal(parse(`socket:[${inode}]`), inode | 0);
      }),
    );
    assert.equal(parse('socket:[2147483648]'), -(2 ** 31));
  });

  it('takes an inode for none that would read as another answer', () => {
    for (const inode of [2 ** 32 - 1, 2 ** 32 - 2, 2 ** 32 - 3]) assert.equal(parse(`socket:[${inode}]`), NOT_A_SOCKET);
  });

  it('knows rings of io_uring', () => {
    assert.equal(parse('anon_inode:[io_uring]'), RING);
    for (const other of [
      'anon_inode:[io_urin]',
      'anon_inode:[io_uring]]',
      'anon_inode:[eventfd]',
      'anon_inode:[io_urinG]',
    ])
      assert.equal(parse(other), NOT_A_SOCKET);
  });

  it('knows other files, and nothing behind the length it was given', () => {
    for (const text of [
      '',
      'socket:',
      'socket:[5',
      'socket:[5x]',
      'socket:[-5]',
      'socket:[5]]',
      'pipe:[5]',
      '/tmp/socket:[5]',
      'anon_inode:[eventpoll]',
      'Socket:[5]',
    ])
      assert.equal(parse(text), NOT_A_SOCKET);
    assert.equal(parseLink(Buffer.from('socket:[12]345]'), 'socket:[12]'.length), 12);
  });
});

describe('createFdLinks', () => {
  it('tells sockets from other descriptors and from none', (t) => {
    const { procfs, add } = fakeProcess(t);
    const links = createFdLinks(loadLibc(), procfs);
    add(0, '/dev/null');
    add(3, 'socket:[17]');
    add(4, 'pipe:[18]');
    add(1_048_575, 'socket:[4026531841]');
    const directory = links.open('42');
    t.after(() => links.close(directory));
    assert.deepEqual(
      [0, 1, 3, 4, 10, 1_048_575].map((fd) => links.linkOf(directory, fd)),
      [NOT_A_SOCKET, GONE, 17, NOT_A_SOCKET, GONE, 4026531841 | 0],
    );
  });

  it('lists every descriptor once, however many there are, and nothing else', (t) => {
    const { procfs, folder, add } = fakeProcess(t);
    const links = createFdLinks(loadLibc(), procfs);
    for (let fd = 0; fd < MANY; fd++) add(fd, `socket:[${fd + 1}]`);
    for (const name of ['x', '1x', '-1']) writeFileSync(join(folder, name), '');
    const directory = links.open('42');
    t.after(() => links.close(directory));
    const seen: number[] = [];
    assert.equal(
      links.list(directory, 0, (fd) => seen.push(fd) > 0),
      DONE,
    );
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      Array.from({ length: MANY }, (_, fd) => fd),
    );
  });

  it('goes on in a real process where it stopped', (t) => {
    const links = createFdLinks(loadLibc(), '/proc');
    const directory = links.open(String(process.pid));
    t.after(() => links.close(directory));
    const all: number[] = [];
    assert.equal(
      links.list(directory, 0, (fd) => all.push(fd) > 0),
      DONE,
    );
    assert.ok(all.length > 5 && all.includes(directory));
    const middle = all[3]!;
    const again = links.open(String(process.pid));
    const stopped = links.list(again, 0, (fd) => fd !== middle);
    assert.equal(stopped, middle);
    const rest: number[] = [];
    links.list(again, stopped, (fd) => rest.push(fd) > 0);
    links.close(again);
    assert.deepEqual(
      rest.filter((fd) => fd !== again),
      all.slice(3),
    );
  });

  it('finds nothing in an open folder once its process has ended', async (t) => {
    const links = createFdLinks(loadLibc(), '/proc');
    assert.equal(createFdLinks(loadLibc(), temporaryFolder(t)).open('42'), GONE);
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    const exit = once(child, 'exit');
    t.after(() => child.kill('SIGKILL'));
    const directory = links.open(String(child.pid));
    t.after(() => links.close(directory));
    assert.equal(links.linkOf(directory, 0), NOT_A_SOCKET);
    child.kill('SIGKILL');
    await exit;
    assert.equal(links.linkOf(directory, 0), GONE);
    const seen: number[] = [];
    assert.ok([GONE, DONE].includes(links.list(directory, 0, (fd) => seen.push(fd) > 0)));
    assert.deepEqual(seen, []);
  });

  it('tells what is gone from what is denied, and takes no other failure for an answer', () => {
    for (const [errno, answer] of [
      [ENOENT, GONE],
      [ESRCH, GONE],
      [EACCES, DENIED],
      [EPERM, DENIED],
    ] as const) {
      const links = createFdLinks(failingLibc(errno), '/proc');
      assert.deepEqual([links.open('42'), links.linkOf(9, 1), links.list(9, 0, () => true)], [answer, answer, answer]);
    }
    const links = createFdLinks(failingLibc(EIO), '/proc');
    for (const call of [() => links.open('42'), () => links.linkOf(9, 1), () => links.list(9, 0, () => true)])
      assert.throws(call, { code: 'EIO' });
  });

  it('refuses records of a folder whose length cannot be', () => {
    for (const size of [0, 19, 65]) {
      const libc: Libc = {
        ...failingLibc(EIO),
        getdents64(_fd, buffer) {
          new DataView(buffer.buffer, buffer.byteOffset).setUint16(16, size, true);
          return 64;
        },
      };
      assert.throws(() => createFdLinks(libc, '/proc').list(9, 0, () => true), /getdents64/);
    }
  });
});

function parse(text: string): number {
  return parseLink(Buffer.from(text), text.length);
}

/** A procfs with process 42; `add` gives it a descriptor. */
function fakeProcess(t: TestContext) {
  const procfs = temporaryFolder(t);
  const folder = join(procfs, '42/fd');
  mkdirSync(folder, { recursive: true });
  return { procfs, folder, add: (fd: number, target: string) => symlinkSync(target, join(folder, String(fd))) };
}

/** Every call fails. */
function failingLibc(errno: number): Libc {
  const fail = () => -1;
  return { ...loadLibc(), open: fail, readlinkat: fail, getdents64: fail, lseek: () => 0, errno: () => errno };
}
