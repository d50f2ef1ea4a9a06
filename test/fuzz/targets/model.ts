import assert from 'node:assert/strict';
import { formatAddress, parseAddress } from '../../../src/model/ip-address.ts';
import { parsePortList } from '../../../src/model/port-range.ts';
import { answerOf, type FuzzTarget } from '../target.ts';

export const MODEL: Readonly<Record<string, FuzzTarget>> = {
  'ip-address': {
    drives: [
      'model/ip-address.ts#parseAddress',
      'model/ip-address.ts#formatAddress',
      'model/ip-address.ts#parseIpv6',
      'model/ip-address.ts#parseIpv4',
    ],
    holds:
      'no address, or one that is the same again when it is written and read; what writing gives can be read, whatever the words',
    seeds: () => [
      '10.0.0.1',
      '::',
      '::1',
      'fd00::12',
      '::ffff:10.0.0.1',
      '1:2:3:4:5:6:7:8',
      '2001:db8::a:0:0:1',
      '64:ff9b::192.0.2.33',
    ],
    run(input) {
      const words = parseAddress(input.toString());
      if (words !== undefined) assert.deepEqual(parseAddress(formatAddress(words)), words);
      const bytes = Buffer.concat([input], 16);
      const [w0, w1, w2, w3] = [0, 4, 8, 12].map((at) => bytes.readInt32LE(at)) as [number, number, number, number];
      assert.deepEqual(parseAddress(formatAddress([w0, w1, w2, w3])), [w0, w1, w2, w3]);
    },
  },
  'port-list': {
    drives: ['model/port-range.ts#parsePortList'],
    holds: 'intervals within 0 to 65535, the right way round, or a refusal that names the item',
    seeds: () => ['', '8080', '8080,9148-9150', '0-65535\n', ' 1 , 2-3 '],
    run(input) {
      const list = answerOf(() => parsePortList(input.toString()), { says: /^not a port or an interval/ });
      for (const { first, last } of list ?? []) assert.ok(first >= 0 && first <= last && last <= 65_535);
    },
  },
};
