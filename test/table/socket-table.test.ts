import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TcpState } from '../../src/model/tcp-state.ts';
import { chunksOf, positionOf } from '../../src/table/row-changes.ts';
import { Family, Flag, packPorts, packUse, ROW_WORDS, readRow, Word } from '../../src/table/socket-row.ts';
import { SocketTable } from '../../src/table/socket-table.ts';

/** A socket is told by its number: the inode, and the address of the peer. */
function append(table: SocketTable, socket: number, state: TcpState = TcpState.established): number {
  const { addresses } = table;
  const remote = addresses.internIpv4(socket);
  const use = packUse(state, Family.v4, socket % 5);
  return table.append(packPorts(80, socket & 0xffff), socket, socket, addresses.internIpv4(-1), remote, use, socket);
}

/** A scrape by a reader that compares with the rows of the last one. */
function turn(table: SocketTable, sockets: readonly number[]): void {
  table.turn();
  for (const socket of sockets) {
    let old = table.next;
    while (old < table.end && table.words[old * ROW_WORDS + Word.owner] !== socket) old++;
    if (old < table.end) table.keep(old);
    else append(table, socket);
  }
  table.finish();
}

function socketsOf(table: SocketTable): number[] {
  return Array.from({ length: table.length }, (_, row) => table.rowAt(row).owner);
}

function removedOf({ changes }: SocketTable): number[] {
  return Array.from(
    { length: changes.removedLength },
    (_, row) => readRow(changes.removed.words, row * ROW_WORDS).owner,
  );
}

function addedOf(table: SocketTable): number[] {
  const { added } = table;
  return Array.from({ length: added.length }, (_, index) => readRow(table.words, positionOf(added, index)).owner);
}

const range = (from: number, end: number) => Array.from({ length: end - from }, (_, index) => from + index);

describe('SocketTable', () => {
  it('gives back what a row was made of, at the limits of every field', () => {
    const table = new SocketTable();
    const { addresses } = table;
    const [v4, v6] = [addresses.internIpv4(-2), addresses.intern(-1, -1, -1, -1)];
    table.append(packPorts(65_535, 65_534), -2, -5, v6, v4, packUse(TcpState.bound, Family.v6, 0xffff), -7);
    table.setOwner(0, 12, 4);
    assert.deepEqual(table.rowAt(0), {
      state: TcpState.bound,
      family: Family.v6,
      localPort: 65_535,
      remotePort: 65_534,
      localAddress: v6,
      remoteAddress: v4,
      owner: -5,
      process: 12,
      reason: 4,
      group: 0xffff,
      milliseconds: -7,
    });
  });

  it('keeps the rows it has while it grows', () => {
    const table = new SocketTable();
    for (const socket of range(0, 10_000)) append(table, socket);
    assert.deepEqual(socketsOf(table), range(0, 10_000));
    assert.equal(table.addresses.used, 10_001);
  });

  it('knows how many rows are in CLOSE_WAIT, whatever came, left or was forgotten', () => {
    const table = new SocketTable();
    const seen: number[] = [];
    const scrape = (sockets: readonly number[]) => {
      turn(table, sockets);
      if (!sockets.includes(7)) append(table, 7, TcpState.closeWait);
      table.commit();
      seen.push(table.closeWaiting);
    };
    append(table, 1, TcpState.closeWait);
    append(table, 2);
    table.commit();
    scrape([1, 2]); // 7 comes
    scrape([1, 2, 7]);
    table.touch(0);
    scrape([2, 7]);
    scrape([2]); // 7 leaves, and comes again
    table.recount();
    scrape([7]);
    table.reset();
    assert.deepEqual([...seen, table.closeWaiting], [2, 2, 1, 1, 1, 0]);
  });

  it('tells what came and what left, in any order, and holds the addresses of what is there', () => {
    const scrapes = fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 60 }), { maxLength: 12 });
    fc.assert(
      fc.property(scrapes, (all) => {
        const table = new SocketTable();
        let before: readonly number[] = [];
        for (const [scrape, sockets] of all.entries()) {
          turn(table, sockets);
          assert.deepEqual(socketsOf(table), sockets);
          const [came, left] = [new Set(addedOf(table)), new Set(removedOf(table))];
          assert.equal(table.changes.isFullRecount, scrape === 0);
          if (scrape > 0) {
            // a row that changed its place may be in both
            const stayed = before.filter((socket) => !left.has(socket));
            assert.deepEqual([...stayed, ...came].toSorted(), [...sockets].toSorted());
          } else assert.deepEqual([...came], sockets);
          table.commit();
          assert.equal(table.addresses.used, sockets.length === 0 ? 0 : sockets.length + 1);
          before = sockets;
        }
      }),
      { numRuns: 200 },
    );
  });

  it('makes room in front of rows that are still to come', () => {
    const table = new SocketTable();
    turn(table, range(1_000_000, 1_003_000));
    table.commit();
    const sockets = [
      ...range(1, 2001),
      ...range(1_000_000, 1_001_500),
      ...range(5001, 9001),
      ...range(1_001_500, 1_003_000),
    ];
    turn(table, sockets);
    assert.deepEqual(socketsOf(table), sockets);
    assert.deepEqual(removedOf(table), []);
    assert.deepEqual(addedOf(table), [...range(1, 2001), ...range(5001, 9001)]);
  });

  it('keeps what a row was counted under when it gets another content', () => {
    const table = new SocketTable();
    turn(table, [1, 2, 3]);
    table.commit();
    turn(table, [1, 2, 3]);
    for (const process of [8, 9]) table.setOwner(1, process, 0);
    assert.deepEqual(removedOf(table), [2]);
    const old = table.changes.removed.words;
    assert.deepEqual([old[Word.process], old[Word.use]! & Flag.replaced], [0, Flag.replaced]);
    assert.deepEqual(addedOf(table), [2]);
    assert.equal(table.rowAt(1).process, 9);
    table.commit();
    assert.equal(table.addresses.used, 4, 'the row is still there');
    turn(table, [1, 2, 3]);
    assert.deepEqual([removedOf(table), addedOf(table)], [[], []]);
    assert.equal(table.rowAt(1).process, 9);
  });

  it('has everything counted anew when most rows left, and lets their addresses go', () => {
    const table = new SocketTable();
    turn(table, range(0, 5000));
    table.commit();
    turn(table, range(4000, 4100));
    assert.equal(table.changes.isFullRecount, true);
    assert.deepEqual(socketsOf(table), range(4000, 4100));
    assert.equal(table.added.length, 100);
    table.commit();
    assert.equal(table.addresses.used, 101);
    turn(table, range(4000, 4101));
    assert.deepEqual([table.changes.isFullRecount, addedOf(table)], [false, [4100]]);
    table.touch(0);
    assert.equal(table.changes.removedLength, 1, 'rows that were new in the scrape before can be touched again');
  });

  it('does not compare with rows that were never counted, or that must not be compared', () => {
    const table = new SocketTable();
    turn(table, [1, 2]);
    turn(table, [1, 2]);
    assert.deepEqual([table.changes.isFullRecount, table.length, table.addresses.used], [true, 2, 3]);
    table.isComparable = false;
    table.commit();
    turn(table, [1, 2]);
    assert.equal(table.changes.isFullRecount, true);
    table.commit();
    table.reset();
    append(table, 1);
    assert.deepEqual([table.changes.isFullRecount, socketsOf(table), table.addresses.used], [true, [1], 2]);
  });

  it('numbers its listeners anew in every scrape', () => {
    const table = new SocketTable();
    append(table, 1);
    append(table, 2, TcpState.listen);
    assert.deepEqual(table.listeners, [1]);
    table.finish();
    table.commit();
    table.turn();
    append(table, 9);
    append(table, 8);
    table.keep(table.next + 1);
    table.finish();
    assert.deepEqual(table.listeners, [2]);
  });

  it('gives memory back after several small scrapes, not after one', () => {
    const table = new SocketTable();
    for (const socket of range(0, 100_000)) append(table, socket);
    table.commit();
    const large = table.capacity;
    turn(table, [1]);
    table.commit();
    assert.equal(table.capacity, large);
    for (let scrape = 0; scrape < 3; scrape++) {
      turn(table, [1]);
      table.commit();
    }
    assert.ok(table.capacity <= 1024, `${table.capacity} rows are still held`);
    assert.deepEqual(socketsOf(table), [1]);
  });

  it('begins anew before names of processes that ended fill the memory', () => {
    const table = new SocketTable();
    for (let scrape = 0; scrape < 30; scrape++) {
      turn(table, [1]);
      for (const name of range(0, 1000)) table.processNames.intern(`job-${scrape}-${name}`);
      table.commit();
    }
    assert.ok(table.processNames.length < 25_000, `${table.processNames.length} names`);
  });
});

describe('chunksOf', () => {
  it('has every row of a list once, in its order', () => {
    for (const length of [0, 1, 1024, 1025, 5000]) {
      const words = Int32Array.from({ length: length * ROW_WORDS }, (_, at) => at);
      for (const numbers of [undefined, Int32Array.from(range(0, length).reverse())]) {
        const rows = { words, length, numbers };
        const expected = range(0, length).map((index) => words[positionOf(rows, index)]);
        const seen = [...chunksOf(rows)].flatMap((chunk) =>
          range(0, chunk.length).map((index) => chunk.words[positionOf(chunk, index)]),
        );
        assert.deepEqual(seen, expected);
      }
    }
  });
});
