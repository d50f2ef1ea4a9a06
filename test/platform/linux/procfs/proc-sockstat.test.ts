import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSockstat, readTcpMemory } from '../../../../src/platform/linux/procfs/proc-sockstat.ts';
import { fakeProcfs, RECORDED } from './fake-procfs.ts';

test('turns the pages of a recorded kernel into bytes', () => {
  assert.deepEqual(readTcpMemory(RECORDED, 4096), {
    orphans: 1,
    orphanLimit: 131072,
    bytes: 966 * 4096,
    limitBytes: 575796 * 4096,
    allocated: 29,
  });
});

test('has no limits outside the initial network namespace', (t) => {
  const procfs = fakeProcfs(t, { 'sys/net/ipv4/tcp_mem': undefined, 'sys/net/ipv4/tcp_max_orphans': undefined });
  assert.deepEqual(readTcpMemory(procfs, 65536), { orphans: 1, bytes: 966 * 65536, allocated: 29 });
});

test('knows only the limits where there is no sockstat', (t) => {
  const procfs = fakeProcfs(t, { 'self/net/sockstat': undefined });
  assert.deepEqual(readTcpMemory(procfs, 4096), { orphanLimit: 131072, limitBytes: 575796 * 4096 });
});

test('leaves out what the line lacks, and counts below zero', () => {
  assert.deepEqual(parseSockstat('TCP: inuse 22 orphan 3\n', 'sockstat'), { orphans: 3 });
  assert.deepEqual(parseSockstat('TCP: orphan -2 alloc 9 mem 7\n', 'sockstat'), { allocated: 9, memoryPages: 7 });
  assert.deepEqual(parseSockstat('sockets: used 35\nTCP6: inuse 4\n', 'sockstat'), {});
});

test('takes a name for a name and a value for a value', () => {
  assert.deepEqual(parseSockstat('TCP: odd orphan orphan 5\n', 'sockstat'), { orphans: 5 });
});

test('names file and line of rubbish', () => {
  assert.throws(() => parseSockstat('sockets: used 1\nTCP: orphan\n', '/proc/net/sockstat'), {
    message: '/proc/net/sockstat, line 2: a name without a value',
  });
  assert.throws(() => parseSockstat('TCP: orphan 1 mem many\n', '/proc/net/sockstat'), {
    message: '/proc/net/sockstat, line 1, mem: not an integer: "many"',
  });
});

test('meets any text with counts or with an error that names the file', () => {
  const word = fc.constantFrom('TCP:', 'orphan', 'mem', '\n', '-1', '7', '99999999999999999999', '\0');
  fc.assert(
    fc.property(fc.array(word), fc.string(), (words, tail) => {
      try {
        for (const value of Object.values(parseSockstat(words.join(' ') + tail, 'sockstat'))) assert.ok(value >= 0);
      } catch (error) {
        assert.match((error as Error).message, /^sockstat, line \d+/);
      }
    }),
    { numRuns: 2000 },
  );
});
