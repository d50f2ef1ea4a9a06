import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CloseWaitClock } from '../../../../src/platform/linux/rows/close-wait-clock.ts';

describe('CloseWaitClock', () => {
  it('goes on where an ACK has reset the age that the kernel tells', () => {
    const clock = new CloseWaitClock();
    assert.deepEqual(read(clock, 100_000, { 7: 4000 }), { 7: 4000 });
    assert.deepEqual(read(clock, 115_000, { 7: 200 }), { 7: 19_000 });
    assert.deepEqual(read(clock, 130_000, { 7: 50_000, 8: 1 }), { 7: 50_000, 8: 1 }, 'the larger one');
    assert.deepEqual(read(clock, 131_000, { 7: 0, 8: 0 }), { 7: 51_000, 8: 1001 });
  });

  it('is no longer than since the program sent data, and goes on from there', () => {
    const clock = new CloseWaitClock();
    const ageOf = (nowMs: number, sinceSentMs: number) => {
      clock.begin(nowMs);
      const age = clock.ageOf(7, 0, 50, sinceSentMs);
      clock.finish();
      return age;
    };
    assert.deepEqual(
      [ageOf(10_000, 90_000), ageOf(20_000, 100_000), ageOf(30_000, 200), ageOf(40_000, 10_200), ageOf(90_000, 60_200)],
      [50, 10_050, 200, 10_200, 60_200],
    );
  });

  it('forgets a socket that a whole read did not show', () => {
    const clock = new CloseWaitClock();
    read(clock, 0, { 7: 4000 });
    read(clock, 1000, {});
    assert.deepEqual(read(clock, 2000, { 7: 5 }), { 7: 5 });
  });

  it('keeps what it knew when a read breaks off and begins anew', () => {
    const clock = new CloseWaitClock();
    read(clock, 0, { 7: 4000, 8: 0 });
    clock.begin(1000);
    clock.ageOf(8, 0, 0, 0);
    assert.deepEqual(read(clock, 2000, { 7: 0, 8: 0 }), { 7: 6000, 8: 2000 });
  });

  it('is what a Map would say of any cookies, many of them too', () => {
    const cookie = fc.tuple(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -700, max: 700 }));
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(cookie, { selector: String, maxLength: 900 }), { maxLength: 5 }), (reads) => {
        const clock = new CloseWaitClock();
        let last = new Map<string, number>();
        for (const [index, cookies] of reads.entries()) {
          const next = new Map<string, number>();
          const nowMs = index * 1000;
          clock.begin(nowMs);
          for (const [high, low] of cookies) {
            const startMs = Math.min(last.get(`${high} ${low}`) ?? nowMs, nowMs - 300);
            next.set(`${high} ${low}`, startMs);
            assert.equal(clock.ageOf(low, high, 300, Number.POSITIVE_INFINITY), nowMs - startMs);
          }
          clock.finish();
          last = next;
        }
      }),
      { numRuns: 50 },
    );
  });
});

/** Ages by the low word of the cookie, from what the kernel tells. */
function read(
  clock: CloseWaitClock,
  nowMs: number,
  sinceAck: Readonly<Record<number, number>>,
): Record<number, number> {
  clock.begin(nowMs);
  const ages = Object.entries(sinceAck).map(([cookie, ms]) => [
    cookie,
    clock.ageOf(Number(cookie), 0, ms, Number.POSITIVE_INFINITY),
  ]);
  clock.finish();
  return Object.fromEntries(ages);
}
