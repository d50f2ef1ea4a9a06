import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import type { SocketLookup } from '../../../../src/platform/linux/netlink/socket-lookup.ts';
import { lookUpEnds } from '../../../../src/platform/linux/owners/ended-sockets.ts';
import { Reason } from '../../../../src/table/socket-row.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { addSocketRows, type SocketRow, turnSocketRows } from '../../../support/tables/socket-rows.ts';
import { createOwnedHost } from './owned-host.ts';

const ROWS: readonly SocketRow[] = [
  { state: 'listen', local: ['0.0.0.0', 80], owner: 100 },
  { state: 'established', local: ['10.0.0.1', 80], remote: ['10.0.0.2', 1], owner: 101 },
  { state: 'established', family: 'ipv6', local: ['fd00::1', 80], remote: ['fd00::2', 2], owner: 102 },
  { state: 'closeWait', local: ['10.0.0.1', 80], remote: ['10.0.0.2', 3], owner: 103 },
  { state: 'bound', local: ['10.0.0.1', 99], owner: 104 },
  { state: 'timeWait', local: ['10.0.0.1', 80], remote: ['10.0.0.2', 4] },
];
const ALL = new Set([100, 101, 102, 103, 104]);
const always = () => true;
/** Stands for `close` among what a look-up was asked for. */
const CLOSED = 0;

/** A kernel in which the connections of these rows have these inodes. */
function fakeLookup(inodes: Readonly<Record<number, number>>) {
  const asked: number[] = [];
  const lookup: SocketLookup = {
    lookUp(table, row) {
      const { owner } = table.rowAt(row);
      asked.push(owner);
      const inode = inodes[owner];
      return inode === undefined ? undefined : { state: TcpState.finWait2, inode, cookie: 1n, tcpOptions: undefined };
    },
    close: () => void asked.push(CLOSED),
  };
  return { lookup, asked };
}

describe('lookUpEnds', () => {
  it('finds connections that are gone, that no process holds any more, and whose ends are another socket’s', () => {
    const { lookup, asked } = fakeLookup({ 102: 0, 103: 999 });
    const table = addSocketRows(new SocketTable(), ROWS);
    assert.deepEqual(lookUpEnds(lookup, table, ALL, always), { ended: [101, 102, 103], remaining: [100, 104] });
    assert.deepEqual(asked, [101, 102, 103, CLOSED], 'listeners, and what is only bound, cannot be looked up');
    assert.deepEqual(lookUpEnds(fakeLookup({ 101: 101, 102: 102, 103: 103 }).lookup, table, ALL, always).ended, []);
  });

  it('looks among the new rows, and among all for what is not new', () => {
    const table = addSocketRows(new SocketTable(), ROWS);
    table.commit();
    turnSocketRows(table, [
      ...ROWS,
      { state: 'established', local: ['10.0.0.1', 80], remote: ['10.0.0.9', 9], owner: 105 },
    ]);
    for (const inodes of [[105], [101], [101, 105]])
      assert.deepEqual([...lookUpEnds(fakeLookup({}).lookup, table, new Set(inodes), always).ended].sort(), inodes);
  });

  it('says nothing of what the kernel does not answer, and looks at the clock', () => {
    const table = addSocketRows(new SocketTable(), ROWS);
    const { lookup } = fakeLookup({});
    let calls = 0;
    const failing: SocketLookup = {
      ...lookup,
      lookUp: (...call) => {
        if (++calls === 2) throw new Error('EACCES');
        return lookup.lookUp(...call);
      },
    };
    assert.deepEqual(lookUpEnds(failing, table, ALL, always), { ended: [101], remaining: [100] });
    const many = Array.from({ length: 100 }, (_, nth) => ({
      state: 'established' as const,
      local: ['10.0.0.1', 80] as const,
      remote: ['10.0.0.2', nth + 1] as const,
      owner: 1000 + nth,
    }));
    const crowd = addSocketRows(new SocketTable(), many);
    const found = lookUpEnds(lookup, crowd, new Set(many.map(({ owner }) => owner)), () => false);
    assert.equal(found.ended.length, 31);
  });
});

describe('owners of what has ended', () => {
  it('are the kernel’s, whatever privileges are missing, until the next dump shows it again', (t) => {
    for (const isPrivileged of [true, false]) {
      const ended: Record<number, number> = { 103: 103 };
      const { lookup, asked } = fakeLookup(ended);
      const { hold, scrape } = createOwnedHost(t, { lookup, isPrivileged });
      const reason = isPrivileged ? Reason.kernel : Reason.permission;
      hold(10, 'web', 101);
      assert.deepEqual(scrape(101, 102, 103), ['web', Reason.kernel, reason]);
      assert.deepEqual(asked, [102, 103, CLOSED], 'none whose process is known');
      assert.deepEqual(scrape(101, 102), ['web', reason], 'it was not');
      assert.deepEqual(scrape(101), ['web']);
    }
  });
});
