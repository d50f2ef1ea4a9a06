import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import { createProcNetTcpReader } from '../../../../src/platform/linux/procfs/proc-net-tcp.ts';
import { Reason, ROW_WORDS, type RowContents, Word } from '../../../../src/table/socket-row.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { rowsOfSs, rowsOfTable } from '../netlink/socket-rows.ts';
import { RECORDED, temporaryFolder } from './fake-procfs.ts';

const TCP = readFileSync(join(RECORDED, 'self/net/tcp'), 'latin1');
const TCP6 = readFileSync(join(RECORDED, 'self/net/tcp6'), 'latin1');
const HEADER = TCP.slice(0, TCP.indexOf('\n') + 1);
const FIRST_LINE = TCP.slice(HEADER.length, TCP.indexOf('\n', HEADER.length) + 1);
const UNLIMITED = { deadlineMs: Number.POSITIVE_INFINITY, now: () => 0 };

test('reads what ss saw at the same moment, both families', () => {
  const ss = readFileSync(join(RECORDED, '../ss-tanHOe.txt'), 'utf8');
  const rows = rowsOfTable(read(RECORDED));
  assert.deepEqual(rows, rowsOfSs(ss));
  assert.equal(rows.length, 32);
});

test('says all there is to a row, whatever stood in its place before', () => {
  const table = new SocketTable();
  (table.words as Int32Array).fill(99);
  createProcNetTcpReader(RECORDED).read(table, UNLIMITED);
  for (const [number, row] of rowsOf(table).entries()) {
    const remoteWord = table.words[number * ROW_WORDS + Word.remoteWord];
    assert.deepEqual([row.process, row.reason, row.group], [0, Reason.none, 0]);
    assert.equal(row.milliseconds > 0, row.state === TcpState.timeWait, `row ${number}`);
    assert.equal(remoteWord, table.addresses.word(row.remoteAddress, 3));
  }
});

test('turns the jiffies of TIME_WAIT into milliseconds', () => {
  const waiting = rowsOf(read(RECORDED)).filter(({ state }) => state === TcpState.timeWait);
  assert.deepEqual(
    waiting.map(({ milliseconds }) => milliseconds),
    [0x171e * 10, 0x171c * 10],
  );
});

test('knows the length of accept queues, but no limit', () => {
  const table = read(RECORDED);
  const filled = table.listenQueues.filter((queue) => queue.length > 0);
  assert.deepEqual(filled, [{ row: 3, length: 2, limit: undefined }]);
  assert.equal(table.rowAt(3).localPort, 38415);
  assert.equal(table.listenQueues.length, 9);
});

test('keeps a state it does not know as a row', (t) => {
  const line = FIRST_LINE.replace(' 0A ', ' 0F ');
  assert.match(rowsOfTable(read(withTables(t, { tcp: HEADER + line })))[0]!, /^unknown /);
});

test('does without IPv6, and with an empty table', (t) => {
  assert.equal(read(withTables(t, { tcp: TCP })).length, 25);
  assert.equal(read(withTables(t, { tcp: HEADER, tcp6: TCP6 })).length, 7);
});

test('needs the IPv4 table', (t) => {
  const procfs = withTables(t, { tcp6: TCP6 });
  assert.throws(() => read(procfs), { message: `cannot read ${procfs}/self/net/tcp: ENOENT` });
});

test('joins lines that the end of a read cuts', (t) => {
  const lines = Array.from({ length: 5000 }, (_, index) => {
    const port = (1 + (index % 65535)).toString(16).toUpperCase().padStart(4, '0');
    return `${String(index).padStart(4)}: 0100007F:${port} 0200007F:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 ${index + 7} 1\n`;
  });
  const table = read(withTables(t, { tcp: HEADER + lines.join('') }));
  const expected = lines.map((_, index) => `established ipv4 127.0.0.1:${index + 1} 127.0.0.2:443 owner ${index + 7}`);
  assert.deepEqual(rowsOfTable(table), expected.sort());
});

test('takes the largest values the kernel can print', (t) => {
  const line =
    '4294967295: FFFFFFFF:FFFF FFFFFFFF:FFFF 06 FFFFFFFF:FFFFFFFF FF:FFFFFFFFFFFFFFFF FFFFFFFF 4294967295 4294967295 4294967295 1 0\n';
  const table = read(withTables(t, { tcp: HEADER + line }));
  assert.deepEqual(rowsOfTable(table), ['time_wait ipv4 255.255.255.255:65535 255.255.255.255:65535 owner 4294967295']);
  assert.equal(table.rowAt(0).milliseconds, 2 ** 31 - 1);
});

const REFUSED: Readonly<Record<string, readonly [text: string, message: string]>> = {
  'an empty file': ['', 'net/tcp is empty: no header'],
  'another header': ['a b c\n', 'net/tcp, line 1: not the columns of a TCP table: "a b c"'],
  'columns in another order': [
    HEADER.replace('tx_queue rx_queue', 'rx_queue tx_queue'),
    'net/tcp, line 1: not the columns of a TCP table: "  sl  local_address rem_address   st rx_queue tx_queue tr tm->when retrnsmt   ui"',
  ],
  'no end of the last line': [HEADER + FIRST_LINE.trimEnd(), 'net/tcp, line 2: cut off, no end of line'],
  'a line cut short': [
    `${HEADER}${FIRST_LINE}   1: 0100007F:85F7 00\n`,
    'net/tcp, line 3: a hex digit expected at column 23, but the line ends',
  ],
  'a short address': [
    HEADER + FIRST_LINE.replace('0100007F:', '0100007:'),
    'net/tcp, line 2: a hex digit expected at column 14',
  ],
  'an inode beyond 32 bits': [
    HEADER + FIRST_LINE.replace(' 39992 ', ' 39992000000 '),
    'net/tcp, line 2: a number below 2^32 expected at column 102',
  ],
  'a negative uid': [
    HEADER + FIRST_LINE.replace('     0        0', '    -1        0'),
    'net/tcp, line 2: a decimal digit expected at column 80',
  ],
  'a timer of 17 digits': [
    HEADER + FIRST_LINE.replace(' 00:00000000 ', ' 00:00000000000000000 '),
    'net/tcp, line 2: at most 16 hex digits expected at column 75',
  ],
  'an empty line': [`${HEADER}\n`, 'net/tcp, line 2: ":" expected at column 1, but the line ends'],
  'a line without end': [HEADER + ' '.repeat(70_000), 'net/tcp, line 2: longer than 65536 bytes'],
  'IPv6 rows': [`${HEADER}${TCP6.split('\n')[1]}\n`, 'net/tcp, line 2: ":" expected at column 15'],
};

for (const [what, [text, message]] of Object.entries(REFUSED)) {
  test(`refuses ${what} by file and line`, (t) => {
    const procfs = withTables(t, { tcp: text });
    assert.throws(() => read(procfs), { message: `${procfs}/self/${message}` });
  });
}

test('stops at its deadline', (t) => {
  const procfs = withTables(t, { tcp: HEADER + FIRST_LINE.repeat(2000) });
  let clock = 0;
  assert.throws(
    () => read(procfs, { deadlineMs: 2, now: () => clock++ }),
    (error: Error) => {
      assert.match(error.message, /^reading .*\/self\/net\/tcp missed the deadline at 1\d\d\d sockets$/);
      return true;
    },
  );
});

test('every truncation is refused, except between lines', (t) => {
  const text = HEADER + FIRST_LINE;
  const procfs = withTables(t, {});
  for (let length = 0; length < text.length; length++) {
    writeTable(procfs, 'tcp', text.slice(0, length));
    if (length === HEADER.length) assert.equal(read(procfs).length, 0);
    else assert.throws(() => read(procfs), /\/self\/net\/tcp(, line [12]: cut off| is empty)/);
  }
});

test('meets any noise with rows or with an error that names file and line', (t) => {
  const place = fc.tuple(fc.nat(TCP6.length - 1), fc.constantFrom('\n', ' ', ':', 'g', '0', 'F', '\0', '\xff', ''));
  const procfs = withTables(t, { tcp: HEADER });
  fc.assert(
    fc.property(fc.array(place, { minLength: 1, maxLength: 5 }), (changes) => {
      let text = TCP6;
      for (const [at, character] of changes) text = text.slice(0, at) + character + text.slice(at + 1);
      writeTable(procfs, 'tcp6', text);
      try {
        read(procfs);
      } catch (error) {
        assert.match((error as Error).message, /\/self\/net\/tcp6, line \d+: /);
      }
    }),
    { numRuns: 1000 },
  );
});

function read(procfs: string, budget = UNLIMITED): SocketTable {
  const table = new SocketTable();
  createProcNetTcpReader(procfs).read(table, budget);
  return table;
}

function rowsOf(table: SocketTable): RowContents[] {
  return Array.from({ length: table.length }, (_, row) => table.rowAt(row));
}

/** A procfs with these two tables and nothing else. */
function withTables(t: TestContext, tables: { readonly tcp?: string; readonly tcp6?: string }): string {
  const procfs = temporaryFolder(t);
  mkdirSync(join(procfs, 'self/net'), { recursive: true });
  for (const [name, text] of Object.entries(tables)) writeTable(procfs, name, text);
  return procfs;
}

function writeTable(procfs: string, name: string, text: string): void {
  writeFileSync(join(procfs, 'self/net', name), text, 'latin1');
}
