import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createFairShare, type Place } from '../../../src/http/sharing/fair-share.ts';

describe('take', () => {
  it('refuses one client beyond the limit, and takes places back', () => {
    const { take } = withLog(2);
    const first = take('a');
    assert.ok(first !== undefined && take('a') !== undefined);
    assert.equal(take('a'), undefined);
    first.giveBack();
    first.giveBack();
    assert.ok(take('a') !== undefined);
    assert.equal(take('a'), undefined);
  });

  it('takes from the client with the most until the shares are equal, first what was held longest', () => {
    const { take, lost } = withLog(4);
    for (let place = 0; place < 4; place++) take('greedy');
    take('other');
    take('other');
    assert.deepEqual(lost, ['greedy 1', 'greedy 2']);
    assert.equal(take('other'), undefined);
    assert.equal(take('greedy'), undefined);
    assert.ok(take('third') !== undefined && take('fourth') !== undefined);
    assert.equal(take('fifth'), undefined, 'everybody holds one');
  });

  it('leaves busy places for last, and puts renewed ones behind', () => {
    const { take, lost } = withLog(3);
    const [first, second] = [take('greedy')!, take('greedy')!, take('greedy')!];
    first.isBusy = true;
    second.renew();
    take('other');
    assert.deepEqual(lost, ['greedy 3']);
  });
});

describe('seize', () => {
  it('gives everybody a place, at the cost of the client with the most', () => {
    const { seize, lost } = withLog(3);
    for (let place = 0; place < 4; place++) seize('greedy');
    seize('other');
    seize('third');
    assert.deepEqual(lost, ['greedy 1', 'greedy 2', 'greedy 3']);
  });

  it('takes a busy place only where nobody with as many has a quiet one', () => {
    const { seize, lost } = withLog(2);
    seize('reader').isBusy = true;
    seize('idler');
    seize('new');
    assert.deepEqual(lost, ['idler 2']);
  });
});

it('never has more places out than the limit, and takes only from those who hold the most', () => {
  const step = fc.record({
    client: fc.constantFrom('a', 'b', 'c'),
    what: fc.constantFrom('take', 'seize', 'giveBack'),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60 }), (limit, steps) => {
      const share = createFairShare(limit);
      const held: Record<string, Place[]> = { a: [], b: [], c: [] };
      const most = () => Math.max(...Object.values(held).map(({ length }) => length));
      for (const { client, what } of steps) {
        const mine = held[client]!;
        if (what === 'giveBack') mine.pop()?.giveBack();
        else {
          const place = share[what as 'take' | 'seize'](client, () => {
            const [loser] = Object.entries(held).find(([, places]) => places.includes(place!)) ?? [];
            assert.equal(held[loser!]!.length, most());
            held[loser!] = held[loser!]!.filter((each) => each !== place);
          });
          if (place !== undefined) held[client] = [...held[client]!, place];
        }
        const out = Object.values(held).reduce((sum, places) => sum + places.length, 0);
        assert.ok(out <= limit, `${out} of ${limit}`);
      }
    }),
  );
});

/** The n-th place of all is lost as "<client> <n>". */
function withLog(limit: number) {
  const share = createFairShare(limit);
  const lost: string[] = [];
  let count = 0;
  const noted = (client: string) => {
    const name = `${client} ${++count}`;
    return () => lost.push(name);
  };
  return {
    lost,
    take: (client: string) => share.take(client, noted(client)),
    seize: (client: string) => share.seize(client, noted(client)),
  };
}
