import type { DestinationRule } from '../../model/file-config.ts';
import { type AddressWords, isIpv4, maskAddress, parseAddress } from '../../model/ip-address.ts';
import { readLabelValue } from './label-value.ts';
import { type Field, readEntries, refuseField } from './yaml-field.ts';

const MOST_RULES = 10_000;
const V4_BITS = 96;

/** Address, prefix, port. With colons in the address a port needs a prefix or brackets before it. */
const FORMS: readonly RegExp[] = [
  /^(\d[\d.]*)(?:\/(\d{1,3}))?(?::(\d{1,5}))?$/,
  /^([0-9a-fA-F]*:[0-9a-fA-F:.]+)(?:\/(\d{1,3})(?::(\d{1,5}))?)?$/,
  /^\[([0-9a-fA-F:.]+)\](?:\/(\d{1,3}))?(?::(\d{1,5}))?$/,
];

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
    return { ...place, name: readLabelValue(field, ['other']) };
  });
}

function readPlace(field: Field): Omit<DestinationRule, 'name'> {
  const [, address = '', prefixText, portText] = FORMS.map((form) => form.exec(field.name)).find(Boolean) ?? [];
  const words = parseAddress(address);
  if (words === undefined) {
    throw refuseField(
      field,
      'is no address or network: give 10.0.0.50, 10.0.0.0/24 or 2001:db8::/32, with :port behind the prefix for one port only (10.0.0.50/32:5432); names are not looked up',
    );
  }
  const prefix = readPrefix(field, words, address.includes(':'), prefixText);
  const network = maskAddress(words, prefix);
  if (network.join() !== words.join())
    throw refuseField(field, 'has bits of a host behind its prefix: give the first address of the network');
  if (portText === undefined) return { network, prefix };
  const port = Number(portText);
  if (port < 1 || port > 65_535) throw refuseField(field, 'has no port from 1 to 65535 behind the colon');
  return { network, prefix, port };
}

/** From the start of the family's own addresses: `::ffff:10.0.0.0/104` is 10.0.0.0/8. */
function readPrefix(field: Field, words: AddressWords, hasColons: boolean, text: string | undefined): number {
  const isV4 = isIpv4(words[0], words[1], words[2]);
  const least = isV4 && hasColons ? V4_BITS : 0;
  const most = isV4 && !hasColons ? 32 : 128;
  const typed = text === undefined ? most : Number(text);
  if (typed < least || typed > most)
    throw refuseField(field, `has a prefix that is not possible: give one from ${least} to ${most}`);
  return typed - least;
}
