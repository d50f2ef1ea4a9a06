import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import { EventOwners, type OwnerNames } from '../../../../src/platform/linux/bpf/event-owners.ts';
import type { KernelMap } from '../../../../src/platform/linux/bpf/kernel-map.ts';
import { CONNECTIONS_BYTES, KnownConnections } from '../../../../src/platform/linux/bpf/known-connections.ts';
import { SocketCookies } from '../../../../src/table/socket-cookies.ts';
import { Family, packPorts, packUse, Reason } from '../../../../src/table/socket-row.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';

const HAS_ENDED = 4 << 24;
const IS_OUTBOUND = 1 << 24;

/** The kernel's side: owners by number, connections by cookie. */
function createKernel(names?: OwnerNames) {
  const entries = new Map<string, { key: Buffer; number: number }>();
  let reads = 0;
  const map = {
    readAll(each) {
      reads++;
      const all = [...entries.values()];
      const values = Buffer.alloc(all.length * 4);
      for (const [index, { number }] of all.entries()) values.writeUInt32LE(number, index * 4);
      each({ keys: Buffer.concat(all.map(({ key }) => key)), values, length: all.length });
    },
    take(key) {
      const had = entries.delete(Buffer.from(key).toString('latin1'));
      return had ? Buffer.alloc(4) : undefined;
    },
  } as Pick<KernelMap, 'readAll' | 'take'> as KernelMap;
  const words = new Int32Array(CONNECTIONS_BYTES / 4);
  return {
    owners: new EventOwners(map, names),
    connections: new KnownConnections(words),
    get reads() {
      return reads;
    },
    get names() {
      return [...entries.values()].map(({ key }) => key.toString('utf8', 0, key.indexOf(0)));
    },
    name(number: number, name: string, cgroup: number) {
      const key = Buffer.alloc(24);
      key.write(name);
      key.writeUInt32LE(cgroup, 16);
      entries.set(key.toString('latin1'), { key, number });
    },
    connect(cookie: number, owner: number, way = 0, stamp = 0) {
      const at = (cookie & 0xffff) * 16 + way * 4;
      words.set([cookie, 0, owner | IS_OUTBOUND, stamp], at);
    },
  };
}

/** A scrape: TIME_WAIT sockets by their cookies, in the order of their ports. */
function scrape(table: SocketTable, cookies: readonly number[]): void {
  table.turn();
  for (const [index, cookie] of cookies.entries()) {
    const isKept = table.end > table.next;
    const { addresses } = table;
    const row = isKept
      ? table.keep(table.next)
      : table.append(
          packPorts(index + 1, 80),
          0,
          0,
          addresses.internIpv4(1),
          addresses.internIpv4(2),
          packUse(TcpState.timeWait, Family.v4),
        );
    table.noteCookie(row, cookie, 0);
  }
  table.finish();
}

function createTable(): SocketTable {
  const table = new SocketTable();
  table.cookies = new SocketCookies();
  return table;
}

function shown(table: SocketTable): (readonly [string, bigint, Reason])[] {
  return Array.from({ length: table.length }, (_, row) => {
    const { process, group, reason } = table.rowAt(row);
    return [table.processNames.nameOf(process), table.groups.idOf(group), reason] as const;
  });
}

describe('KnownConnections', () => {
  it('gives rows the process and the group of who opened them, by their cookies', () => {
    const kernel = createKernel();
    kernel.name(2, 'api', 70);
    kernel.name(3, 'cron', 71);
    kernel.connect(5, 2);
    kernel.connect(5 + 0x10000, 3, 1); // in the same bucket
    const table = createTable();
    scrape(table, [5 + 0x10000, 5, 6, 0]);
    kernel.connections.settle(table, kernel.owners, true);
    assert.deepEqual(shown(table), [
      ['cron', 71n, Reason.witnessed],
      ['api', 70n, Reason.witnessed],
      ['unknown', 0n, Reason.none],
      ['unknown', 0n, Reason.none],
    ]);
  });

  it('looks a number up that came after the names were read, but not once for each of its sockets', () => {
    const kernel = createKernel();
    kernel.name(2, 'api', 70);
    kernel.connect(5, 2);
    const table = createTable();
    kernel.owners.begin();
    scrape(table, [5]);
    kernel.connections.settle(table, kernel.owners, true);
    table.commit();
    kernel.name(9, 'new', 72);
    for (const cookie of [6, 7]) kernel.connect(cookie, 9);
    for (const cookie of [8, 10]) kernel.connect(cookie, 11); // a number without a name
    kernel.owners.begin();
    scrape(table, [5, 6, 7, 8, 10]);
    const readsBefore = kernel.reads;
    kernel.connections.settle(table, kernel.owners, true);
    assert.deepEqual(
      shown(table).map(([name]) => name),
      ['api', 'new', 'new', 'unknown', 'unknown'],
    );
    assert.equal(kernel.reads - readsBefore, 1);
  });

  it('takes a row away from its owner when another socket has its place, be it known or not', () => {
    const kernel = createKernel();
    kernel.name(2, 'api', 70);
    kernel.name(3, 'cron', 71);
    kernel.connect(5, 2);
    kernel.connect(6, 3);
    const table = createTable();
    for (const [cookie, name] of [
      [5, 'api'],
      [6, 'cron'],
      [7, 'unknown'],
    ] as const) {
      scrape(table, [cookie]);
      kernel.connections.settle(table, kernel.owners, true);
      assert.equal(shown(table)[0]![0], name);
      table.commit();
    }
  });

  it('does not look up again what it has settled, but everything that is new in between', () => {
    const kernel = createKernel();
    kernel.name(2, 'api', 70);
    kernel.name(3, 'cron', 71);
    const table = createTable();
    const cookies = [5, 6, 7, 8, 9, 10];
    for (const cookie of cookies) kernel.connect(cookie, 2);
    scrape(table, cookies);
    kernel.connections.settle(table, kernel.owners, true);
    table.commit();
    for (const cookie of [...cookies, 20, 21]) kernel.connect(cookie, 3); // of those that are settled nobody asks
    scrape(table, [5, 20, 8, 9, 10, 21, 6]);
    kernel.connections.settle(table, kernel.owners, true);
    assert.deepEqual(
      shown(table).map(([name]) => name),
      ['api', 'cron', 'api', 'api', 'api', 'cron', 'cron'],
    );
  });

  it('settles in the next scrape what it could not in one that failed', () => {
    const kernel = createKernel();
    kernel.name(2, 'api', 70);
    kernel.name(3, 'cron', 71);
    const table = createTable();
    const settle = () => kernel.connections.settle(table, kernel.owners, true);
    kernel.connect(5, 2);
    scrape(table, [5]);
    settle();
    table.commit();
    kernel.connect(6, 3);
    scrape(table, [6]);
    kernel.owners.find = () => assert.fail('EPERM');
    assert.throws(settle, /EPERM/);
    table.commit();
    delete (kernel.owners as Partial<EventOwners>).find;
    scrape(table, [6]);
    settle();
    assert.equal(shown(table)[0]![0], 'cron');
  });

  it('settles again what lost its owner between the read and the settling', () => {
    const kernel = createKernel();
    kernel.name(2, 'api', 70);
    kernel.connect(5, 2);
    const table = createTable();
    for (let round = 0; round < 2; round++) {
      scrape(table, [5]);
      if (round === 1) table.forgetOwners();
      kernel.connections.settle(table, kernel.owners, true);
      assert.deepEqual(shown(table), [['api', 70n, Reason.witnessed]]);
      table.commit();
    }
  });

  it('tells groups only where processes are not wanted', () => {
    const kernel = createKernel();
    kernel.name(2, 'api', 70);
    kernel.connect(5, 2);
    const table = createTable();
    scrape(table, [5]);
    kernel.connections.settle(table, kernel.owners, false);
    assert.deepEqual(shown(table), [['unknown', 70n, Reason.witnessed]]);
  });

  it('calls owners what their names are in each scrape, and asks once', () => {
    const names = {
      round: 1,
      suffix: 'a',
      asked: 0,
      nameOf: (comm: string, cgroup: bigint) => `${comm}-${cgroup}-${names.suffix}`,
    };
    const kernel = createKernel({
      get round() {
        return names.round;
      },
      nameOf(comm, cgroup) {
        names.asked++;
        return names.nameOf(comm, cgroup);
      },
    });
    kernel.name(2, 'api', 70);
    for (const cookie of [5, 6]) kernel.connect(cookie, 2);
    const table = createTable();
    for (const [round, suffix] of [
      [1, 'a'],
      [1, 'ignored'],
      [2, 'b'],
    ] as const) {
      Object.assign(names, { round, suffix });
      kernel.owners.begin();
      scrape(table, [5, 6]);
      kernel.connections.settle(table, kernel.owners, true);
      table.commit();
      const name = `api-70-${round === 1 ? 'a' : 'b'}`;
      assert.deepEqual(
        shown(table).map(([shownName]) => shownName),
        [name, name],
      );
      assert.deepEqual(kernel.owners.describe(2, true), { name, cgroup: 70n });
    }
    assert.equal(names.asked, 2);
  });

  it('has no id of a table that has begun anew', () => {
    const kernel = createKernel();
    for (const [number, name] of [
      [2, 'api'],
      [3, 'cron'],
    ] as const) {
      kernel.name(number, name, number);
      kernel.connect(number, number);
    }
    const table = createTable();
    scrape(table, [2, 3]);
    kernel.connections.settle(table, kernel.owners, true);
    table.commit();
    table.isComparable = false; // the next turn begins anew
    scrape(table, [3]);
    kernel.connections.settle(table, kernel.owners, true);
    assert.deepEqual(shown(table), [['cron', 3n, Reason.witnessed]]);
  });

  it('knows which owners still have a connection', () => {
    const kernel = createKernel();
    kernel.connect(5, 2);
    kernel.connect(6, 3 | HAS_ENDED, 0, 1000);
    kernel.connect(7, 4 | HAS_ENDED, 0, 30_000);
    assert.deepEqual([...kernel.connections.owners(70_000)], [2, 4]);
  });
});

describe('EventOwners', () => {
  it('makes room by removing who is not used, whose name stays until the next time', () => {
    const kernel = createKernel();
    kernel.name(2, 'api', 70);
    kernel.name(3, 'cron', 71);
    kernel.owners.removeUnused(new Set([2]));
    assert.deepEqual(kernel.names, ['api']);
    assert.equal(kernel.owners.find(3)?.name, 'cron');
    kernel.owners.removeUnused(new Set([2]));
    kernel.owners.begin();
    assert.equal(kernel.owners.find(3), undefined);
  });
});
