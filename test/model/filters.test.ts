import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createFilters } from '../../src/model/filters.ts';
import { type AddressWords, isIpv4, maskAddress, parseAddress } from '../../src/model/ip-address.ts';
import type { Network } from '../../src/model/network-set.ts';

const anyAddress: fc.Arbitrary<AddressWords> = fc
  .oneof(
    fc.ipV4(),
    fc.ipV6().map((text) => text.replace(/^::$/, '::2')),
    fc.constantFrom('10.0.0.1', '10.0.1.1', '::1', 'fe80::1'),
  )
  .map((text) => parseAddress(text)!)
  .filter((words) => words !== undefined);
const anyNetwork: fc.Arbitrary<Network> = fc.tuple(anyAddress, fc.nat(128)).map(([words, bits]) => {
  const prefix = isV4(words) ? bits % 33 : bits;
  return { network: maskAddress(words, prefix), prefix };
});

describe('filters of addresses', () => {
  it('agree with a comparison of each network', () => {
    fc.assert(
      fc.property(
        fc.array(anyNetwork, { maxLength: 20 }),
        fc.array(anyAddress, { minLength: 1 }),
        (networks, addresses) => {
          const filters = createFilters({ remoteIp: { include: networks, exclude: [] }, isDropped: false });
          for (const words of [...addresses, ...networks.map(({ network }) => network)]) {
            const isInside = networks.some(
              ({ network, prefix }) =>
                isV4(network) === isV4(words) && maskAddress(words, prefix).join() === network.join(),
            );
            assert.equal(filters?.isPeerOut?.(words) ?? !isInside, !isInside);
          }
        },
      ),
    );
  });

  it('take every address of one family with a prefix of 0, behind any interface', () => {
    const { isPeerOut } = createFilters({
      remoteIp: { exclude: [{ network: parseAddress('::')!, prefix: 0 }] },
      isDropped: false,
    })!;
    const isOut = (text: string) => isPeerOut!([...parseAddress(text)!, 7]);
    assert.deepEqual(['::1', 'ffff::', '10.0.0.1', '::ffff:10.0.0.1'].map(isOut), [true, true, false, false]);
  });
});

describe('filters of names', () => {
  it('take patterns, of which no number of stars takes for ever', () => {
    const isOut = (rule: string, name: string) =>
      createFilters({ process: { exclude: [rule] }, isDropped: false })!.isProcessOut!(name);
    const matching = [
      ['kube*', 'kube'],
      ['kube*', 'kubelet'],
      ['*-proxy', 'kube-proxy'],
      ['n?de*', 'node_exporter'],
      ['a*b*c', 'aXbYbZc'],
      ['?', '\u{1f600}'],
      ['java', 'java'],
    ] as const;
    for (const [rule, name] of matching) assert.equal(isOut(rule, name), true, `${rule} ${name}`);
    for (const [rule, name] of [
      ['kube', 'kubelet'],
      ['*-proxy', 'proxy'],
      ['?', ''],
      ['a.c', 'abc'],
      ['a*', 'ba'],
    ] as const)
      assert.equal(isOut(rule, name), false, `${rule} ${name}`);
    assert.equal(isOut(`${'*a'.repeat(100)}b`, 'a'.repeat(200)), false);
  });
});

function isV4(words: AddressWords): boolean {
  return isIpv4(words[0], words[1], words[2]);
}
