import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createGroupTable } from '../../src/model/group-table.ts';
import { NameTable } from '../../src/model/name-table.ts';
import { SocketTable } from '../../src/model/socket-table.ts';
import { KNOWN_STATES, normalizeState, stateLabel } from '../../src/model/tcp-state.ts';

describe('SocketTable', () => {
  it('keeps the rows it has while it grows', () => {
    const table = new SocketTable();
    for (let index = 0; index < 10_000; index++) {
      const row = table.addRow();
      table.columns.owner[row] = index;
      table.columns.localPort[row] = index;
    }
    assert.equal(table.length, 10_000);
    assert.equal(table.columns.owner[9_999], 9_999);
    assert.equal(table.columns.owner[0], 0);
    assert.equal(table.columns.localPort[1_025], 1_025);
  });

  it('makes room for the rows a decoder announces', () => {
    const table = new SocketTable();
    table.reserve(5_000);
    assert.ok(table.capacity >= 5_000);
    assert.equal(table.columns.state.length, table.capacity);
  });

  it('gives memory back after several small scrapes, not after one', () => {
    const table = new SocketTable();
    table.reserve(100_000);
    const large = table.capacity;
    table.reset();
    assert.equal(table.capacity, large);
    for (let scrape = 0; scrape < 30; scrape++) table.reset();
    assert.ok(table.capacity <= 1024, `${table.capacity} rows are still held`);
    assert.equal(table.addRow(), 0);
  });
});

describe('NameTable', () => {
  it('keeps processes called "other" and "unknown" apart from the cells of that name', () => {
    const names = new NameTable();
    assert.equal(names.nameOf(names.intern('other')), 'other_');
    assert.equal(names.nameOf(names.intern('unknown')), 'unknown_');
    assert.equal(names.nameOf(99), 'unknown');
    assert.equal(names.find('nginx'), -1);
    const id = names.intern('nginx');
    assert.equal(names.find('nginx'), id);
    names.reset();
    assert.equal(names.find('nginx'), -1);
  });
});

describe('createGroupTable', () => {
  it('tells 64-bit ids apart by both halves', () => {
    const groups = createGroupTable();
    const low = groups.intern(7, 0);
    const high = groups.intern(7, 1);
    const negative = groups.intern(-1, 0);
    assert.equal(groups.intern(7, 0), low);
    assert.deepEqual([groups.idOf(low), groups.idOf(high), groups.idOf(negative)], [7n, (1n << 32n) | 7n, 0xffffffffn]);
    assert.equal(groups.intern(0, 0), 0);
    groups.reset();
    assert.equal(groups.length, 1);
    assert.equal(groups.intern(9, 0), 1);
  });
});

describe('states', () => {
  it('never loses a state that the kernel may invent', () => {
    for (let number = 0; number < 256; number++) assert.equal(typeof stateLabel(normalizeState(number)), 'string');
    assert.equal(stateLabel(normalizeState(12)), 'syn_recv');
    assert.equal(stateLabel(normalizeState(200)), 'unknown');
    assert.equal(new Set(KNOWN_STATES.map(stateLabel)).size, 12);
  });
});
