import { isIpv4, maskAddress, parseAddress } from '../../model/ip-address.ts';
import type { Network } from '../../model/network-set.ts';
import { type Field, refuseField } from './yaml-field.ts';

const V4_BITS = 96;

/** Address and prefix as they are written: 10.0.0.0 and 24. The refusal says that the name of the field is none of `forms`. */
export function readNetwork(field: Field, address: string, prefixText: string | undefined, forms: string): Network {
  const words = parseAddress(address);
  if (words === undefined) throw refuseField(field, `is no address or network: give ${forms}; names are not looked up`);
  const isV4 = isIpv4(words[0], words[1], words[2]);
  const prefix = readPrefix(field, isV4, address.includes(':'), prefixText);
  const network = maskAddress(words, prefix);
  if (network.join() !== words.join())
    throw refuseField(field, 'has bits of a host behind its prefix: give the first address of the network');
  return { network, prefix };
}

/** From the start of the family's own addresses: `::ffff:10.0.0.0/104` is 10.0.0.0/8. */
function readPrefix(field: Field, isV4: boolean, hasColons: boolean, text: string | undefined): number {
  const least = isV4 && hasColons ? V4_BITS : 0;
  const most = isV4 && !hasColons ? 32 : 128;
  const typed = text === undefined ? most : Number(text);
  if (typed < least || typed > most)
    throw refuseField(field, `has a prefix that is not possible: give one from ${least} to ${most}`);
  return typed - least;
}
