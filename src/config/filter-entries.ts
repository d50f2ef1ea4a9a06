import type { FilterRules, LabelRules } from '../model/file-config.ts';
import { parseAddress } from '../model/ip-address.ts';
import type { Network } from '../model/network-set.ts';
import type { PortInterval } from '../model/port-range.ts';
import { parseNetwork } from './network.ts';
import type { ValueType } from './value-types.ts';

const NETWORKS = '10.0.0.50, 10.0.0.0/24, 2001:db8::/32 or loopback';
const LOOPBACK: readonly Network[] = [
  { network: parseAddress('127.0.0.0')!, prefix: 8 },
  { network: parseAddress('::1')!, prefix: 128 },
];

/** `443`, or `8000-8999`; or what is wrong with it. */
export function parsePorts(text: string): readonly PortInterval[] | string {
  const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === '' || first < 1 || last > 65_535 || first > last)
    return 'is no port: give one from 1 to 65535, or a range (8000-8999)';
  return [{ first, last }];
}

/** `10.0.0.0/8`, or `loopback`; or what is wrong with it. */
export function parseNetworks(text: string): readonly Network[] | string {
  if (text === 'loopback') return LOOPBACK;
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const network = parseNetwork(address, prefix, NETWORKS);
  return typeof network === 'string' ? network : [network];
}

/** As it stands on the page, where `*` stands for any characters and `?` for one; or what is wrong with it. */
export function parseNamePattern(text: string): readonly string[] | string {
  if (/^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u.test(text)) return [text];
  return 'is no name: give 1 to 256 characters that can be seen, with * and ? for others';
}

/** `remote_ip=loopback`: values that have series, or (`exclude`) have none. */
export const FILTER_INCLUDE = filterType((include) => ({ include, exclude: [] }));
export const FILTER_EXCLUDE = filterType((exclude) => ({ exclude }));

function filterType(
  toRules: <Rule>(rules: readonly Rule[]) => LabelRules<Rule>,
): ValueType<Omit<FilterRules, 'isDropped'>> {
  return {
    placeholder: 'label=value',
    allowed:
      'label=value, with a port or range for local_port and remote_port, an address, a network or loopback for remote_ip, a name with * and ? for process and unit',
    parse(text) {
      const [, label, value = ''] = /^([a-z_]+)=(.*)$/su.exec(text) ?? [];
      const labelled = <Rule>(parsed: readonly Rule[] | string) =>
        typeof parsed === 'string' ? undefined : toRules(parsed);
      switch (label) {
        case 'local_port':
          return wrap('localPort', labelled(parsePorts(value)));
        case 'remote_port':
          return wrap('remotePort', labelled(parsePorts(value)));
        case 'remote_ip':
          return wrap('remoteIp', labelled(parseNetworks(value)));
        case 'process':
          return wrap('process', labelled(parseNamePattern(value)));
        case 'unit':
          return wrap('unit', labelled(parseNamePattern(value)));
        default:
          return undefined;
      }
    },
  };
}

function wrap<Key extends string, Rules>(key: Key, rules: Rules | undefined): Record<Key, Rules> | undefined {
  return rules && ({ [key]: rules } as Record<Key, Rules>);
}
