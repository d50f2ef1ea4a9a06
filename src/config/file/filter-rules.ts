import type { FilterRules, LabelRules } from '../../model/file-config.ts';
import { parseNamePattern, parseNetworks, parsePorts } from '../filter-entries.ts';
import { type Field, readFields, readList, readSwitch, readText, refuseField } from './yaml-field.ts';

const MOST_ENTRIES = 10_000;

/** `remote_ip: {exclude: [loopback, 10.0.0.0/8]}`, and so on for each label. */
export function readFilterRules(section: Field): FilterRules {
  const fields = readFields(section, ['local_port', 'remote_port', 'remote_ip', 'process', 'unit', 'drop']);
  const { local_port: localPort, remote_port: remotePort, remote_ip: remoteIp, process, unit, drop } = fields;
  return {
    ...(localPort && { localPort: readLabel(localPort, parsePorts) }),
    ...(remotePort && { remotePort: readLabel(remotePort, parsePorts) }),
    ...(remoteIp && { remoteIp: readLabel(remoteIp, parseNetworks) }),
    ...(process && { process: readLabel(process, parseNamePattern) }),
    ...(unit && { unit: readLabel(unit, parseNamePattern) }),
    isDropped: drop !== undefined && readSwitch(drop),
  };
}

type Parse<Rule> = (text: string) => readonly Rule[] | string;

function readLabel<Rule>(label: Field, parse: Parse<Rule>): LabelRules<Rule> {
  const { include, exclude } = readFields(label, ['include', 'exclude']);
  return {
    ...(include && { include: readRules(include, parse) }),
    exclude: exclude === undefined ? [] : readRules(exclude, parse),
  };
}

function readRules<Rule>(list: Field, parse: Parse<Rule>): Rule[] {
  const items = readList(list);
  if (items.length === 0) throw refuseField(list, 'has no entry: give one, or leave it out');
  if (items.length > MOST_ENTRIES)
    throw refuseField(list, `has ${items.length} entries: give ${MOST_ENTRIES} at most, ranges or patterns`);
  return items.flatMap((item) => {
    const name = readText(item);
    const rules = parse(name);
    if (typeof rules === 'string') throw refuseField({ ...item, name }, rules);
    return rules;
  });
}
