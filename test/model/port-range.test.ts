import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countEphemeralPorts, ephemeralPortFlags, parsePortList } from '../../src/model/port-range.ts';

describe('countEphemeralPorts', () => {
  it('leaves out what is excluded, once, wherever it lies', () => {
    const excluded = [
      { first: 10, last: 12 },
      { first: 12, last: 13 },
      { first: 1, last: 5 },
      { first: 19, last: 40 },
    ];
    assert.equal(countEphemeralPorts({ first: 10, last: 20, excluded }), 5);
    assert.equal(countEphemeralPorts({ first: 32_768, last: 60_999, excluded: [] }), 28_232);
    assert.equal(countEphemeralPorts({ first: 1, last: 65_535, excluded: [] }), 65_535);
  });

  it('flags exactly the ports of the range', () => {
    const flags = ephemeralPortFlags({ first: 65_534, last: 65_535, excluded: [] });
    assert.deepEqual([flags[65_533], flags[65_534], flags[65_535]], [0, 1, 1]);
  });
});

describe('parsePortList', () => {
  it('reads what ip_local_reserved_ports prints', () => {
    assert.deepEqual(parsePortList('\n'), []);
    assert.deepEqual(parsePortList('8080,9148-9150\n'), [
      { first: 8080, last: 8080 },
      { first: 9148, last: 9150 },
    ]);
  });

  for (const text of ['a', '1-', '5-3', '70000', '1,,2', '1-2-3']) {
    it(`refuses ${text} and names the item`, () =>
      assert.throws(() => parsePortList(text), /not a port or an interval of ports: "/));
  }

  it('shows the start of a long item only', () => {
    assert.throws(() => parsePortList('1'.repeat(5000)), /: "1{40}"$/);
  });
});
