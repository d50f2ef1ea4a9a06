import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import { createProcNetTcpReference } from '../../../../src/platform/linux/procfs/reference.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';

const FIXTURES = new URL('../../../fixtures/linux/procfs/self/net/', import.meta.url);

test('/proc/net/tcp as a reference: every socket once, though the kernel prints connections again under churn', async (t) => {
  const procfs = mkdtempSync(join(tmpdir(), 'tcpstate-reference-'));
  t.after(() => rmSync(procfs, { recursive: true }));
  mkdirSync(join(procfs, 'self/net'), { recursive: true });
  const [header, ...lines] = readFileSync(new URL('tcp', FIXTURES), 'utf8').trimEnd().split('\n');
  const isListener = (line: string) => / 0A /.test(line);
  const [listener, connection] = [lines.find(isListener)!, lines.find((line) => !isListener(line))!];
  writeFileSync(join(procfs, 'self/net/tcp'), `${[header, ...lines, connection, listener, connection].join('\n')}\n`);

  const reference = createProcNetTcpReference(procfs);
  const table = new SocketTable();
  const { unknownStateWords, ignored } = await reference.read(table);
  assert.equal(table.length, lines.length + 3);
  assert.deepEqual([...ignored], [lines.length, lines.length + 2], 'listeners may share address and port');
  assert.equal(unknownStateWords.size, 0);
  assert.deepEqual([reference.shows(TcpState.timeWait), reference.shows(TcpState.bound)], [true, false]);
});
