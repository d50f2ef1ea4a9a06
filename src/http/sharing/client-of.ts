import { formatAddress, isIpv4, maskAddress, parseAddress } from '../../model/ip-address.ts';

/** A client with one IPv6 address has all 2^64 of its network. */
const IPV6_NETWORK_BITS = 64;

/**
 * The client behind an address, for fair sharing: the IPv4 address, or the IPv6 network. Local sockets have no address
 * and count as one client.
 */
export function clientOf(address: string | undefined): string {
  const words = parseAddress(address ?? '');
  if (words === undefined) return address ?? ''; // fe80::1%eth0: the machines next to this one
  const [first, second, third] = words;
  return isIpv4(first, second, third) ? formatAddress(words) : formatAddress(maskAddress(words, IPV6_NETWORK_BITS));
}
