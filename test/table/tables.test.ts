import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KNOWN_STATES, normalizeState, stateLabel } from '../../src/model/tcp-state.ts';
import { createGroupTable } from '../../src/table/group-table.ts';
import { NameTable } from '../../src/table/name-table.ts';

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
