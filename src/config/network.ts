import { isIpv4, maskAddress, parseAddress } from '../model/ip-address.ts';
import type { Network } from '../model/network-set.ts';

const V4_BITS = 96;

/** Address and prefix as they are written, 10.0.0.0 and 24; or what is wrong with them. `forms`: what may be written. */
export function parseNetwork(address: string, prefixText: string | undefined, forms: string): Network | string {
  const words = parseAddress(address);
  if (words === undefined) return `is no address or network: give ${forms}; names are not looked up`;
  const isV4 = isIpv4(words[0], words[1], words[2]);
  const hasColons = address.includes(':');
  const least = isV4 && hasColons ? V4_BITS : 0;
  const most = isV4 && !hasColons ? 32 : 128;
  const typed = prefixText === undefined ? most : Number(prefixText);
  if (typed < least || typed > most) return `has a prefix that is not possible: give one from ${least} to ${most}`;
  const prefix = typed - least; // ::ffff:10.0.0.0/104 is 10.0.0.0/8
  const network = maskAddress(words, prefix);
  if (network.join() === words.join()) return { network, prefix };
  return 'has bits of a host behind its prefix: give the first address of the network';
}
