import { parseKernelCount } from './kernel-number.ts';

/** The file, for errors, and the word that starts the wanted pair of lines. */
export interface MibSource {
  readonly path: string;
  readonly prefix: string;
}

/** Our name of a counter → the kernel's. */
export type MibNames<Field extends string> = Readonly<Record<Field, string>>;

/**
 * The counters of one pair of lines, `Tcp: <names>` then `Tcp: <values>`, as in /proc/net/snmp and netstat. A counter
 * that this kernel lacks is absent, as are all of them if the names come without values (gVisor). Undefined if there is
 * no such pair. Ignores columns that are not requested.
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
  if (header + 2 === lines.length) throw new Error(`${where}: cut off: the last number may be incomplete`);
  return pickCounters(columnsOf(lines[header]!, names), fieldsOf(valueLine), names, where);
}

function pickCounters<Field extends string>(
  columns: Columns,
  values: readonly string[],
  names: MibNames<Field>,
  where: string,
): { readonly [F in Field]?: number } {
  if (columns.count !== values.length) throw new Error(`${where}: ${values.length} values for ${columns.count} names`);
  const counters: { [F in Field]?: number } = {};
  for (const field of Object.keys(names) as Field[]) {
    const column = columns.of.get(names[field]);
    if (column === undefined) continue;
    const value = parseKernelCount(values[column]!, `${where}, ${names[field]}`);
    if (value !== undefined) counters[field] = value;
  }
  return counters;
}

interface Columns {
  readonly line: string;
  readonly count: number;
  /** The kernel's name → its place. */
  readonly of: ReadonlyMap<string, number>;
}

/** The header last seen with these names: a kernel prints the same one each time, for each network namespace. */
const lastColumns = new WeakMap<object, Columns>();

function columnsOf(line: string, names: Readonly<Record<string, string>>): Columns {
  const last = lastColumns.get(names);
  if (last?.line === line) return last;
  const fields = fieldsOf(line);
  const wanted = new Set(Object.values(names));
  const places = fields.flatMap((name, index) =>
    wanted.has(name) && fields.indexOf(name) === index ? [[name, index] as const] : [],
  );
  const columns = { line, count: fields.length, of: new Map(places) };
  lastColumns.set(names, columns);
  return columns;
}

function fieldsOf(line: string): string[] {
  const fields = line.trim().split(' '); // a pattern takes four times as long
  return (fields.includes('') ? line.trim().split(/\s+/) : fields).slice(1);
}
