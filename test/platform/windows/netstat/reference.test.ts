import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import { createNetstatReferences } from '../../../../src/platform/windows/netstat/reference.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { describeRows } from '../hand-made-table.ts';
import { readWindowsFixture } from '../recorded.ts';

const PROGRAM = 'C:\\Windows\\system32\\netstat.exe';

describe('netstat as a reference', () => {
  it('is asked by its full path, -ano for all but the bound sockets', async () => {
    const { all, calls } = references({ '-ano': 'netstat.en.txt' });
    const table = new SocketTable();
    const { unknownStateWords } = await all.read(table);
    assert.deepEqual(calls, [[PROGRAM, '-ano']]);
    assert.equal(table.length, 10);
    assert.equal(unknownStateWords.size, 0);
    assert.deepEqual([all.name, all.ownerIs, all.isOptional], ['netstat -ano', 'pid', false]);
    assert.deepEqual([all.shows(TcpState.listen), all.shows(TcpState.bound)], [true, false]);
  });

  it('passes on the words of a language that is not known', async () => {
    const { all } = references({ '-ano': 'netstat.fr.txt' });
    const { unknownStateWords } = await all.read(new SocketTable());
    assert.deepEqual(new Set(unknownStateWords.values()), new Set(["? L'?COUTE", '?TABLI']));
  });

  it('is asked by -anoq for the bound sockets, without those that are another socket shown once more', async () => {
    const { bound, calls } = references({ '-anoq': 'netstat-bound.en.txt' });
    const table = new SocketTable();
    const { ignored } = await bound.read(table);
    assert.deepEqual(calls, [[PROGRAM, '-anoq']]);
    assert.deepEqual([bound.shows(TcpState.listen), bound.shows(TcpState.bound)], [false, true]);
    assert.deepEqual(
      describeRows(table).filter((row, index) => row.includes(' bound ') && !ignored.has(index)),
      [
        'ipv4 bound 0.0.0.0:50200 0.0.0.0:0 pid 2216',
        'ipv4 bound 10.1.0.7:50201 0.0.0.0:0 pid 2216',
        'ipv6 bound :::50201 :::0 pid 5120',
      ],
    );
    assert.equal(bound.isOptional, true);
  });

  it('cannot tell bound sockets in a language that is not known', async () => {
    const { bound } = references({ '-anoq': 'netstat.fr.txt' });
    await assert.rejects(bound.read(new SocketTable()), {
      message: `it names states in an unknown language: "? L'?COUTE"`,
    });
  });

  it('passes on that netstat fails', async () => {
    const { all } = references({});
    await assert.rejects(all.read(new SocketTable()), { message: 'no such answer' });
  });
});

/** Both, over a netstat that answers with fixtures. */
function references(answers: Readonly<Record<string, string>>) {
  const calls: (readonly string[])[] = [];
  const [all, bound] = createNetstatReferences(async (program, args) => {
    calls.push([program, ...args]);
    const fixture = answers[args[0]!];
    if (fixture === undefined) throw new Error('no such answer');
    return readWindowsFixture(fixture).toString('latin1');
  }, PROGRAM);
  return { all: all!, bound: bound!, calls };
}
