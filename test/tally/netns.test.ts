import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { NetnsNumbers, NetnsReading, NetnsReadings } from '../../src/model/netns.ts';
import { createNetnsTally } from '../../src/tally/netns.ts';

describe('the largest network namespaces', () => {
  it('have cells of their own, the others are added up', () => {
    const { cells, other, folded } = createNetnsTally(2)(
      readings([row(1, 10, 7), row(2, 30, 1), row(3, 20, 5), row(4, 1, 2)]),
    );
    assert.deepEqual(
      cells.map(({ netns }) => netns),
      ['ns2', 'ns3'],
    );
    assert.deepEqual(other!.numbers, { inUse: 11, timeWait: 0, activeOpens: 9 });
    assert.deepEqual([other!.netns, other!.pod, folded], ['other', '', 2]);
  });

  it('without others there is no sum; once it was there it stays, at zero', () => {
    const tally = createNetnsTally(2);
    assert.equal(tally(readings([row(1, 1, 1), row(2, 2, 2)])).other, undefined);
    tally(readings([row(1, 1, 1), row(2, 2, 2), row(3, 9, 4)]));
    const { other, folded } = tally(readings([row(1, 1, 5), row(3, 9, 4)]));
    assert.deepEqual([other!.numbers, folded], [{ inUse: 0, timeWait: 0, activeOpens: 0 }, 0]);
  });

  it('keep their cell until another is a quarter larger', () => {
    const tally = createNetnsTally(1);
    const first = (sizes: readonly number[]) =>
      tally(readings(sizes.map((size, index) => row(index, size, 0)))).cells[0]!.netns;
    assert.deepEqual(
      [first([100, 90]), first([100, 120]), first([100, 130]), first([110, 100])],
      ['ns0', 'ns0', 'ns1', 'ns1'],
    );
  });

  it('the counters of other grow by what was counted there, and never fall', () => {
    const tally = createNetnsTally(1);
    const opens = (rows: readonly NetnsReading[]) => tally(readings(rows)).other?.numbers.activeOpens;
    assert.equal(opens([row(1, 100, 1000), row(2, 10, 50)]), 50);
    assert.equal(opens([row(1, 100, 1100), row(2, 10, 53)]), 53);
    assert.equal(opens([row(1, 10, 1200), row(2, 100, 60)]), 153, 'only what 1 counted since the last scrape');
    assert.equal(opens([row(2, 100, 60)]), 153, '1 has ended');
    assert.equal(opens([row(2, 100, 60), row(1, 1, 3)]), 156, 'a new one got its number');
  });

  it('one that lacks a counter adds nothing to it', () => {
    const { other } = createNetnsTally(0)(
      readings([row(1, 1, 5), { ...row(2, 1, 0), numbers: { inUse: 1, timeWait: 2 } }]),
    );
    assert.deepEqual(other!.numbers, { inUse: 2, timeWait: 2, activeOpens: 5 });
  });

  it('add up exactly to what was read, whatever comes and goes', () => {
    const someRow = fc.record({ key: fc.nat(20), inUse: fc.nat(50), timeWait: fc.nat(50), opens: fc.nat(1000) });
    const scrape = fc.uniqueArray(someRow, { selector: ({ key }) => key, maxLength: 15 });
    fc.assert(
      fc.property(fc.array(scrape, { maxLength: 12 }), fc.nat(6), (scrapes, limit) => {
        const tally = createNetnsTally(limit);
        let last = 0;
        for (const rows of scrapes) {
          const read = rows.map(({ key, inUse, timeWait, opens }) => row(key, inUse, opens, timeWait));
          const { cells, other, folded } = tally(readings(read));
          assert.equal(cells.length + folded, read.length);
          assert.ok(cells.length <= limit);
          const all = [...cells, ...(other === undefined ? [] : [other])].map(({ numbers }) => numbers);
          for (const field of ['inUse', 'timeWait'] as const)
            assert.equal(
              sum(all, field),
              sum(
                read.map(({ numbers }) => numbers),
                field,
              ),
            );
          const opens = other?.numbers.activeOpens ?? 0;
          assert.ok(opens >= last);
          last = opens;
        }
      }),
    );
  });

  it('names without a process take what is left of the limit', () => {
    const named = (netns: string) => ({ ...row(0, 0, 0), netns });
    const counts = createNetnsTally(3)({ ...readings([row(1, 1, 1)]), withoutProcess: ['c', 'a', 'b'].map(named) });
    assert.deepEqual(
      counts.withoutProcess.map(({ netns }) => netns),
      ['a', 'b'],
    );
    assert.equal(counts.withoutProcessCount, 3);
  });
});

function readings(read: readonly NetnsReading[]): NetnsReadings {
  return { read, failed: 0, withoutProcess: [] };
}

function row(key: number, inUse: number, activeOpens: number, timeWait = 0): NetnsReading {
  const identity = { namespace: '', pod: '', podUid: '', container: '', containerId: '', inum: undefined };
  return { ...identity, key, netns: `ns${key}`, numbers: { inUse, timeWait, activeOpens } };
}

function sum(all: readonly NetnsNumbers[], field: 'inUse' | 'timeWait'): number {
  return all.reduce((total, numbers) => total + numbers[field], 0);
}
