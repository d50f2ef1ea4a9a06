import type { Conntrack } from '../../../model/snapshot.ts';
import { ownFile, readOptionalFile } from './proc-file.ts';

type Counters = Omit<Conntrack, 'entries' | 'limit'>;

/**
 * What connection tracking refused in the calling thread's network namespace; empty if the module does not report it
 * (CONFIG_NF_CONNTRACK_PROCFS).
 */
export function readConntrackStat(procfs: string): Counters {
  const path = ownFile(procfs, 'net/stat/nf_conntrack');
  const text = readOptionalFile(path);
  return text === undefined ? {} : parseConntrackStat(text, path);
}

/**
 * /proc/net/stat/nf_conntrack (net/netfilter/nf_conntrack_standalone.c, ct_cpu_seq_show): names, then a line of
 * hexadecimal numbers per CPU. Counters have 32 bits; the result is their sum over all CPUs. `path` is for errors.
 */
export function parseConntrackStat(text: string, path: string): Counters {
  const [header = '', ...lines] = text.split('\n');
  const rest = lines.pop();
  if (rest !== '') throw new Error(`${path}: cut off: the last number may be incomplete`);
  const names = fieldsOf(header);
  const rows = lines.map((line, index) => {
    const values = fieldsOf(line).map((field) => parseHex(field, `${path}, line ${index + 2}`));
    if (values.length !== names.length)
      throw new Error(`${path}, line ${index + 2}: ${values.length} values for ${names.length} names`);
    return values;
  });
  const counters: { -readonly [Field in keyof Counters]: number } = {};
  for (const [field, name] of Object.entries(NAMES) as [keyof Counters, string][]) {
    const column = names.indexOf(name);
    if (column >= 0 && rows.length > 0) counters[field] = rows.reduce((sum, values) => sum + values[column]!, 0);
  }
  return counters;
}

const NAMES = {
  insertFailed: 'insert_failed',
  drops: 'drop',
  earlyDrops: 'early_drop',
} as const satisfies Record<keyof Counters, string>;

function fieldsOf(line: string): string[] {
  return line.trim().split(/\s+/);
}

function parseHex(text: string, where: string): number {
  if (!/^[0-9a-f]{1,8}$/.test(text))
    throw new Error(`${where}: not a hexadecimal number of 32 bits: "${text.slice(0, 40)}"`);
  return Number.parseInt(text, 16);
}
