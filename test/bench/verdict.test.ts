import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Observation } from '../../bench/soak/observe.ts';
import { judgeSoak } from '../../bench/soak/verdict.ts';

const CHANGES = { replacements: 40, fleets: 20, listeners: 30 };
const PROCESSES = Array.from({ length: 30 }, (_, index) => `process-${index}`);

/** Thirty scrapes, of which `change` alters some. */
function observations(change: (index: number) => Partial<Observation>): Observation[] {
  return Array.from({ length: 30 }, (_, index) => ({
    failure: undefined,
    wrongSums: [],
    sums: 5,
    rssMb: 100,
    descriptors: 27,
    processes: PROCESSES,
    ...change(index),
  }));
}

function failedChecks(change: (index: number) => Partial<Observation>, changes = CHANGES): string[] {
  return judgeSoak(observations(change), changes).flatMap(({ name, passed }) => (passed ? [] : name));
}

describe('judgeSoak', () => {
  it('passes when nothing went wrong, and memory grew in the first third only', () => {
    assert.deepEqual(
      failedChecks((index) => ({ rssMb: index < 10 ? 60 : 100 })),
      [],
    );
  });

  it('fails on one scrape that failed and on one sum that is wrong', () => {
    assert.deepEqual(
      failedChecks((index) => (index === 3 ? { failure: 'it was answered with 500' } : {})),
      ['every scrape and every collector succeeded'],
    );
    assert.deepEqual(
      failedChecks((index) => (index === 29 ? { wrongSums: ['tcpstate_connections'] } : {})),
      ['every breakdown adds up'],
    );
  });

  it('fails when memory or descriptors grow to the end', () => {
    assert.deepEqual(
      failedChecks((index) => ({ rssMb: 100 + index * 2 })),
      ['memory is flat'],
    );
    assert.deepEqual(
      failedChecks((index) => ({ descriptors: 27 + Math.floor(index / 3) })),
      ['no descriptor leaks'],
    );
  });

  it('fails when pages had nothing to add up, or nothing came and went', () => {
    assert.deepEqual(
      failedChecks(() => ({ sums: 0 })),
      ['every breakdown adds up'],
    );
    const name = 'sockets, processes and listeners came and went';
    assert.deepEqual(
      failedChecks(() => ({ processes: PROCESSES.slice(0, 5) })),
      [name],
    );
    assert.deepEqual(
      failedChecks(() => ({}), { ...CHANGES, listeners: 0 }),
      [name],
    );
  });
});
