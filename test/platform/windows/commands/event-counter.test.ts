import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEventCounter } from '../../../../src/platform/windows/commands/event-counter.ts';

const event = (id: number, record: number, time = `t${record}`) => ({ id, record: String(record), time });

describe('createEventCounter', () => {
  it('starts at zero for every id: what the first answer holds was logged before', () => {
    assert.deepEqual(createEventCounter([4227, 4231])([event(4227, 1), event(4231, 2)]), { 4227: 0, 4231: 0 });
  });

  it('counts each new event once, while answers overlap', () => {
    const count = createEventCounter([4227, 4231]);
    count([event(4227, 1)]);
    assert.deepEqual(count([event(4227, 1), event(4227, 2), event(4231, 3)]), { 4227: 1, 4231: 1 });
    assert.deepEqual(count([event(4227, 2), event(4231, 3), event(4227, 4)]), { 4227: 2, 4231: 1 });
  });

  it('never falls, however few events an answer holds', () => {
    const count = createEventCounter([4227]);
    count([]);
    count([event(4227, 1)]);
    assert.deepEqual(count([]), { 4227: 1 });
    assert.deepEqual(count([event(4227, 2)]), { 4227: 2 });
  });

  it('counts an event whose record number comes again after the log was made anew', () => {
    const count = createEventCounter([4227]);
    count([event(4227, 1, 'before')]);
    assert.deepEqual(count([event(4227, 1, 'after')]), { 4227: 1 });
  });

  it('leaves out ids nobody asked for, and gives counts that do not change later', () => {
    const count = createEventCounter([4227]);
    count([]);
    const first = count([event(4227, 1), event(1014, 2)]);
    count([event(4227, 3)]);
    assert.deepEqual(first, { 4227: 1 });
  });
});
