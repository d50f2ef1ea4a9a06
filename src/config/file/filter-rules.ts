import type { FilterRules, LabelRules } from '../../model/file-config.ts';
import { parseAddress } from '../../model/ip-address.ts';
import type { Network } from '../../model/network-set.ts';
import type { PortInterval } from '../../model/port-range.ts';
import { readNetwork } from './network.ts';
import { type Field, readFields, readList, readSwitch, readText, refuseField } from './yaml-field.ts';

const MOST_ENTRIES = 10_000;
const NETWORKS = '10.0.0.50, 10.0.0.0/24, 2001:db8::/32 or loopback';
const LOOPBACK: readonly Network[] = [
  { network: parseAddress('127.0.0.0')!, prefix: 8 },
  { network: parseAddress('::1')!, prefix: 128 },
];

/** `remote_ip: {exclude: [loopback, 10.0.0.0/8]}`, and so on for each label. */
export function readFilterRules(section: Field): FilterRules {
  const fields = readFields(section, ['local_port', 'remote_port', 'remote_ip', 'process', 'unit', 'drop']);
  const { local_port: localPort, remote_port: remotePort, remote_ip: remoteIp, process, unit, drop } = fields;
  return {
    ...(localPort && { localPort: readLabel(localPort, readPorts) }),
    ...(remotePort && { remotePort: readLabel(remotePort, readPorts) }),
    ...(remoteIp && { remoteIp: readLabel(remoteIp, readNetworks) }),
    ...(process && { process: readLabel(process, readName) }),
    ...(unit && { unit: readLabel(unit, readName) }),
    isDropped: drop !== undefined && readSwitch(drop),
  };
}

function readLabel<Rule>(label: Field, read: (entry: Field) => readonly Rule[]): LabelRules<Rule> {
  const { include, exclude } = readFields(label, ['include', 'exclude']);
  return {
    ...(include && { include: readRules(include, read) }),
    exclude: exclude === undefined ? [] : readRules(exclude, read),
  };
}

/** Each entry is a field that is named by its text. */
function readRules<Rule>(list: Field, read: (entry: Field) => readonly Rule[]): Rule[] {
  const items = readList(list);
  if (items.length === 0) throw refuseField(list, 'has no entry: give one, or leave it out');
  if (items.length > MOST_ENTRIES)
    throw refuseField(list, `has ${items.length} entries: give ${MOST_ENTRIES} at most, ranges or patterns`);
  return items.flatMap((item) => read({ ...item, name: readText(item) }));
}

/** `443`, or `8000-8999`. */
function readPorts(entry: Field): PortInterval[] {
  const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(entry.name) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === '' || first < 1 || last > 65_535 || first > last)
    throw refuseField(entry, 'is no port: give one from 1 to 65535, or a range (8000-8999)');
  return [{ first, last }];
}

function readNetworks(entry: Field): readonly Network[] {
  if (entry.name === 'loopback') return LOOPBACK;
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(entry.name) ?? [];
  return [readNetwork(entry, address, prefix, NETWORKS)];
}

/** As it stands on the page, where `*` stands for any characters and `?` for one. */
function readName(entry: Field): string[] {
  if (/^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u.test(entry.name)) return [entry.name];
  throw refuseField(entry, 'is no name: give 1 to 256 characters that can be seen, with * and ? for others');
}
