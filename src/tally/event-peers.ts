import type { EventFlow } from '../model/connection-events.ts';
import { formatAddress, isIpv4, maskAddress, type ScopedWords } from '../model/ip-address.ts';
import type { TallyLimits } from '../model/limits.ts';
import { OTHER_LABEL } from '../table/name-table.ts';

/** Words and port, each as characters of 16 bits. What follows is the interface. */
const KEY_LENGTH = 9;

/** Destinations as the page shows them: address or CIDR, interface and port. */
export function createEventPeers(limits: Pick<TallyLimits, 'remotePrefixV4' | 'remotePrefixV6'>) {
  return { keyOf, label };

  /**
   * Thousands of flows come at once, of which few get labels: a key has the numbers. `remote` is undefined where it found no place.
   * `interfaceName` is empty where it has none.
   */
  function keyOf(remote: EventFlow['remote'], interfaceName: string): string {
    if (remote === undefined) return OTHER_LABEL;
    const [a, b, c, d] = shownWords(remote.words);
    return String.fromCharCode(a >>> 16, a, b >>> 16, b, c >>> 16, c, d >>> 16, d, remote.port) + interfaceName;
  }

  /** `key`: of `keyOf`. */
  function label(key: string): { remoteIp: string; remotePort: string } {
    if (key === OTHER_LABEL) return { remoteIp: key, remotePort: key };
    const wordAt = (index: number) => (key.charCodeAt(index) << 16) | key.charCodeAt(index + 1);
    const words = [wordAt(0), wordAt(2), wordAt(4), wordAt(6)] as const;
    const [prefix, whole] = prefixOf(words);
    const interfaceName = key.slice(KEY_LENGTH);
    const address = formatAddress(words) + (interfaceName === '' ? '' : `%${interfaceName}`);
    const port = key.charCodeAt(KEY_LENGTH - 1);
    return { remoteIp: prefix === whole ? address : `${address}/${prefix}`, remotePort: String(port) };
  }

  function shownWords(words: ScopedWords): ScopedWords {
    const [prefix, whole] = prefixOf(words);
    return prefix === whole ? words : maskAddress(words, prefix);
  }

  /** Shown bits, and all. */
  function prefixOf(words: ScopedWords): readonly [number, number] {
    return isIpv4(words[0], words[1], words[2]) ? [limits.remotePrefixV4, 32] : [limits.remotePrefixV6, 128];
  }
}
