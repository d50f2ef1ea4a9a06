import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadLibc } from '../../../../src/platform/linux/libc/libc.ts';
import { createIdentityReader, parseStat } from '../../../../src/platform/linux/owners/process-identity.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';

const ARG_START = 0x7ffd_1234_5678;

/** Fields 4 to 52 of /proc/PID/stat; `threads` is field 20, `startTime` field 22; field 48 is ARG_START. */
function fieldsBehindState(threads: number, startTime: number): string {
  const rest = Array.from({ length: 30 }, () => 2).with(48 - 23, ARG_START);
  return [...Array.from({ length: 16 }, () => 1), threads, 0, startTime, ...rest].join(' ');
}

function statLine(name: string, state = 'S', threads = 1, startTime = 4711): string {
  return `123 (${name}) ${state} ${fieldsBehindState(threads, startTime)}\n`;
}

describe('parseStat', () => {
  it('takes a name for what it is, whatever is in it', () => {
    for (const name of ['nginx', 'a) R (b', '(', ')', '((sd-pam))', '1 (x) S 1 1 1', 'two\nlines', '', ' ', '\ufffd'])
      assert.deepEqual(parseStat(statLine(name)), {
        name,
        startTime: 4711,
        argStart: ARG_START,
        threadCount: 1,
        isLeaderGone: false,
      });
  });

  it('finds any name and start time again', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), fc.nat(2 ** 40), (name, startTime) => {
        assert.deepEqual(parseStat(statLine(name, 'R', 3, startTime)), {
          name,
          startTime,
          argStart: ARG_START,
          threadCount: 3,
          isLeaderGone: false,
        });
      }),
    );
  });

  it('tells a process that goes on without its first thread from one that ended', () => {
    const isLeaderGone = (state: string, threads: number) => parseStat(statLine('x', state, threads))?.isLeaderGone;
    assert.equal(isLeaderGone('Z', 2), true);
    assert.equal(isLeaderGone('Z', 1), false);
    assert.equal(isLeaderGone('S', 2), false);
  });

  it('has no answer for a line that breaks off', () => {
    const line = statLine('name').slice(0, statLine('name').indexOf(' 4711'));
    for (let length = 0; length <= line.length; length++) assert.equal(parseStat(line.slice(0, length)), undefined);
  });
});

describe('createIdentityReader', () => {
  it('reads the name of a process, bytes that are no UTF-8 replaced', (t) => {
    const procfs = temporaryFolder(t);
    mkdirSync(join(procfs, '123/task/123'), { recursive: true });
    mkdirSync(join(procfs, '123/task/125'));
    const read = createIdentityReader(loadLibc(), procfs);
    const [before, behind] = statLine('~').split('~') as [string, string];
    const write = (name: Buffer, rest: string) =>
      writeFileSync(join(procfs, '123/stat'), Buffer.concat([Buffer.from(before), name, Buffer.from(rest)]));
    write(Buffer.from([0x61, 0xff, 0x29, 0x20, 0xc3]), behind);
    const known = { startTime: 4711, argStart: ARG_START, threadCount: 1 };
    assert.deepEqual(read(123), { ...known, name: 'a\ufffd) \ufffd', folder: '123' });

    write(Buffer.from('java'), statLine('', 'Z', 2).slice('123 ('.length));
    assert.deepEqual(read(123), { ...known, threadCount: 2, name: 'java', folder: '123/task/125' });
  });

  it('reads a thread under the name of its process, with its own start time and folder', (t) => {
    const procfs = temporaryFolder(t);
    mkdirSync(join(procfs, '123/task/125'), { recursive: true });
    const read = createIdentityReader(loadLibc(), procfs);
    writeFileSync(join(procfs, '123/stat'), statLine('java', 'S', 2));
    assert.equal(read(123, 125), undefined, 'it has ended');
    writeFileSync(join(procfs, '123/task/125/stat'), statLine('worker').replace(' 4711 ', ' 4800 '));
    const identity = { startTime: 4711, argStart: ARG_START, name: 'java', threadCount: 2 };
    assert.deepEqual(read(123, 125), { ...identity, folder: '123/task/125', threadStart: 4800 });
    rmSync(join(procfs, '123/stat'));
    assert.equal(read(123, 125), undefined);
  });

  it('calls what runs in Node.js 24, which names its first thread, by its program', (t) => {
    const procfs = temporaryFolder(t);
    mkdirSync(join(procfs, '123'));
    const nameAs = (name: string, program?: string) => {
      writeFileSync(join(procfs, '123/stat'), statLine(name));
      rmSync(join(procfs, '123/exe'), { force: true });
      if (program !== undefined) symlinkSync(program, join(procfs, '123/exe'));
      return createIdentityReader(loadLibc(), procfs)(123)?.name;
    };
    assert.equal(nameAs('MainThread'), 'MainThread', 'where the program may not be known');
    assert.equal(nameAs('MainThread', '/usr/local/bin/node'), 'node');
    assert.equal(nameAs('MainThread', '/usr/local/bin/node (deleted)'), 'node');
    assert.equal(nameAs('MainThread', '/opt/a-program-with-a-long-name'), 'a-program-with-');
    assert.equal(nameAs('shop', '/usr/local/bin/node'), 'shop', 'process.title');
  });

  it('has no answer for a process that is not there, or ended while it was read', (t) => {
    const procfs = temporaryFolder(t);
    mkdirSync(join(procfs, '124'));
    writeFileSync(join(procfs, '124/stat'), '');
    const read = createIdentityReader(loadLibc(), procfs);
    assert.equal(read(123), undefined);
    assert.equal(read(124), undefined);
  });

  it('agrees with what this process knows of itself', () => {
    const identity = createIdentityReader(loadLibc(), '/proc')(process.pid);
    assert.equal(identity?.folder, String(process.pid));
    assert.ok(identity.startTime > 0 && identity.name.length > 0);
    assert.ok(identity.argStart > 0xffff, 'its own it may read');
  });
});
