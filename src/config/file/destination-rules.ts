import type { DestinationRule } from '../../model/file-config.ts';
import { parseNetwork } from '../network.ts';
import { readLabelValue } from './label-value.ts';
import { type Field, readEntries, refuseField } from './yaml-field.ts';

const MOST_RULES = 10_000;

/** Address, prefix, port. With colons in the address a port needs a prefix or brackets before it. */
const FORMS: readonly RegExp[] = [
  /^(\d[\d.]*)(?:\/(\d{1,3}))?(?::(\d{1,5}))?$/,
  /^([0-9a-fA-F]*:[0-9a-fA-F:.]+)(?:\/(\d{1,3})(?::(\d{1,5}))?)?$/,
  /^\[([0-9a-fA-F:.]+)\](?:\/(\d{1,3}))?(?::(\d{1,5}))?$/,
];

const PLACES =
  '10.0.0.50, 10.0.0.0/24 or 2001:db8::/32, with :port behind the prefix for one port only (10.0.0.50/32:5432)';

/** `10.0.0.50/32:5432: postgres-primary`, one rule a line. */
export function readDestinationRules(section: Field): DestinationRule[] {
  const fields = readEntries(section);
  if (fields.length > MOST_RULES)
    throw refuseField(
      section,
      `has ${fields.length} entries: give ${MOST_RULES} at most, networks instead of addresses`,
    );
  const places = new Map<string, string>();
  return fields.map((field) => {
    const place = readPlace(field);
    const key = [place.network, place.prefix, place.port].join();
    const earlier = places.get(key);
    if (earlier !== undefined) throw refuseField(field, `is the same as the one at ${earlier}: leave one of them out`);
    places.set(key, field.place);
    return { ...place, name: readLabelValue(field, ['other', 'filtered']) };
  });
}

function readPlace(field: Field): Omit<DestinationRule, 'name'> {
  const [, address = '', prefix, portText] = FORMS.map((form) => form.exec(field.name)).find(Boolean) ?? [];
  const network = parseNetwork(address, prefix, PLACES);
  if (typeof network === 'string') throw refuseField(field, network);
  if (portText === undefined) return network;
  const port = Number(portText);
  if (port < 1 || port > 65_535) throw refuseField(field, 'has no port from 1 to 65535 behind the colon');
  return { ...network, port };
}
