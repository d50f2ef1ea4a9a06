import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createProcNetTcpReader } from '../../../src/platform/linux/procfs/proc-net-tcp.ts';
import { decodeTcpLine } from '../../../src/platform/linux/procfs/tcp-line.ts';
import { SocketTable } from '../../../src/table/socket-table.ts';
import { answerOf, type FuzzTarget } from '../target.ts';
import { checkRows } from './check-rows.ts';
import { joinPieces, splitPieces } from './pieces.ts';

const TCP = 'linux/procfs/self/net/tcp';
const TCP6 = 'linux/procfs/self/net/tcp6';
/** Shorter than any line the kernel prints. */
const SHORTEST_LINE = 60;

export const PROC_NET_TCP: Readonly<Record<string, FuzzTarget>> = {
  'tcp-line': {
    drives: [
      'platform/linux/procfs/tcp-line.ts#decodeTcpLine',
      'platform/linux/procfs/ascii-cursor.ts#readHexWord',
      'platform/linux/procfs/ascii-cursor.ts#readHexLong',
      'platform/linux/procfs/ascii-cursor.ts#readDecimal',
      'platform/linux/procfs/ascii-cursor.ts#skipByte',
      'platform/linux/procfs/ascii-cursor.ts#skipPast',
    ],
    holds: 'one row or a refusal that names the column; bytes behind the end of the line change nothing',
    seeds: (read) => [TCP, TCP6].flatMap((file) => read(file).toString('latin1').split('\n').slice(1, 9)),
    run(input) {
      for (const isIpv6 of [false, true]) assert.deepEqual(decode(input, isIpv6, 0x20), decode(input, isIpv6, 0x41));
    },
  },
  'proc-net-tcp': {
    drives: [
      'platform/linux/procfs/proc-net-tcp.ts#createProcNetTcpReader',
      'platform/linux/procfs/proc-net-tcp.ts#readLines',
      'platform/linux/procfs/proc-net-tcp.ts#decodeLines',
      'platform/linux/procfs/tcp-line.ts#checkTcpHeader',
    ],
    holds: 'no more rows than lines, or a refusal that names file and line',
    seeds: (read) => [joinPieces([read(TCP), read(TCP6)]), joinPieces([read(TCP)])],
    words: ['\n', '\0'],
    run(input, folder) {
      const [tcp, tcp6] = splitPieces(input);
      write(`${folder}/self/net/tcp`, tcp);
      write(`${folder}/self/net/tcp6`, tcp6);
      const table = new SocketTable();
      const budget = { deadlineMs: performance.now() + 60_000, now: () => performance.now() };
      const says = /net\/tcp6?(, line \d+:| is empty)/;
      const isRead = answerOf(() => createProcNetTcpReader(folder).read(table, budget) ?? true, { says });
      // a refused line leaves a row half filled, which nobody reads
      if (isRead) checkRows(table, Math.ceil(input.length / SHORTEST_LINE));
    },
  },
};

function decode(line: Buffer, isIpv6: boolean, behind: number): unknown {
  const bytes = Buffer.concat([line, Buffer.alloc(32, behind)]);
  const table = new SocketTable();
  const cursor = { bytes, start: 0, at: 0, end: line.length };
  const isRead = answerOf(
    () => {
      decodeTcpLine(cursor, isIpv6, table);
      return true;
    },
    { says: / expected at column \d+/ },
  );
  assert.ok(cursor.at <= line.length, 'read beyond the end of the line');
  if (isRead) checkRows(table, 1);
  return [isRead, cursor.at, isRead && table.rowAt(0).owner, table.addresses.length];
}

function write(path: string, text: Buffer | undefined): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text ?? '');
}
