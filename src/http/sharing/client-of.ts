import { formatAddress, isIpv4, maskAddress, parseAddress } from '../../model/ip-address.ts';

/** Whoever has one IPv6 address has the 2^64 of its network as well. */
const IPV6_NETWORK_BITS = 64;

/** Who is behind an address, for sharing fairly: the IPv4 address, or the IPv6 network. Local sockets have no address and count as one. */
export function clientOf(address: string | undefined): string {
  const words = parseAddress(address ?? '');
  if (words === undefined) return address ?? ''; // fe80::1%eth0: the machines next to this one
  const [first, second, third] = words;
  return isIpv4(first, second, third) ? formatAddress(words) : formatAddress(maskAddress(words, IPV6_NETWORK_BITS));
}
