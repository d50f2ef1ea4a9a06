import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EphemeralRange } from '../../../src/model/port-range.ts';
import type { Refreshed } from '../../../src/platform/windows/commands/refreshed.ts';
import { ephemeralRulesOf } from '../../../src/platform/windows/ephemeral-rules.ts';

const RANGE: EphemeralRange = { first: 49_152, last: 65_535, excluded: [{ first: 50_000, last: 50_059 }] };

describe('ephemeralRulesOf', () => {
  it('holds each port against every destination, and frees none early', () => {
    assert.deepEqual(ephemeralRulesOf({ ipv4: known(RANGE), ipv6: known(RANGE) }, 30), {
      ranges: { ipv4: RANGE, ipv6: RANGE },
      heldAgainst: 'host',
      timeWaitReuse: { scope: 'never', afterMs: 0 },
      timeWaitMs: 30_000,
    });
  });

  it('leaves out a family whose range is not known', () => {
    assert.deepEqual(ephemeralRulesOf({ ipv4: known(RANGE), ipv6: unknown('v6') }, undefined).ranges, { ipv4: RANGE });
    assert.deepEqual(ephemeralRulesOf({ ipv4: unknown('v4'), ipv6: known(RANGE) }, undefined).ranges, { ipv6: RANGE });
  });

  it('fails when no range is known', () => {
    assert.throws(() => ephemeralRulesOf({ ipv4: unknown('v4'), ipv6: unknown('v6') }, undefined), /netsh: v4/);
  });
});

function known(value: EphemeralRange): Refreshed<EphemeralRange> {
  return { read: () => value, isFirstDone: Promise.resolve(), stop() {} };
}

function unknown(reason: string): Refreshed<EphemeralRange> {
  return {
    ...known(RANGE),
    read() {
      throw new Error(`netsh: ${reason}`);
    },
  };
}
