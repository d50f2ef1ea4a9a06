import type { DestinationRule } from './file-config.ts';
import { type AddressWords, isIpv4, maskAddress, parseAddress } from './ip-address.ts';

/** What a network is called, by port and for all others. */
interface Named {
  readonly byPort: Map<number, string>;
  all?: string;
}

type Family = Map<number, Map<string, Named>>;

/** Sums of what has no series of its own. */
const SUMS: readonly string[] = ['other', 'filtered'];
const MOST_REMEMBERED = 10_000;

/** An address as the page writes it: with an interface, and as a network where peers are counted by prefix. */
const ADDRESS = /^([^%/]+)(?:%[^/]*)?(?:\/(\d{1,3}))?$/;

/**
 * Names peers by rules; `''`: none names it. The longest prefix wins, and at the same one the rule with a port. A network has a name only
 * where a rule names all of it. The time does not grow with the number of rules, only with that of different prefix lengths.
 */
export function createRemoteNames(
  rules: readonly DestinationRule[],
): (remoteIp: string, remotePort: string | number) => string {
  const families = { ipv4: toFamily(rules, true), ipv6: toFamily(rules, false) };
  /** Most peers of a page were on the last one. */
  const remembered = new Map<string, string>();

  return (remoteIp, remotePort) => {
    const key = `${remoteIp} ${remotePort}`;
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const name = find(remoteIp, remotePort);
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(key, name);
    return name;
  };

  function find(remoteIp: string, remotePort: string | number): string {
    if (SUMS.includes(remoteIp)) return remoteIp;
    const [, text = '', prefix] = ADDRESS.exec(remoteIp) ?? [];
    const words = parseAddress(text);
    if (words === undefined) return '';
    const family = isIpv4(words[0], words[1], words[2]) ? families.ipv4 : families.ipv6;
    const longest = prefix === undefined ? 128 : Number(prefix);
    for (const [length, networks] of family) {
      const named = length > longest ? undefined : networks.get(keyOf(maskAddress(words, length)));
      const name = named?.byPort.get(Number(remotePort)) ?? named?.all;
      if (name !== undefined) return name;
    }
    return '';
  }
}

/** The longest prefixes first. */
function toFamily(rules: readonly DestinationRule[], isV4: boolean): Family {
  const family: Family = new Map();
  const own = rules.filter(({ network: [w0, w1, w2] }) => isIpv4(w0, w1, w2) === isV4);
  for (const { network, prefix, port, name } of own.toSorted((one, other) => other.prefix - one.prefix)) {
    const networks = family.get(prefix) ?? new Map<string, Named>();
    family.set(prefix, networks);
    const named: Named = networks.get(keyOf(network)) ?? { byPort: new Map() };
    networks.set(keyOf(network), named);
    if (port === undefined) named.all = name;
    else named.byPort.set(port, name);
  }
  return family;
}

function keyOf(words: AddressWords): string {
  return words.join();
}
