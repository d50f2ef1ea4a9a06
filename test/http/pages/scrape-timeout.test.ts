import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chooseTimeout } from '../../../src/http/pages/scrape-timeout.ts';

const RULES = { timeoutMs: 10_000, marginMs: 500 };

describe('chooseTimeout', () => {
  const cases: readonly [header: string | undefined, ms: number, why: string][] = [
    [undefined, 10_000, 'no header: the time-out of the configuration'],
    ['10', 9500, 'a scrape of 10 seconds, less the margin'],
    ['2.5', 2000, 'fractions'],
    ['1e1', 9500, 'the way Go prints large numbers'],
    ['10.5', 10_000, 'exactly the cap'],
    ['60', 10_000, 'capped by the configuration'],
    ['0.6', 300, 'a margin of at most half'],
    ['0.001', 1, 'never less than a millisecond'],
    ['1e-9', 1, 'never zero'],
  ];
  for (const [header, ms, why] of cases) {
    it(`${header} → ${ms} ms: ${why}`, () => assert.equal(chooseTimeout(header, RULES), ms));
  }

  for (const bad of ['', '0', '-5', 'ten', 'NaN', 'Infinity', '0x10', '5s', '5,6', '1e999', '1 2', '__proto__']) {
    it(`takes ${JSON.stringify(bad)} for no header`, () => assert.equal(chooseTimeout(bad, RULES), 10_000));
  }

  it('is positive and within the cap for every header, time-out and margin', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 100, max: 600_000 }),
        fc.integer({ min: 0, max: 60_000 }),
        (header, timeoutMs, marginMs) => {
          const chosen = chooseTimeout(header, { timeoutMs, marginMs });
          assert.ok(chosen >= 1 && chosen <= timeoutMs, `${chosen}`);
        },
      ),
    );
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (seconds) => {
        const chosen = chooseTimeout(String(seconds), RULES);
        assert.ok(chosen >= 1 && chosen <= 10_000, `${chosen}`);
      }),
    );
  });
});
