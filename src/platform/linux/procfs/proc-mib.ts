import { parseKernelCount } from './kernel-number.ts';

/** Where the text came from, for errors, and the word that starts the wanted pair of lines. */
export interface MibSource {
  readonly path: string;
  readonly prefix: string;
}

/** Our name of a counter → the kernel's. */
export type MibNames<Field extends string> = Readonly<Record<Field, string>>;

/**
 * The counters of one pair of lines, `Tcp: <names>` then `Tcp: <values>`, as /proc/net/snmp and netstat hold them.
 * A counter that this kernel does not have is absent, as are all of them when the names come without values (gVisor).
 * Undefined when there is no such pair. Columns nobody asked for are not looked at.
 */
export function parseMib<Field extends string>(
  text: string,
  source: MibSource,
  names: MibNames<Field>,
): { readonly [F in Field]?: number } | undefined {
  const lines = text.split('\n');
  const header = lines.findIndex((line) => line.startsWith(`${source.prefix}:`));
  if (header < 0) return undefined;
  const valueLine = lines[header + 1];
  if (!valueLine?.startsWith(`${source.prefix}:`)) return {};
  const where = `${source.path}, line ${header + 2}`;
  if (header + 2 === lines.length) throw new Error(`${where}: it breaks off, the last number may be a part of one`);
  return pickCounters(fieldsOf(lines[header]!), fieldsOf(valueLine), names, where);
}

function pickCounters<Field extends string>(
  columns: readonly string[],
  values: readonly string[],
  names: MibNames<Field>,
  where: string,
): { readonly [F in Field]?: number } {
  if (columns.length !== values.length)
    throw new Error(`${where}: ${values.length} values for ${columns.length} names`);
  const counters: { [F in Field]?: number } = {};
  for (const field of Object.keys(names) as Field[]) {
    const column = columns.indexOf(names[field]);
    if (column < 0) continue;
    const value = parseKernelCount(values[column]!, `${where}, ${names[field]}`);
    if (value !== undefined) counters[field] = value;
  }
  return counters;
}

function fieldsOf(line: string): string[] {
  return line.trim().split(/\s+/).slice(1);
}
