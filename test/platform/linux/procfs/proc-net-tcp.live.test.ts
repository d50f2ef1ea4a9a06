import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import { createProcNetTcpReader } from '../../../../src/platform/linux/procfs/proc-net-tcp.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { rowsOfSs, rowsOfTable } from '../netlink/socket-rows.ts';
import { temporaryFolder } from './fake-procfs.ts';

const ZOO = fileURLToPath(new URL('../netlink/socket-zoo.ts', import.meta.url));
const canUnshare = spawnSync('unshare', ['-n', 'true']).status === 0;

test('reads the sockets of a network namespace as ss does', {
  skip: !canUnshare && 'needs "unshare -n"',
}, async (t) => {
  const pid = await startZoo(t);
  const procfs = temporaryFolder(t);
  symlinkSync(`/proc/${pid}`, join(procfs, 'self'));
  const table = new SocketTable();
  createProcNetTcpReader(procfs).read(table, { deadlineMs: Number.POSITIVE_INFINITY, now: () => 0 });
  const ss = execFileSync('nsenter', ['-t', `${pid}`, '-n', 'ss', '-tanHOe'], { encoding: 'utf8' });

  const rows = rowsOfTable(table);
  assert.deepEqual(rows, rowsOfSs(ss));
  const kinds = new Set(rows.map((row) => row.split(' ', 2).join(' ')));
  assert.deepEqual([...kinds].sort(), [
    'close_wait ipv4',
    'established ipv4',
    'established ipv6',
    'fin_wait2 ipv4',
    'listen ipv4',
    'listen ipv6',
    'syn_sent ipv4',
    'time_wait ipv4',
    'time_wait ipv6',
  ]);
  assert.ok(
    rows.some((row) => / queue [123]$/.test(row)),
    'a listener has connections waiting',
  );
  for (let row = 0; row < table.length; row++) {
    const { state, milliseconds: left } = table.rowAt(row);
    if (state === TcpState.timeWait) assert.ok(left > 40_000 && left <= 60_000, `${left} ms left`);
  }
});

/** The pid of a process that keeps sockets in many states in a network namespace of its own. */
async function startZoo(t: TestContext): Promise<number> {
  const script = 'ip link set lo up && ip route add 10.255.0.0/16 dev lo && exec "$1" --import tsx "$2"';
  const zoo = spawn('unshare', ['-n', 'sh', '-c', script, 'sh', process.execPath, ZOO], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(async () => {
    zoo.stdin.end();
    if (zoo.exitCode === null) await once(zoo, 'exit');
  });
  await Promise.race([
    once(zoo.stdout, 'data'),
    once(zoo, 'exit').then(([code]) => assert.fail(`the socket zoo ended with ${code}`)),
  ]);
  return zoo.pid!;
}
